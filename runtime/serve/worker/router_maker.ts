/**
 * Makes the router of a worker from its config, or takes one that is given.
 *
 * In: the worker's config and loop. Out: a router. Called in the worker's thread, at its start and when the
 * config was reloaded. Endpoints that a config does not use are not loaded: loading costs each thread time
 * and memory.
 */

import type { Config } from "../../config/mod.ts";
import { errorMessage } from "../../error_message.ts";
import type { Loop } from "../../net/mod.ts";
import type { AppSource, SecretTexts, ThreadMessage } from "../../thread/mod.ts";
import type { ChannelWiring } from "../centrifuge/mod.ts";
import type { Router, SessionContext } from "../session/mod.ts";

/** What a router is made for. */
export interface RoutedWorker {
  readonly config: Config;
  readonly loop: Loop;
  /** How this worker takes part in the channels; undefined: there are none. */
  readonly channels: ChannelWiring | undefined;
  /** Counts an error of an endpoint, and tells the operator. */
  report(what: string, error: unknown): void;
}

/** Makes the router of a worker; called when the worker has its config and its loop. */
export type RouterMaker = (worker: RoutedWorker) => Router;

/**
 * Loads the modules that the endpoints of a config need. While any thread loads, no thread of the server may
 * block: see native_entrance.ts. What is given at the start alone stays until a restart, or a reload of the app.
 */
export type RouterLoader = (config: Config, given?: GivenAtStart) => Promise<RouterMaker>;

/** What a worker gets from its start message for its endpoints, beside the config. */
export interface GivenAtStart {
  /** Of channels; undefined: there are none. */
  readonly secrets: SecretTexts | undefined;
  /** How this thread calls the engine of the channels; undefined: there is none. */
  readonly engine: SharedArrayBuffer | undefined;
  /** Which reports about channels were taken; undefined: nobody outside is to be told of them. */
  readonly webhooks: SharedArrayBuffer | undefined;
  /** Undefined: there is none. */
  readonly app: AppSource | undefined;
  /** Whether FFI is used as long as the thread lives, and not only to open what it needs. */
  readonly keepsFfi: boolean;
}

/** The router of a worker: the given one, or made now. */
export function routerFor(
  router: Router | RouterMaker,
  worker: RoutedWorker,
): Router {
  return typeof router === "function" ? router(worker) : router;
}

/** What {@link reroute} needs. */
export interface Rerouting {
  readonly context: SessionContext;
  /** Absent: the endpoints do not depend on the config. */
  readonly load?: RouterLoader | undefined;
  readonly config: Config;
  readonly channels: ChannelWiring | undefined;
  /** As in {@link RoutedWorker}. */
  report(what: string, error: unknown): void;
  /** Whether no later config has arrived. */
  isLast(): boolean;
  /** Sends a message to the main thread. */
  post(message: ThreadMessage): void;
}

/** Switches to the endpoints of another config; if that fails, the old ones stay, with a warning. */
export async function reroute(
  { context, load, config, channels, report, isLast, post }: Rerouting,
): Promise<void> {
  try {
    const make = await load?.(config);
    if (make !== undefined && isLast()) {
      const old = context.router;
      context.router = make({ config, loop: context.loop, channels, report });
      old.close?.();
    }
  } catch (error) {
    const reason = errorMessage(error);
    post({ type: "warning", text: `the old files and endpoints stay in use: ${reason}` });
  }
}
