/**
 * A worker thread that is slow to load: it connects to loads.ts when it begins, and continues when that connection ends.
 * It answers with the folder of its config. Started by tests of the executor.
 */

import { DateField } from "../../protocol/mod.ts";
import { createRouter } from "../../runtime/serve/routes/mod.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import { LOADS_PORT } from "./loads.ts";
import type { Route } from "../../runtime/serve/session/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";

function route(handle: Route["handle"]): Route {
  return { label: new LogLabel("test"), methods: null, wantsBody: false, handle, webSocket: null };
}

serveThread(async ({ files }) => {
  using connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(Deno.env.get(LOADS_PORT)),
  });
  await connection.read(new Uint8Array(1));
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
