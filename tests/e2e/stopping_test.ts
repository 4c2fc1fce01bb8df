/**
 * SIGTERM and SIGINT: no new connection is accepted, open requests are finished, WebSockets get a close frame,
 * the exit code is 0 and the wait is bounded; a second signal ends the server at once.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ask, field, HttpConnection } from "../support/http_client.ts";
import {
  closeCodeOf,
  closePayload,
  handshakeRequest,
  OPCODE,
  RawWebSocket,
} from "../support/raw_websocket.ts";
import { type Server, waitFor, within, withServer } from "../support/server.ts";
import { connectTo } from "../support/suite_tls.ts";
import { WsClient } from "../support/ws_client.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
/** Below the drain timeout, with a margin for a busy machine. */
const AT_ONCE_MS = 7_000;
const HALF = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`stopping: ${signal} ends a server without connections at once`, () =>
    withServer({ workers: 4 }, async (server) => {
      await ask(server, HEALTH);
      const began = performance.now();
      const exit = await server.stop(signal);
      assertEquals([exit.code, exit.signal, exit.stderr], [0, null, ""]);
      assert(performance.now() - began < AT_ONCE_MS, "a server without connections waited");
      assert((await server.log()).includes("route=/healthz"), "the log was not flushed");
    }));

  Deno.test(`stopping: ${signal} closes idle WebSockets with 1001`, () =>
    withServer({ workers: 4 }, async (server) => {
      const clients = await Promise.all(
        Array.from(
          { length: 8 },
          (_, i) => WsClient.open(server.wsUrl + (i % 2 ? "/ws" : "/echo")),
        ),
      );
      const exit = await server.stop(signal);
      for (const client of clients) {
        assertEquals((await client.closed).code, 1001);
        await client[Symbol.asyncDispose]();
      }
      assertEquals([exit.code, exit.stderr], [0, ""]);
    }));
}

Deno.test("stopping: an answer in progress is finished, and has Connection: close", () =>
  withServer({ workers: 1 }, async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(HALF);
    using idle = await RawWebSocket.open(server, "/echo");
    server.kill("SIGTERM");
    // The one worker marks all its connections in one turn: from here on it is stopping.
    assertEquals(closeCodeOf(await idle.frame()), 1001);
    await idle.send({ opcode: OPCODE.close, payload: closePayload(1001) });
    await refusesConnections(server);
    await connection.send("67890");
    const answer = await connection.answer();
    assertEquals([answer.text, field(answer, "connection")], ["1234567890", "close"]);
    await connection.expectEnd();
    assertEquals((await server.exit).code, 0);
  }));

Deno.test("stopping: a large answer that the client is reading is sent completely", () =>
  withServer({ workers: 2 }, async (server) => {
    using connection = await HttpConnection.open(server);
    const size = 12 * 1024 * 1024;
    await connection.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
    await connection.send(new Uint8Array(size));
    // The answer has begun, and is far larger than the buffers of the sockets.
    await connection.bytes(1);
    server.kill("SIGTERM");
    await refusesConnections(server);
    const rest = await connection.rest();
    assert(rest.length > size, `${rest.length} bytes of an answer of more than ${size}`);
    assertEquals((await server.exit).code, 0);
  }));

Deno.test("stopping: idle connections are closed at once", () =>
  withServer({ workers: 2 }, async (server) => {
    using used = await HttpConnection.open(server);
    await used.send(HEALTH);
    await used.answer();
    using silent = await HttpConnection.open(server);
    await server.waitForLog("[ACCEPT]", 2);
    const began = performance.now();
    const exit = await server.stop();
    await Promise.all([used.expectEnd(), silent.expectEnd()]);
    assertEquals(exit.code, 0);
    assert(performance.now() - began < AT_ONCE_MS, "idle connections delayed the stop");
  }));

Deno.test("stopping: a client that never finishes its request is cut off within ten seconds", () =>
  withServer({ workers: 2 }, async (server) => {
    using half = await HttpConnection.open(server);
    await half.send(HALF);
    using deaf = await RawWebSocket.open(server, "/echo");
    await server.waitForLog("[ACCEPT]", 2);
    const began = performance.now();
    const exit = await server.stop();
    // 8 s until the end of the drain, two more that the contract allows, and two for a busy machine.
    assert(performance.now() - began < 12_000, "the stop took more than 10 s");
    assertEquals([exit.code, exit.signal], [0, null]);
    assertEquals((await deaf.frame()).opcode, OPCODE.close);
  }));

