/**
 * How a worker comes by its endpoints: ready-made, or made for it.
 *
 * In: the worker's config and loop. Out: who answers which path. Called once, in the worker's thread.
 */

import type { Config } from "../config/mod.ts";
import type { Loop } from "../loop/mod.ts";
import type { Router } from "../session/mod.ts";

/** Makes the endpoints of a worker that has its config and its loop by then. */
export type RouterMaker = (worker: { readonly config: Config; readonly loop: Loop }) => Router;

/** The endpoints of a worker. */
export function routerFor(
  router: Router | RouterMaker,
  worker: Parameters<RouterMaker>[0],
): Router {
  return typeof router === "function" ? router(worker) : router;
}
