/**
 * Gives back the permissions that only apps have a use for, if there is no app, or its operator does not allow them.
 *
 * In: the settings. Out: nothing; afterwards the process cannot write files by Deno's functions, or ask for facts about the system.
 */

import type { AppRight } from "../config/mod.ts";
import type { Settings } from "./settings.ts";

/** @param settings null: no server is started */
export function giveBackRights(settings: Settings | null): void {
  const allow = settings?.config.app?.allow ?? [];
  const isAllowed = (right: AppRight) =>
    allow.some((grant) => [right, "all"].includes(grant.right));
  if (!isAllowed("write")) Deno.permissions.revokeSync({ name: "write" });
  if (!isAllowed("sys")) Deno.permissions.revokeSync({ name: "sys" });
}
