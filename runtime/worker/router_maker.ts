/**
 * How a worker comes by its endpoints: ready-made, or made for it.
 *
 * In: the worker's config and loop. Out: who answers which path. Called in the worker's thread, when it
 * begins and when the config was read anew.
 */

import type { Config } from "../config/mod.ts";
import type { Loop } from "../loop/mod.ts";
import type { Router, SessionContext } from "../session/mod.ts";
import type { ThreadMessage } from "../thread/mod.ts";

/** Makes the endpoints of a worker that has its config and its loop by then. */
export type RouterMaker = (worker: { readonly config: Config; readonly loop: Loop }) => Router;

/** The endpoints of a worker. */
export function routerFor(
  router: Router | RouterMaker,
  worker: Parameters<RouterMaker>[0],
): Router {
  return typeof router === "function" ? router(worker) : router;
}

/** What is needed to answer by another config. */
export interface Rerouting {
  readonly context: SessionContext;
  readonly router: Router | RouterMaker;
  readonly config: Config;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
}

/** Has requests answered by `config` from now on; where that cannot be, as before, with a warning. */
export function reroute({ context, router, config, post }: Rerouting): void {
  if (typeof router !== "function") return;
  const old = context.router;
  try {
    context.router = router({ config, loop: context.loop });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    post({ type: "warning", text: `the old files and endpoints go on: ${reason}` });
    return;
  }
  old.close?.();
}
