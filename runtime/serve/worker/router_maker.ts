/**
 * How a worker comes by its endpoints: ready-made, or loaded and made for it.
 *
 * In: the worker's config and loop. Out: who answers which path. Called in the worker's thread, when it
 * begins and when the config was read anew. What a config does not want is not loaded: it takes time and
 * memory of each thread.
 */

import type { Config } from "../../config/mod.ts";
import type { Loop } from "../../net/mod.ts";
import type { ThreadMessage } from "../../thread/mod.ts";
import type { Router, SessionContext } from "../session/mod.ts";

/** Makes the endpoints of a worker that has its config and its loop by then. */
export type RouterMaker = (worker: { readonly config: Config; readonly loop: Loop }) => Router;

/**
 * Loads what the endpoints of a config are made of. While it does no thread of the server blocks, whichever
 * loads: see the entrance of epoll.
 */
export type RouterLoader = (config: Config) => Promise<RouterMaker>;

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
  /** Absent: the endpoints are the same by whatever config. */
  readonly load?: RouterLoader | undefined;
  readonly config: Config;
  /** Whether there has been no later one. */
  isLast(): boolean;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
}

/** Has requests answered by another config from soon on; if that cannot be, as before, with a warning. */
export async function reroute({ context, load, config, isLast, post }: Rerouting): Promise<void> {
  try {
    const make = await load?.(config);
    if (make !== undefined && isLast()) {
      const old = context.router;
      context.router = make({ config, loop: context.loop });
      old.close?.();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    post({ type: "warning", text: `the old files and endpoints go on: ${reason}` });
  }
}
