/**
 * A client connected to a server in memory: each receives what the other sends, at lengths around every
 * threshold, cut at random offsets.
 */

import { assert, assertEquals } from "@std/assert";
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { WEBSOCKET_LIMITS } from "../../../protocol/limits.ts";
import {
  BINARY,
  encodeFrame,
  FIN,
  FrameReaderPool,
  MessageBufferPool,
  PING,
  type Role,
  TEXT,
  WebSocketConnection,
} from "../../../protocol/websocket/mod.ts";
import { encodeMaskedFrame } from "../../../protocol/websocket/frame_encoder.ts";
import { Random } from "../../support/random.ts";
import { Drive, WAYS } from "./drive.ts";
import { payloadLine } from "./frame_cases.ts";

// Length encodings; the shortest direct receive; the pool's sizes minus the headroom; the first buffer.
const THRESHOLDS = [0, 126, 512 - 16, 4096, 65536, 256 * 1024 - 16, 512 * 1024 - 32, 1024 * 1024];

function makePair(random: Random): { client: WebSocketConnection; server: WebSocketConnection } {
  const pool = new MessageBufferPool();
  const readersOf = (role: Role) => new FrameReaderPool(role, WEBSOCKET_LIMITS, pool);
  return {
    client: new WebSocketConnection(readersOf("client"), () => random.uint32()),
    server: new WebSocketConnection(readersOf("server")),
  };
}

/** Passes `out` to `to` in pieces and returns the transcript. */
function carry(out: ByteBuffer, to: WebSocketConnection, random: Random): string[] {
  const bytes = out.view().slice();
  out.clear();
  const drive = new Drive(to, WAYS[random.below(WAYS.length)]!, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + random.below(bytes.length - at);
    drive.feed(bytes.subarray(at, end));
    at = end;
  }
  return drive.end(false);
}

for (const sender of ["client", "server"] as const) {
  Deno.test(`messages of the ${sender} around every threshold`, () => {
    const random = new Random(10);
    const out = new ByteBuffer();
    for (const threshold of THRESHOLDS) {
      for (let length = Math.max(0, threshold - 3); length <= threshold + 3; length++) {
        const pair = makePair(random);
        const payload = random.bytes(length + 2);
        assert(pair[sender].sendMessage(out, BINARY, payload, 1, length + 1));
        const lines = carry(out, pair[sender === "client" ? "server" : "client"], random);
        assertEquals(lines, [payloadLine("BINARY", payload.slice(1, length + 1))], `${length}`);
      }
    }
  });

  Deno.test(`every short length of the ${sender}, many messages on one connection`, () => {
    const random = new Random(11);
    const out = new ByteBuffer();
    const pair = makePair(random);
    const expected: string[] = [];
    for (let length = 0; length <= 300; length++) {
      const text = new Uint8Array(length).fill(0x61 + length % 26);
      pair[sender].sendMessage(out, TEXT, text, 0, length);
      expected.push(payloadLine("TEXT", text));
    }
    const lines = carry(out, pair[sender === "client" ? "server" : "client"], random);
    assertEquals(lines, expected);
  });

  Deno.test(`fragments of the ${sender} with pings between`, () => {
    const random = new Random(12);
    for (let round = 0; round < 200; round++) {
      const pair = makePair(random);
      const receiver = sender === "client" ? "server" : "client";
      const out = new ByteBuffer();
      const expected = sendFragments(out, sender, random);
      assertEquals(carry(out, pair[receiver], random), expected, `round ${round}`);
    }
  });
}

Deno.test("a ping is answered by a pong with its payload", () => {
  const random = new Random(13);
  for (let length = 0; length <= 125; length++) {
    const { client, server } = makePair(random);
    const out = new ByteBuffer();
    const payload = random.bytes(length);
    assert(client.sendPing(out, payload, 0, length));
    const ping = out.view().slice();
    server.receive(ping, 0, ping.length);
    assertEquals(server.next(), PING);
    out.clear();
    assert(server.sendPong(out, server.payload, server.payloadStart, server.payloadEnd));
    assertEquals(carry(out, client, random), [payloadLine("PONG", payload)]);
  }
});

for (const first of ["client", "server"] as const) {
  Deno.test(`the ${first} starts the closing handshake`, () => {
    const random = new Random(14);
    for (const [code, reason] of [[1000, ""], [1001, "away"], [1005, ""], [4999, "é"]] as const) {
      const pair = makePair(random);
      const one = pair[first];
      const other = pair[first === "client" ? "server" : "client"];
      const out = new ByteBuffer();
      one.sendClose(out, code, reason);
      assertEquals(carry(out, other, random), [`CLOSE ${code} ${JSON.stringify(reason)}`]);
      assert(other.sendClose(out, other.closeCode, other.closeReason));
      assertEquals(other.state, "CLOSED");
      const said = `${code} ${JSON.stringify(reason)}`;
      assertEquals(carry(out, one, random), [`CLOSE ${said}`, `CLOSED ${said}`]);
    }
  });
}

Deno.test("both close at once", () => {
  const random = new Random(15);
  const { client, server } = makePair(random);
  const [fromClient, fromServer] = [new ByteBuffer(), new ByteBuffer()];
  client.sendClose(fromClient, 1000, "c");
  server.sendClose(fromServer, 1001, "s");
  assertEquals(carry(fromClient, server, random), ['CLOSE 1000 "c"', 'CLOSED 1000 "c"']);
  assertEquals(carry(fromServer, client, random), ['CLOSE 1001 "s"', 'CLOSED 1001 "s"']);
  assert(!server.sendClose(fromServer, 1000) && !client.sendClose(fromClient, 1000));
});

/** Sends one message in fragments with pings between them, and returns the expected transcript. */
function sendFragments(out: ByteBuffer, sender: Role, random: Random): string[] {
  const count = 1 + random.below(6);
  const message = random.bytes(random.below(3) === 0 ? random.below(20_000) : random.below(300));
  const expected: string[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const last = index === count - 1;
    const end = last ? message.length : at + random.below(message.length - at + 1);
    const first = (last ? FIN : 0) | (index === 0 ? BINARY : 0);
    sendRaw(out, sender, first, message.subarray(at, end), random);
    at = end;
    if (last) continue;
    sendRaw(out, sender, FIN | PING, Uint8Array.of(index), random);
    expected.push(payloadLine("PING", Uint8Array.of(index)));
  }
  return [...expected, payloadLine("BINARY", message)];
}

function sendRaw(
  out: ByteBuffer,
  sender: Role,
  first: number,
  payload: Uint8Array,
  random: Random,
): void {
  if (sender === "server") encodeFrame(out, first, payload, 0, payload.length);
  else encodeMaskedFrame(out, first, payload, 0, payload.length, random.uint32());
}