Deno.test("stopping: a WebSocket opened after the signal is also closed with 1001", () =>
  withServer({ workers: 2 }, async (server) => {
    using connection = await HttpConnection.open(server);
    const request = handshakeRequest("/echo");
    await connection.send(request.slice(0, 20));
    using told = await RawWebSocket.open(server, "/echo");
    await server.waitForLog("[ACCEPT]", 2);
    const began = performance.now();
    server.kill("SIGTERM");
    assertEquals(closeCodeOf(await told.frame()), 1001);
    await told.send({ opcode: OPCODE.close, payload: closePayload(1001) });
    await refusesConnections(server);
    await connection.send(request.slice(20));
    assertEquals((await connection.answer()).status, 101);
    const late = new RawWebSocket(connection);
    assertEquals(closeCodeOf(await late.frame()), 1001);
    await late.send({ opcode: OPCODE.close, payload: closePayload(1001) });
    assertEquals((await server.exit).code, 0);
    assert(
      performance.now() - began < AT_ONCE_MS,
      "the server waited for it until the drain timeout",
    );
  }));

Deno.test("stopping: a client that has not sent its PROXY header yet gets a moment to send it, and no more", () =>
  withServer({ workers: 1, args: ["--proxy-protocol"] }, async (server) => {
    using quick = await HttpConnection.open(server);
    using silent = await HttpConnection.open(server);
    using told = await HttpConnection.open(server);
    const proxied = `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n`;
    await told.send(proxied + handshakeRequest("/echo"));
    assertEquals((await told.answer()).status, 101);
    await server.waitForLog("[ACCEPT]", 3);
    const began = performance.now();
    server.kill("SIGTERM");
    // The one worker marks all its connections in one turn: from here on it is stopping.
    assertEquals(closeCodeOf(await new RawWebSocket(told).frame()), 1001);
    await quick.send(proxied + HEALTH);
    const answer = await quick.answer();
    assertEquals([answer.text, field(answer, "connection")], ["ok", "close"]);
    await new RawWebSocket(told).send({ opcode: OPCODE.close, payload: closePayload(1001) });
    await silent.expectEnd();
    assertEquals((await server.exit).code, 0);
    assert(
      performance.now() - began < AT_ONCE_MS,
      "the server waited for it until the drain timeout",
    );
  }));

Deno.test("stopping: a second signal ends the server at once", () =>
  withServer({ workers: 2 }, async (server) => {
    using half = await HttpConnection.open(server);
    await half.send(HALF);
    await server.waitForLog("[ACCEPT]");
    server.kill("SIGTERM");
    await refusesConnections(server);
    const began = performance.now();
    await server.stop("SIGINT");
    assert(
      performance.now() - began < AT_ONCE_MS,
      "the second signal did not end the server at once",
    );
  }));

Deno.test("stopping: under load, every answer that begins is complete", () =>
  withServer({ workers: 4 }, async (server) => {
    let answered = 0;
    const clients = Array.from({ length: 16 }, async () => {
      using connection = await HttpConnection.open(server);
      while (true) {
        // A kept connection may end at any time, but never within an answer.
        const gone = await connection.send(HEALTH).then(() => false, () => true);
        if (gone || await connection.isAtEnd()) return;
        assertEquals((await connection.answer()).text, "ok");
        answered++;
      }
    });
    await waitFor(() => answered > 200, { what: "two hundred answers" });
    const exit = await server.stop();
    await Promise.all(clients);
    assertEquals([exit.code, exit.stderr], [0, ""]);
  }));

/** Waits until the server accepts no more connections. */
async function refusesConnections(server: Server): Promise<void> {
  await waitFor(async () => {
    try {
      (await connectTo(server)).close();
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return true;
      throw error;
    }
  }, { timeoutMs: 3_000, what: "new connections to be refused" });
  await assertRejects(() => within(connectTo(server), { what: "a refusal" }));
}
