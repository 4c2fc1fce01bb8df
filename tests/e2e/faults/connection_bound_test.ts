/**
 * Many more connections than `--max-connections`: each one above the limit gets 503 and the end, open connections
 * continue, and the operator gets one line that names the limit.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { field, HttpConnection } from "../../support/http_client.ts";
import { OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";
import { waitFor, withServer } from "../../support/server.ts";

const BOUND = 20;
const TOO_MANY = 50;

Deno.test("connection limit: connections above --max-connections get 503 and the end, and one line on stderr", () =>
  withServer({ workers: 2, args: ["--max-connections", String(BOUND)] }, async (server) => {
    using open = new DisposableStack();
    const served: RawWebSocket[] = [];
    for (let i = 0; i < BOUND; i++) {
      served.push(open.use(await RawWebSocket.open(server, "/echo")));
    }
    for (let i = 0; i < TOO_MANY; i++) {
      using refused = await HttpConnection.open(server);
      const answer = await refused.answer();
      assertEquals([answer.status, field(answer, "connection")], [503, "close"]);
      await refused.expectEnd();
    }
    for (const socket of served) {
      await socket.send({ opcode: OPCODE.text, payload: "in" });
      assertEquals(new TextDecoder().decode((await socket.frame()).payload), "in");
      await socket.send({ opcode: OPCODE.close });
      await socket.connection.rest();
      await socket.connection.closeWrite();
    }
    const { code, stderr } = await server.stop();
    assertEquals(code, 0);
    assertStringIncludes(stderr, `limit of ${BOUND} connections`);
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }));

Deno.test("connection limit: a client that sends its request in parts receives the 503 without a reset", () =>
  withServer({ workers: 2, args: ["--max-connections", "1"] }, async (server) => {
    using served = await RawWebSocket.open(server, "/echo");
    const part = "x".repeat(10_000);
    for (let i = 0; i < 100; i++) {
      using refused = await HttpConnection.open(server);
      await refused.send(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n`);
      assertEquals((await refused.answer()).status, 503);
      await refused.expectEnd();
      // If the server answered a part by a reset, the next part would fail.
      for (let sent = 0; sent < 3; sent++) await refused.send(part);
    }
    await served.send({ opcode: OPCODE.close });
    await served.connection.rest();
    await served.connection.closeWrite();
    await server.stop();
  }));

Deno.test("connection limit: connections above --max-connections-per-address get 503, for that address only", () =>
  withServer({ workers: 2, args: ["--max-connections-per-address", "2"] }, async (server) => {
    using open = new DisposableStack();
    const served: RawWebSocket[] = [];
    for (let i = 0; i < 2; i++) served.push(open.use(await RawWebSocket.open(server, "/echo")));
    for (let i = 0; i < 5; i++) {
      using refused = await HttpConnection.open(server);
      assertEquals((await refused.answer()).status, 503);
      await refused.expectEnd();
    }
    await served[0]!.send({ opcode: OPCODE.close });
    await served[0]!.connection.rest();
    await served[0]!.connection.closeWrite();
    // Its place is free as soon as the worker has closed the connection.
    await waitFor(async () => {
      using next = await HttpConnection.open(server);
      await next.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").catch(() => {});
      return await next.answer().then(({ status }) => status === 200, () => false);
    }, { what: "a place for the address" });
    const { stderr } = await server.stop();
    assertStringIncludes(stderr, "an address has reached its limit of 2 connections");
    assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  }));
