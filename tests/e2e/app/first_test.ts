/** An app's answers, by a real client: at once, later, from bodies, as streams; and what it passes on. */

import { assertEquals } from "@std/assert";
import { withApp } from "../../support/app_server.ts";

Deno.test("app: a server answers by its app, and itself what the app does not answer", (test) =>
  withApp("first.js", async (server) => {
    const ask = async (path: string, init?: RequestInit) => {
      const answer = await fetch(server.url + path, init);
      return [answer.status, answer.headers.get("content-type"), await answer.text()];
    };
    const rows: [path: string, init: RequestInit | undefined, answer: unknown[]][] = [
      ["/ok", undefined, [200, "text/plain;charset=UTF-8", "ok"]],
      ["/later", undefined, [200, "text/plain;charset=UTF-8", "later"]],
      ["/about?x=1", { method: "PATCH", headers: { "user-agent": "me" } }, [
        200,
        "application/json",
        JSON.stringify({
          method: "PATCH",
          url: `${server.url}/about?x=1`,
          agent: "me",
          address: "127.0.0.1",
        }),
      ]],
      ["/json", { method: "POST", body: `{"a":[1,2]}` }, [
        200,
        "application/json",
        `{"got":{"a":[1,2]}}`,
      ]],
      ["/upper", { method: "POST", body: "abc" }, [200, "text/plain;charset=UTF-8", "ABC"]],
      ["/echo-body", { method: "POST", body: "abc" }, [200, null, "abc"]],
      ["/events", undefined, [200, "text/event-stream", "data: 0\n\ndata: 1\n\ndata: 2\n\n"]],
      ["/healthz", undefined, [200, "text/plain; charset=utf-8", "ok"]],
      ["/nothing", undefined, [404, "text/plain; charset=utf-8", "Not found\n"]],
    ];
    for (const [path, init, answer] of rows) {
      await test.step(path, async () => assertEquals(await ask(path, init), answer));
    }
  }));

Deno.test("app: a body of 3 MB comes back through the app's streams", () =>
  withApp("first.js", async (server) => {
    const body = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 7 % 251);
    const answer = await fetch(`${server.url}/echo-body`, { method: "POST", body });
    assertEquals(new Uint8Array(await answer.arrayBuffer()), body);
  }));
