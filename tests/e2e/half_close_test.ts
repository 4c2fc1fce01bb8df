/**
 * Clients that end their side early, or vanish: complete requests are still answered, incomplete ones are dropped, and
 * no descriptor leaks.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../support/http_client.ts";
import { countSockets, LATE_DESCRIPTORS } from "../support/process_facts.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import { type Server, waitFor, withServer } from "../support/server.ts";
import { sharedServer } from "../support/shared_server.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

const onServer = sharedServer("half-close", { workers: 2 });

onServer("requests received before the end are answered", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.send(HEALTH.repeat(3));
  await connection.closeWrite();
  for (let i = 0; i < 3; i++) assertEquals((await connection.answer()).text, "ok");
  await connection.expectEnd();
});

onServer("a large answer arrives complete after the client has ended its side", async (server) => {
  using connection = await HttpConnection.open(server);
  const size = 8 * 1024 * 1024;
  await connection.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  await connection.send(new Uint8Array(size).fill(120));
  await connection.closeWrite();
  const { body } = await connection.answer();
  assert(
    body.length === size && body.every((byte) => byte === 120),
    "the answer is not complete",
  );
  await connection.expectEnd();
});

onServer("a truncated request is not answered as if it were complete", async (server) => {
  const cut = [
    "G",
    "GET / HTTP/1.1\r\nHo",
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123",
    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
  ];
  for (const request of cut) {
    using connection = await HttpConnection.open(server);
    await connection.send(request);
    await connection.closeWrite();
    const rest = new TextDecoder().decode(await connection.rest());
    // RFC 9112 section 8: the server may say 400 before it closes.
    assert(rest === "" || rest.startsWith("HTTP/1.1 400 "), JSON.stringify([request, rest]));
  }
});

onServer("an end without a request closes the connection", async (server) => {
  using connection = await HttpConnection.open(server);
  await connection.closeWrite();
  await connection.expectEnd();
});

Deno.test("half-close: clients that vanish leak no descriptors", () =>
  withServer({ workers: 2 }, async (server) => {
    await touch(server);
    const before = countSockets(server.pid);
    for (let i = 0; i < 20; i++) {
      using _silent = await HttpConnection.open(server);
      using connection = await HttpConnection.open(server);
      await connection.send(i % 2 === 0 ? HEALTH.slice(0, 10) : HEALTH.repeat(50));
      using websocket = await RawWebSocket.open(server, i % 2 === 0 ? "/ws" : "/echo");
      await websocket.connection.send(Uint8Array.of(0x81));
    }
    await waitFor(() => countSockets(server.pid) <= before + LATE_DESCRIPTORS, {
      what: () => `${countSockets(server.pid)} sockets to become ${before}`,
    });
    await touch(server);
  }));

async function touch(server: Server): Promise<void> {
  using connection = await HttpConnection.open(server);
  await connection.send(HEALTH.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  assertEquals((await connection.answer()).text, "ok");
  await connection.expectEnd();
}
