/**
 * Pipelined requests: the answers have the order of the requests, however the packets are cut
 * (RFC 9112 section 9.3.2), and the server stops reading from a client that does not read its answers.
 */

import { assert, assertEquals } from "@std/assert";
import { field, HttpConnection } from "../support/http_client.ts";
import { encodeFrame, handshakeRequest, OPCODE } from "../support/raw_websocket.ts";
import { waitFor } from "../support/server.ts";
import { sharedServer } from "../support/shared_server.ts";

function echoRequest(body: string, more = ""): string {
  return `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

const onServer = sharedServer("pipelining", { workers: 4 });

onServer("a hundred requests in one packet are answered in order", async (server) => {
  using connection = await HttpConnection.open(server);
  const bodies = Array.from({ length: 100 }, (_, i) => `body ${i}`);
  await connection.send(bodies.map((body) => echoRequest(body)).join(""));
  for (const body of bodies) assertEquals((await connection.answer()).text, body);
});

onServer(
  "requests of all kinds are answered in order if packets cut them anywhere",
  async (server) => {
    using connection = await HttpConnection.open(server);
    const round = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + echoRequest("one") +
      "HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n" +
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" +
      "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" +
      "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz";
    const all = round.repeat(20);
    for (let start = 0, size = 1; start < all.length; start += size, size = size * 7 % 101) {
      await connection.send(all.slice(start, start + size));
    }
    for (let i = 0; i < 20; i++) {
      const statuses = [];
      for (const method of ["GET", "POST", "HEAD", "POST", "GET", "POST"]) {
        statuses.push((await connection.answer(method)).status);
      }
      assertEquals(statuses, [200, 200, 200, 200, 404, 405]);
    }
  },
);

onServer("requests after Connection: close are not answered", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.send(
    echoRequest("first") + echoRequest("last", "Connection: close\r\n") + echoRequest("never"),
  );
  assertEquals((await connection.answer()).text, "first");
  const last = await connection.answer();
  assertEquals([last.text, field(last, "connection")], ["last", "close"]);
  await connection.expectEnd();
});

onServer("a refusal follows the answers to the requests before it", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.send(echoRequest("good") + "bad request\r\n\r\n" + echoRequest("never"));
  assertEquals((await connection.answer()).text, "good");
  assertEquals((await connection.answer()).status, 400);
  await connection.expectEnd();
});

onServer("a client that reads late gets every answer", async (server) => {
  using connection = await HttpConnection.open(server);
  const bodies = Array.from({ length: 400 }, (_, i) => `${i} `.padEnd(65_536, "."));
  let sent = 0;
  const sending = (async () => {
    for (const body of bodies) {
      await connection.send(echoRequest(body));
      sent++;
    }
  })();
  await waitFor(() => sent >= 4, { what: "some sent requests" });
  for (const body of bodies) assert((await connection.answer()).text === body, "out of order");
  await sending;
});

onServer("a WebSocket frame in the packet of the handshake is answered", async (server) => {
  using connection = await HttpConnection.open(server);
  const frame = encodeFrame({ opcode: OPCODE.text, payload: "early" });
  const head = new TextEncoder().encode(echoRequest("http first") + handshakeRequest("/echo"));
  await connection.send(Uint8Array.of(...head, ...frame));
  assertEquals((await connection.answer()).text, "http first");
  assertEquals((await connection.answer()).status, 101);
  assertEquals(await connection.bytes(7), Uint8Array.of(0x81, 5, 101, 97, 114, 108, 121));
});
