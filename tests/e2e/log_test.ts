/**
 * The event log: the seed's lines word for word, whole even when all workers write at once, soon on
 * disk, complete at the end, and free of whatever a client would like to write there.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ask, HttpConnection } from "../support/http_client.ts";
import { withServer } from "../support/server.ts";
import { WsClient } from "../support/ws_client.ts";

const CLOSING = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** The lines of the descriptor that `marker` stands on, without the descriptor. */
function linesOf(log: string, marker: string): string[] {
  const descriptor = new RegExp(`fd=(\\d+) ${marker}`).exec(log)?.[1];
  assert(descriptor !== undefined, `no "${marker}" in the log:\n${log}`);
  const own = new RegExp(`\\bfd=${descriptor}\\b`);
  return log.split("\n").filter((line) => own.test(line))
    .map((line) => line.replace(own, "fd=N"));
}

Deno.test("log: a request on a connection that closes", () =>
  withServer({ workers: 2 }, async (server) => {
    await ask(server, CLOSING);
    const log = await server.waitForLog("[epoll] removing closed");
    assertEquals(linesOf(log, "recv request"), [
      "[ACCEPT] fd=N",
      "[HTTP] fd=N recv request",
      "[HTTP] fd=N route=/ (index)",
      "[HTTP] fd=N done, closing",
      "[epoll] removing closed fd=N",
    ]);
  }));

Deno.test("log: two requests on a connection that is kept", () =>
  withServer({ workers: 2 }, async (server) => {
    using connection = await HttpConnection.open(server);
    for (let i = 0; i < 2; i++) {
      await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await connection.answer();
    }
    const log = await server.waitForLog("done, keep-alive\n", 2);
    const round = [
      "[HTTP] fd=N recv request",
      "[HTTP] fd=N route=/ (index)",
      "[HTTP] fd=N done, keep-alive",
    ];
    assertEquals(linesOf(log, "recv request"), ["[ACCEPT] fd=N", ...round, ...round]);
  }));

Deno.test("log: a WebSocket", () =>
  withServer({ workers: 2 }, async (server) => {
    {
      await using client = await WsClient.open(`${server.wsUrl}/ws`);
      await client.next();
      client.send("eighteen bytes, ok");
      await client.next();
      await client.close(1000);
    }
    const log = await server.waitForLog("[epoll] removing closed");
    const lines = linesOf(log, "handshake complete");
    const wanted = [
      "[ACCEPT] fd=N",
      "[WS] fd=N handshake complete",
      "[WS] fd=N recv 18 bytes",
      "[epoll] removing closed fd=N",
    ];
    assertEquals(lines.filter((line) => wanted.includes(line)), wanted);
  }));

Deno.test("log: whole lines, each of them there, while all workers write at once", () =>
  withServer({ workers: 8 }, async (server) => {
    const clients = 16;
    const rounds = 200;
    await Promise.all(Array.from({ length: clients }, async (_, i) => {
      using connection = await HttpConnection.open(server);
      await connection.send(`GET /client-${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(rounds));
      for (let round = 0; round < rounds; round++) await connection.answer();
    }));
    assertEquals((await server.stop()).code, 0);
    const log = await server.log();
    assert(log.endsWith("\n"));
    const lines = log.slice(0, -1).split("\n");
    const strange = lines.filter((line) => !/^\[[A-Za-z]+\] [\x20-\x7e]+$/.test(line));
    assertEquals(strange, []);
    for (let i = 0; i < clients; i++) {
      const own = lines.filter((line) => line.includes(`route=/client-${i} `));
      assertEquals(own.length, rounds, `client ${i}`);
    }
  }));

Deno.test("log: on disk within a quarter of a second", () =>
  withServer({ workers: 2 }, async (server) => {
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      await ask(server, CLOSING.replace("/", `/soon-${i}`));
      const answered = performance.now();
      await server.waitForLog(`/soon-${i}`);
      waits.push(performance.now() - answered);
    }
    // The median: a busy machine may delay some of them, not most.
    const median = waits.sort((a, b) => a - b)[4]!;
    assert(median < 500, `in the log after ${waits.map(Math.round).join(", ")} ms`);
  }));

Deno.test("log: what a client sends is bounded, and cannot write lines or colours", () =>
  withServer({ workers: 2 }, async (server) => {
    await ask(server, `GET /${"x".repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await ask(server, 'GET /%0a[ACCEPT]%1b[31m"\\ HTTP/1.1\r\nHost: a\r\n\r\n');
    await ask(server, "GET /a\x1b[31m\n[ACCEPT] fd=99 HTTP/1.1\r\nHost: a\r\n\r\n");
    await ask(server, "\x1b]0;title\x07 / HTTP/1.1\r\n\r\n");
    await ask(server, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n");
    const log = await server.waitForLog("route=/last ");
    assertStringIncludes(log, "route=/xxxx");
    assert(!log.includes("fd=99"), log);
    const longest = Math.max(...log.split("\n").map((line) => line.length));
    assert(longest < 1_000, `a line has ${longest} characters`);
    assert(/^[\x20-\x7e\n]*$/.test(log), JSON.stringify(log));
  }));
