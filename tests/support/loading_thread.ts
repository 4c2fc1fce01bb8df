/**
 * A worker thread that is slow to load: it says so on a channel, and goes on when told to there. It answers with
 * the folder of its config. Started by orders_test.ts.
 */

import { DateField } from "../../protocol/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { Route } from "../../runtime/serve/session/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";

/** Carries "loading" from the threads, and "go on" to all that load. */
const channel = new BroadcastChannel("loading-thread");

function route(handle: Route["handle"]): Route {
  return { label: new LogLabel("test"), methods: null, wantsBody: false, handle, webSocket: null };
}

serveThread(async ({ files }) => {
  const toldToGoOn = new Promise((resolve) => channel.addEventListener("message", resolve));
  channel.postMessage("loading");
  await toldToGoOn;
  return () =>
    createRouter([
      ["/root", route((exchange) => exchange.respondText(200, files.root ?? "none"))],
      [
        "/dies",
        route(() => {
          queueMicrotask(() => {
            throw new Error("killed by a test");
          });
          return new Promise(() => {});
        }),
      ],
    ]);
}, new DateField(Date.now()));
