/**
 * Prepares a thread for an app: puts in place what its file may refer to as soon as it is loaded.
 *
 * In: nothing. Out: the globals of this folder. Called before the app's file is loaded; later calls change nothing.
 */

import { AppRequest } from "./app_request.ts";
import { installUpgradeWebSocket } from "./deno_upgrade.ts";
import { installWebGlobals } from "./web_globals.ts";

let isPrepared = false;

/** Prepares this thread. */
export function prepareThread(): void {
  if (isPrepared) return;
  isPrepared = true;
  installWebGlobals();
  installUpgradeWebSocket((request) => AppRequest.exchangeOf(request) ?? undefined);
}
