/** A worker thread whose app is written with a framework. Started by the test of frameworks, whose query names the app. */

import { DateField } from "../../protocol/mod.ts";
import { serveThread } from "../../runtime/executor/serve_thread.ts";
import { App, type AppParts, prepareThread, type Topics } from "../../runtime/serve/app/mod.ts";
import { serverRouter } from "../../runtime/serve/routes/mod.ts";

const date = new DateField(Date.now());

const name = new URL(import.meta.url).search.slice(1);

serveThread(
  async () => {
    prepareThread();
    const { FRAMEWORK_APPS } = await import("./framework_apps.ts");
    const module = FRAMEWORK_APPS[name];
    if (module === undefined) throw new TypeError(`no such app: ${name}`);
    return ({ config, report }) =>
      serverRouter({
        config,
        date,
        app: new App({
          load: () => Promise.resolve({ fetch: (request: Request) => module.fetch(request) }),
          address: { ...config, isSecure: false },
          // No app of these has topics, or files.
          topics: {} as Topics,
          entry: "/app.ts",
          files: {} as AppParts["files"],
          report,
        }),
      });
  },
  date,
  { hasApp: true },
);
