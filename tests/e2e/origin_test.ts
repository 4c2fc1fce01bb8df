/**
 * Pages of other origins that open WebSockets: with a raw handshake, and with the npm `ws` in place of a browser.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { ask } from "../support/http_client.ts";
import { handshakeRequest } from "../support/raw_websocket.ts";
import { runServer, type Server, withServer } from "../support/server.ts";
import { UpgradeRefused, WsClient } from "../support/ws_client.ts";

async function statusOf(server: Server, origin: string | null, host: string): Promise<number> {
  const request = handshakeRequest("/echo", { Host: host, Origin: origin });
  return (await ask(server, request)).status;
}

Deno.test("origin: pages of the same origin and clients other than browsers are accepted, other origins get 403", () =>
  withServer({ workers: 1 }, async (server) => {
    assertEquals(await statusOf(server, null, "a.example"), 101);
    assertEquals(await statusOf(server, "http://a.example", "a.example"), 101);
    assertEquals(await statusOf(server, "https://a.example:8443", "a.example:8443"), 101);
    for (
      const origin of ["http://b.example", "null", "http://a.example.evil", "http://a.example:1"]
    ) {
      assertEquals(await statusOf(server, origin, "a.example"), 403, origin);
    }
    const refused = () => WsClient.open(`${server.wsUrl}/ws`, { Origin: "http://evil.example" });
    assertEquals((await assertRejects(refused, UpgradeRefused)).status, 403);
    await using own = await WsClient.open(`${server.wsUrl}/echo`, { Origin: server.url });
    own.send("hello");
    assertEquals(await own.nextText(), "hello");
    // Plain requests are not checked: CORS says what a page may read of them.
    const plain = await ask(server, "GET /healthz HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n");
    assertEquals(plain.status, 200);
  }));

Deno.test("origin: --origin accepts pages of further origins", async () => {
  const args = ["--origin", "*.b.example", "--origin", "https://c.example"];
  await withServer({ workers: 1, args }, async (server) => {
    assertEquals(await statusOf(server, "http://x.b.example", "a.example"), 101);
    assertEquals(await statusOf(server, "https://c.example", "a.example"), 101);
    assertEquals(await statusOf(server, "http://c.example", "a.example"), 403);
    assertEquals(await statusOf(server, "http://d.example", "a.example"), 403);
  });
  const { code, stderr } = await runServer(["1", "127.0.0.1", "0", "--origin", "a/b"]);
  assertEquals([code, /^async-deno: --origin must be an origin/.test(stderr)], [2, true], stderr);
});
