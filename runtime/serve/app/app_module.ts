/**
 * The shape of an app: what the default export of the operator's file may contain.
 *
 * Every part is optional. One copy of the file runs in each worker. The names are those of Bun, of `deno serve`, and of
 * Cloudflare's Workers, so that an object that was written for them is an app here.
 */

import type { AppChannelHooks } from "./app_channel_hooks.ts";
import type { AppServer } from "./app_server.ts";
import type { AppWebSocketHandlers } from "./app_web_socket_handlers.ts";
import type { FetchContext } from "./late_work.ts";

/** The default export of an app's file. */
export interface AppModule {
  /** Answers a request; undefined: the server's own files and endpoints do. */
  fetch?(
    request: Request,
    server: AppServer,
    context: FetchContext,
  ): Response | undefined | Promise<Response | undefined>;
  /** Serves the WebSockets that `server.upgrade` accepts. */
  readonly websocket?: AppWebSocketHandlers;
  /** Decides what clients of channels may do, and what it does. */
  readonly channels?: AppChannelHooks<AppServer>;
  /** Called in each worker when it has loaded, before its first request. */
  start?(server: AppServer): void | Promise<void>;
  /** Called in each worker when the server stops, and when a newer copy replaces this one. */
  stop?(): void | Promise<void>;
  /** Runs again and again, in exactly one worker. */
  readonly scheduled?: {
    /** A time, as `10s`. */
    readonly every: string;
    run(server: AppServer): void | Promise<void>;
  };
  /** Answers in place of a `fetch` that has thrown. */
  error?(error: unknown): Response | Promise<Response>;
}
