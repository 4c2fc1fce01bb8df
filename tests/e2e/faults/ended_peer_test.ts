/**
 * A WebSocket client that reads none of its echoes, sends a close frame and ends its side: the server waits until the
 * client has read, and its event loop does not spin meanwhile.
 */

import { assert } from "@std/assert";
import { withAdmin } from "../../support/admin.ts";
import { ask } from "../../support/http_client.ts";
import { Metrics } from "../../support/metrics.ts";
import { closePayload, OPCODE, RawWebSocket } from "../../support/raw_websocket.ts";

const MESSAGE_BYTES = 256 * 1024;
const QUESTION = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const QUESTIONS = 30;
/** For each request: a connection, a request, an end, and the wake-ups of the metrics' own threads. */
const TURNS_EACH = 20;

Deno.test("ended peer: while its echo waits, the event loop wakes only for other connections", () =>
  withAdmin({ workers: 1 }, async (server, adminUrl) => {
    const metric = async (name: string) => (await Metrics.of(adminUrl)).sum(`async_deno_${name}`);
    using socket = await RawWebSocket.open(server, "/echo");
    // The kernel's buffers fill first.
    let messages = 0;
    for (
      let waiting = 0;
      waiting === 0 && messages < 200;
      waiting = await metric("write_queue_bytes")
    ) {
      await socket.send({ opcode: OPCODE.binary, payload: new Uint8Array(MESSAGE_BYTES) });
      messages++;
    }
    await socket.send({ opcode: OPCODE.close, payload: closePayload(1000) });
    await socket.connection.closeWrite();
    for (let i = 0; i < QUESTIONS; i++) await ask(server, QUESTION);
    const before = await metric("event_loop_turns_total");
    for (let i = 0; i < QUESTIONS; i++) await ask(server, QUESTION);
    const turns = await metric("event_loop_turns_total") - before;
    assert(turns < QUESTIONS * TURNS_EACH, `${turns} turns for ${QUESTIONS} questions`);
    for (let i = 0; i < messages; i++) {
      assert((await socket.frame()).payload.length === MESSAGE_BYTES, `echo ${i}`);
    }
    assert((await socket.frame()).opcode === OPCODE.close);
  }));
