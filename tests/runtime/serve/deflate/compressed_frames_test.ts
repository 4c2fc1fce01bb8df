/**
 * Compressed messages as frames, received in every way: whole, byte by byte, split anywhere, by views and by direct receive, in any
 * number of fragments, with control frames between them. The transcript never depends on that, and every buffer is given back.
 */

import { assertEquals } from "@std/assert";
import zlib from "node:zlib";
import {
  FrameReaderPool,
  MessageBufferPool,
  WebSocketConnection,
} from "../../../../protocol/websocket/mod.ts";
import { ZlibCompression } from "../../../../runtime/serve/deflate/mod.ts";
import { Drive, type Way, WAYS } from "../../../protocol/websocket/drive.ts";
import { concat, payloadLine } from "../../../protocol/websocket/frame_cases.ts";
import { Random } from "../../../support/random.ts";
import { encodeFrame, OPCODE } from "../../../support/raw_websocket.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000) / 10;
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const LIMITS = { messageBytes: 30_000, fragmentCount: 100 };
const RSV1 = 4;

const compression = new ZlibCompression();
const pool = new MessageBufferPool(0);
const readers = new FrameReaderPool("server", LIMITS, pool, compression);

function deflated(message: Uint8Array, level: number): Uint8Array {
  const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH, level };
  return new Uint8Array(zlib.deflateRawSync(message, flush)).slice(0, -4);
}

/** The frames of one message, with pings between them, and the lines that it becomes. */
function framesOf(random: Random): { frames: Uint8Array[]; lines: string[] } {
  const length = [0, 1, 300, 5000, 29_999, 30_000, 30_001][random.below(7)]!;
  const isText = random.below(2) === 0;
  const isNoise = !isText && random.below(3) === 0;
  const message = isNoise
    ? random.bytes(length)
    : new Uint8Array(length).map((_, i) => 97 + (i * i) % 7);
  const isCompressed = random.below(5) > 0;
  const payload = isCompressed ? deflated(message, random.below(10)) : message;
  const lines: string[] = [];
  const frames: Uint8Array[] = [];
  const parts = 1 + random.below(6);
  let at = 0;
  for (let i = 0; i < parts; i++) {
    const end = i === parts - 1 ? payload.length : at + random.below(payload.length - at + 1);
    frames.push(encodeFrame({
      opcode: i > 0 ? OPCODE.continuation : isText ? OPCODE.text : OPCODE.binary,
      payload: payload.subarray(at, end),
      fin: i === parts - 1,
      reserved: isCompressed && i === 0 ? RSV1 : 0,
    }));
    if (i < parts - 1 && random.below(3) === 0) {
      frames.push(encodeFrame({ opcode: OPCODE.ping, payload: `${i}` }));
      lines.push(payloadLine("PING", new TextEncoder().encode(`${i}`)));
    }
    at = end;
  }
  if (length <= LIMITS.messageBytes) {
    lines.push(payloadLine(isText ? "TEXT" : "BINARY", message));
  } else {
    lines.push("error WS_MESSAGE_TOO_BIG 1009");
  }
  return { frames, lines };
}

function run(way: Way, pieces: readonly Uint8Array[], most: number): string[] {
  const connection = new WebSocketConnection(readers, () => 0);
  const drive = new Drive(connection, way, most);
  for (const piece of pieces) drive.feed(piece);
  const lines = drive.end(false);
  connection.dispose();
  assertEquals([pool.lentBytes, readers.lent], [0, 0], "everything is given back");
  return lines;
}

function splitsOf(bytes: Uint8Array, random: Random): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = random.below(4) === 0 ? 1 + random.below(9000) : 1 + random.below(40);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

Deno.test(`compressed frames: ${RUNS} sequences from seed ${SEED}, in every way`, () => {
  for (let i = 0; i < RUNS; i++) {
    const random = new Random(SEED + i);
    const all = Array.from({ length: 1 + random.below(3) }, () => framesOf(random));
    // Nothing follows an error that a message is too long.
    const end = all.findIndex(({ lines }) => lines.at(-1)!.startsWith("error"));
    const used = end < 0 ? all : all.slice(0, end + 1);
    const bytes = concat(used.flatMap(({ frames }) => frames));
    const label = `FUZZ_SEED=${SEED + i}`;
    let expected = used.flatMap(({ lines }) => lines);
    if (end >= 0) {
      // Fragments that alone are too long end the message before the pings behind them.
      const whole = run(WAYS[0]!, [bytes.slice()], bytes.length);
      assertEquals(whole.at(-1), expected.at(-1), label);
      expected = whole;
    }
    for (const way of WAYS) {
      assertEquals(run(way, [bytes.slice()], bytes.length), expected, label);
      const pieces = splitsOf(bytes.slice(), random);
      assertEquals(run(way, pieces, bytes.length), expected, label);
    }
  }
});

Deno.test("compressed frames: split at every byte", () => {
  const message = new TextEncoder().encode("Grüße, ".repeat(60));
  const payload = deflated(message, 6);
  const bytes = concat([
    encodeFrame({
      opcode: OPCODE.text,
      payload: payload.subarray(0, 9),
      fin: false,
      reserved: RSV1,
    }),
    encodeFrame({ opcode: OPCODE.continuation, payload: payload.subarray(9) }),
    encodeFrame({ opcode: OPCODE.text, payload: "plain" }),
  ]);
  const expected = [
    payloadLine("TEXT", message),
    payloadLine("TEXT", new TextEncoder().encode("plain")),
  ];
  for (const way of WAYS) {
    for (let split = 0; split <= bytes.length; split++) {
      const copy = bytes.slice();
      const pieces = [copy.subarray(0, split), copy.subarray(split)];
      assertEquals(run(way, pieces, bytes.length), expected, `split at ${split}`);
    }
  }
});
