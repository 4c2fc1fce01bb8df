/** What an app is given, used with Deno's own functions; the server's properties; and the app's `error`. */

import { assert, assertEquals } from "@std/assert";
import { withApp } from "../../support/app_server.ts";

/** A compiled program has no `caches`. */
const FROM_SOURCE = !Deno.env.has("ASYNC_DENO_EXECUTABLE");

Deno.test("app: its requests and responses go where Deno's own are wanted", (test) =>
  withApp("web.js", async (server) => {
    const post = async (path: string) => {
      const answer = await fetch(server.url + path, { method: "POST", body: "body" });
      return [answer.status, await answer.text()];
    };
    const echoed = JSON.stringify({
      method: "POST",
      type: "text/plain;charset=UTF-8",
      text: "body",
    });
    const rows: [path: string, text: string][] = [
      ["/echo", echoed],
      ["/copied", '["POST","body",true,true]'],
      ["/changed", '["PUT","other",[["a","b"],["content-type","text/plain;charset=UTF-8"]]]'],
      ["/proxied", echoed],
      ["/fetched", echoed],
      ["/served", "inner /x"],
      ["/served-error", "sorry: inner"],
      ["/wasm", '["[object WebAssembly.Module]","[object WebAssembly.Instance]"]'],
      ["/thenable", "thenable"],
      [
        "/relative",
        `["TypeError: Invalid URL: '/x'","TypeError: Invalid URL: '/x'","/log%20in?%C3%A9"]`,
      ],
    ];
    if (FROM_SOURCE) rows.push(["/cached", "cached"]);
    for (const [path, text] of rows) {
      await test.step(path, async () => assertEquals(await post(path), [200, text]));
    }
  }, ["--app-allow", "net"]));

Deno.test("app: server.url, port, hostname and pendingRequests", () =>
  withApp("web.js", async (server) => {
    const { hostname, port, pendingRequests, url } = await (await fetch(`${server.url}/server`))
      .json();
    assertEquals([hostname, port, pendingRequests], ["127.0.0.1", server.port, 0]);
    assertEquals(url, `${server.url}/`);
  }));

Deno.test("app: server.timeout lengthens and shortens the time of one request", () =>
  withApp("web.js", async (server) => {
    const ask = async (path: string) => {
      const answer = await fetch(server.url + path);
      return [answer.status, await answer.text()];
    };
    const [patient, hasty] = await Promise.all([ask("/patient"), ask("/hasty")]);
    assertEquals(patient, [200, "late"]);
    assertEquals(hasty, [504, "The app did not answer in time\n"]);
    await server.stop();
  }, ["--app-timeout", "500ms"]));

Deno.test("app: its error() answers in place of a fetch that has thrown", () =>
  withApp("web.js", async (server) => {
    const ask = async (path: string) => {
      const answer = await fetch(server.url + path);
      return [answer.status, await answer.text()];
    };
    assertEquals(await ask("/error"), [503, "sorry: thrown"]);
    assertEquals(await ask("/error-later"), [503, "sorry: rejected"]);
    assertEquals(await ask("/stream-throws"), [503, "sorry: start"]);
    assertEquals(await ask("/error-again"), [500, "The server failed to answer\n"]);
    assertEquals(await ask("/ok"), [200, "ok"]);
    const log = await server.waitForLog("the hook fails too");
    assert(log.includes("Error: thrown"), log);
    await server.stop();
  }));
