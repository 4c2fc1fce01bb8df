/**
 * Workers that an app brings down, and workers that nobody can end: the server goes on, and it stops when it is told to. From source, and
 * with the executable.
 */

import { assertEquals, assertMatch, fail } from "@std/assert";
import { AppFolder } from "../../support/app_folder.ts";
import { HttpConnection } from "../../support/http_client.ts";
import { startServer, waitFor } from "../../support/server.ts";
import { withApp } from "../../support/telling_app.ts";
import "../../support/load_libc.ts";

/** More than the five within ten seconds that end a server without an app. */
const DEATHS = 7;

/** The guard of the thread cannot keep Deno from ending it, as nothing prevents that default any more. */
const DIES = `
export default {
  fetch(request) {
    if (!request.url.endsWith("/dies")) return new Response("ok");
    Event.prototype.preventDefault = () => {};
    void Promise.reject(new Error("brings the worker down"));
    return new Promise(() => {});
  },
};
`;

/** Computes until its process ends. Each step waits, so that it does not use a core. */
const COMPUTES = `
const never = new Int32Array(new SharedArrayBuffer(4));
export default {
  fetch(request) {
    while (request.url.endsWith("/computes")) Atomics.wait(never, 0, 0, 50);
    return new Response("ok");
  },
};
`;

Deno.test("app deaths: workers that die again and again are replaced ever later, and the server serves and stops", async () => {
  await withApp(DIES, { workers: 2 }, async (app) => {
    for (let i = 1; i <= DEATHS; i++) {
      await app.get("/dies").then(fail, () => {}); // its connection is closed
      const died = () => app.server.stderr.split(" died: ").length > i;
      await waitFor(died, { what: () => `${i} deaths: ${app.server.stderr}` });
      await waitFor(() => app.get("/").catch(() => undefined), { what: "an answer" });
    }
    assertMatch(app.server.stderr, /brings the worker down/);
    await app.waitForWarning(/ workers have died: worker [01] is replaced in \d+(?:\.\d+)? s/);
    const replaced = async () =>
      (await app.metrics()).sum("async_deno_workers_replaced_total") === DEATHS;
    await waitFor(replaced, { what: `${DEATHS} replacements` });
    assertEquals(await app.get("/"), "200 ok");
  });
});

Deno.test("app deaths: a server whose handler computes without an end stops all the same, after --drain-timeout", async () => {
  using folder = new AppFolder({ "app.js": COMPUTES });
  const args = ["--app", folder.file("app.js"), "--drain-timeout", "1s"];
  await using server = await startServer({ workers: 2, args });
  using connection = await HttpConnection.open(server);
  await connection.send("GET /computes HTTP/1.1\r\nHost: a\r\n\r\n");
  await waitFor(() => server.stderr.includes(" is blocked: "), { what: () => server.stderr });
  const { code, signal, stderr } = await server.stop();
  assertEquals([code, signal], [1, null]);
  assertMatch(
    stderr,
    /the workers did not stop within --drain-timeout; open requests were aborted/,
  );
});
