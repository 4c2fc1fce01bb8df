/**
 * Connections are spread over the workers: with four workers, many concurrent connections are all served, and one
 * worker does not hold all of them.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../support/http_client.ts";
import { connectionsPerEpoll } from "../support/process_facts.ts";
import { OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { withServer } from "../support/server.ts";

Deno.test("distribution: 64 concurrent connections on 4 workers are all served", () =>
  withServer({ workers: 4 }, async (server) => {
    await Promise.all(Array.from({ length: 64 }, async (_, i) => {
      if (i % 2 === 0) {
        using connection = await HttpConnection.open(server);
        for (let round = 0; round < 100; round++) {
          await connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
          assertEquals((await connection.answer()).text, "ok");
        }
      } else {
        using socket = await RawWebSocket.open(server, "/echo");
        for (let round = 0; round < 100; round++) {
          await socket.send({ opcode: OPCODE.text, payload: `${i} ${round}` });
          const { payload } = await socket.frame();
          assertEquals(new TextDecoder().decode(payload), `${i} ${round}`);
        }
      }
    }));
  }));

Deno.test("distribution: open connections are spread over several workers", () =>
  withServer({ workers: 4 }, async (server) => {
    const open: RawWebSocket[] = [];
    try {
      // One after the other: each finds all workers idle, and the next worker in turn is woken for it.
      for (let i = 0; i < 64; i++) open.push(await RawWebSocket.open(server, "/echo"));
      const held = connectionsPerEpoll(server.pid, server.port).filter((count) => count > 0);
      assertEquals(held.reduce((sum, count) => sum + count, 0), 64);
      assert(Math.max(...held) < 48, `one worker holds too many: ${held}`);
    } finally {
      open.forEach((socket) => socket[Symbol.dispose]());
    }
  }));
