/** Requests that an app makes WebSockets, on the fake kernel. */

import { assert, assertEquals } from "@std/assert";
import type { WebSocketHandler } from "../../../../runtime/serve/session/mod.ts";
import { AppServer, get, LAST } from "../../../support/fake_app_server.ts";
import { bytesOf } from "../../../support/protocol_cases.ts";

const HANDSHAKE =
  "GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

for (const isLater of [false, true]) {
  Deno.test(`app turn: the app upgrades ${isLater ? "after an await" : "at once"}, and cannot answer then`, async () => {
    const handler: WebSocketHandler = {
      opened: (socket) => void socket.send(1, bytesOf("hi"), 0, 2),
      message: (socket) => socket.close(1000),
    };
    const server = new AppServer((exchange) => {
      const upgrade = () => {
        assert(exchange.upgrade(handler, [["X-Mine", "yes"]]));
        exchange.respondText(200, "nobody sees this");
        assert(!exchange.upgrade(handler));
      };
      return isLater ? Promise.resolve().then(upgrade) : upgrade();
    });
    // An empty text message, masked, in the same piece as the handshake.
    const client = server.client(`${HANDSHAKE}\r\n\x81\x80\0\0\0\0`);
    await server.run();
    const [head, frames] = client.text.split("\r\n\r\n");
    assert(head?.startsWith("HTTP/1.1 101 ") && head.includes("X-Mine: yes"), client.text);
    assertEquals(frames, "\x81\x02hi\x88\x02\x03\xe8");
  });
}

Deno.test("app turn: what is no valid handshake is not upgraded, and the app answers", async () => {
  const handler: WebSocketHandler = { opened() {}, message() {} };
  const server = new AppServer((exchange) => {
    exchange.respondText(200, `${exchange.upgrade(handler)}`);
  });
  const foreign = `${HANDSHAKE}Origin: http://b\r\n\r\n`;
  const client = server.client(
    get("/") + HANDSHAKE.replace("13", "12") + "\r\n" + foreign + LAST,
  );
  await server.run();
  assertEquals(client.answers, ["200 false", "200 false", "200 false", "200 false"]);
});
