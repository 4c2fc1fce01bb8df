/**
 * A client that asks for much, ends its side and reads nothing: the server waits for it, and turns no faster for that.
 */

import { assert } from "@std/assert";
import { ask, HttpConnection } from "../../support/http_client.ts";
import { Metrics } from "../../support/metrics.ts";
import { withAdmin } from "../../support/admin.ts";

/** More than the sockets' buffers take. */
const SIZE = 8 * 1024 * 1024;
const QUESTIONS = 30;
/** For each of them: a connection, a request, an end, and what the metrics' own threads ring for. */
const TURNS_EACH = 20;

Deno.test("ended peer: while an answer waits for it the loop turns for others alone", () =>
  withAdmin({ workers: 1 }, async (server, adminUrl) => {
    const turns = async () => (await Metrics.of(adminUrl)).sum("async_deno_event_loop_turns_total");
    using connection = await HttpConnection.open(server);
    const fields = `Host: a\r\nConnection: close\r\nContent-Length: ${SIZE}\r\n`;
    await connection.send(`POST /echo HTTP/1.1\r\n${fields}\r\n`);
    await connection.send(new Uint8Array(SIZE).fill(0x61));
    await connection.closeWrite();
    for (let i = 0; i < QUESTIONS; i++) {
      await ask(server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    const before = await turns();
    for (let i = 0; i < QUESTIONS; i++) {
      await ask(server, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    const turned = await turns() - before;
    assert(turned < QUESTIONS * TURNS_EACH, `${turned} turns for ${QUESTIONS} questions`);
    const { length } = (await connection.answer("POST")).body;
    assert(length === SIZE, `${length} bytes`);
  }));
