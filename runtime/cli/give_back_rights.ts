/**
 * Gives back the permissions that only apps have a use for, if there is no app, or its operator does not allow them.
 *
 * In: the settings. Out: nothing; afterwards the process cannot write files by Deno's functions, or ask for facts about the system. Without
 * libc the logs are written by those functions, so that the process keeps what it has; the workers of an app have permissions of their own.
 */

import type { AppRight } from "../config/mod.ts";
import { hasLibc } from "../os/mod.ts";
import type { Settings } from "./settings.ts";

/** @param settings null: no server is started */
export function giveBackRights(settings: Settings | null): void {
  const allow = settings?.config.app?.allow ?? [];
  const isAllowed = (right: AppRight) =>
    allow.some((grant) => [right, "all"].includes(grant.right));
  // Deno takes a connection to a Unix socket for a writing of its file.
  const hasSocket = /(?:^|[,+])unix:/.test(settings?.config.channels?.engine?.url ?? "");
  if (!isAllowed("write") && !hasSocket && hasLibc()) {
    Deno.permissions.revokeSync({ name: "write" });
  }
  if (!isAllowed("sys")) Deno.permissions.revokeSync({ name: "sys" });
}
