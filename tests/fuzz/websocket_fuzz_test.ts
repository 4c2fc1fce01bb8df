/**
 * Fuzz test of the WebSocket protocol: any bytes in any splits give an event, NEED_DATA or a
 * ProtocolError, never another exception and never unbounded memory. The transcript does not depend on
 * the splits.
 *
 * Each input decides where it is split and how the session receives. Seeded: a failure names its seed.
 * FUZZ_RUNS sets the number of inputs, FUZZ_SEED the first seed.
 */

import { assert, assertEquals } from "@std/assert";
import {
  FrameReaderPool,
  MessageBufferPool,
  type Role,
  WebSocketConnection,
} from "../../protocol/websocket/mod.ts";
import { Drive, type Way, WAYS } from "../protocol/websocket/drive.ts";
import { buildFrame, concat, type FrameItem } from "../protocol/websocket/frame_cases.ts";
import { Random } from "../support/random.ts";

const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 10_000);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
/** Small, so that the limits are often reached. */
const LIMITS = { messageBytes: 20_000, fragmentCount: 6 };
// No spare buffers, so that the pool counts all memory.
const BUFFERS = new MessageBufferPool(0);
// Shared by all runs: state that one run leaves in a reader would show in the next.
const READERS = {
  client: new FrameReaderPool("client", LIMITS, BUFFERS),
  server: new FrameReaderPool("server", LIMITS, BUFFERS),
};
/** Leading bytes of an input that control the run and are not fed. */
const STEERING = 8;

Deno.test(`websocket fuzz: ${RUNS} inputs from seed ${SEED}`, () => {
  const met = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED + run;
    const lines = fuzzOne(seed);
    for (const line of lines) {
      const [kind, code] = line.split(" ");
      const key = kind === "error" ? code! : kind!;
      met.set(key, (met.get(key) ?? 0) + 1);
    }
  }
  // A fuzzer that is always refused early tests nothing: every kind of result must occur.
  const wanted = ["TEXT", "BINARY", "PING", "PONG", "CLOSE", "WS_NOT_MASKED", "WS_INVALID_UTF8"];
  wanted.push("WS_MESSAGE_TOO_BIG", "WS_TOO_MANY_FRAGMENTS", "WS_EXPECTED_CONTINUATION");
  if (RUNS >= 1000) {
    for (const kind of wanted) {
      assert(met.has(kind), `${kind} was never reached`);
    }
  }
});

function fuzzOne(seed: number): string[] {
  const random = new Random(seed);
  const role: Role = random.below(4) === 0 ? "client" : "server";
  const input = makeInput(random, role);
  const whole = run(input, role, WAYS[0]!, [input.subarray(STEERING)], seed);
  const way = WAYS[input[0]! % WAYS.length]!;
  const split = run(input, role, way, splits(input), seed);
  assertEquals(split, whole, `seed ${seed}`);
  return whole;
}

function run(
  input: Uint8Array,
  role: Role,
  way: Way,
  pieces: Uint8Array[],
  seed: number,
): string[] {
  const connection = new WebSocketConnection(READERS[role], () => 0);
  const drive = new Drive(connection, way, input.length);
  let fed = 0;
  try {
    for (const piece of pieces) {
      drive.feed(piece);
      fed += piece.length;
      // Twice the received bytes, for doubling and a paused session's copy, and a few small buffers.
      assert(
        BUFFERS.lentBytes <= 4 * fed + 32 * 1024,
        `${BUFFERS.lentBytes} bytes lent for ${fed}`,
      );
    }
    const lines = drive.end(input[1]! % 2 === 0);
    connection.dispose();
    assertEquals([BUFFERS.lentBytes, READERS[role].lent], [0, 0]);
    return lines;
  } catch (error) {
    throw new Error(`websocket fuzz failed: FUZZ_SEED=${seed} FUZZ_RUNS=1`, { cause: error });
  }
}

/** Cuts the input into pieces whose sizes are its first bytes, in turn. */
function splits(input: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let turn = 2;
  for (let at = STEERING; at < input.length;) {
    const steer = input[turn]!;
    // Mostly small pieces, sometimes thousands of bytes.
    const size = steer < 200 ? 1 + steer % 23 : 1 + steer * 40;
    pieces.push(input.subarray(at, at + size));
    at += size;
    turn = turn === STEERING - 1 ? 2 : turn + 1;
  }
  return pieces;
}

/** Control bytes, then random bytes, or frames that are mostly valid and partly corrupted. */
function makeInput(random: Random, role: Role): Uint8Array {
  const steering = random.bytes(STEERING);
  if (random.below(10) === 0) return concat([steering, random.bytes(random.below(200))]);
  const body = concat(randomFrames(random, role));
  const spoils = random.below(3) === 0 ? 1 + random.below(3) : 0;
  for (let i = 0; i < spoils; i++) body[random.below(body.length)] = random.below(256);
  const end = random.below(5) === 0 ? random.below(body.length + 1) : body.length;
  return concat([steering, body.subarray(0, end)]);
}

const OPCODES = ["CONTINUATION", "TEXT", "BINARY", "PING", "PONG"];

/** Frames in a mostly valid order, so that long messages occur. */
function randomFrames(random: Random, role: Role): Uint8Array[] {
  let underWay = false;
  return Array.from({ length: 1 + random.below(12) }, () => {
    if (random.below(25) === 0) {
      return buildFrame({ opcode: "CLOSE", hex: randomClose(random) }, role);
    }
    let opcode = OPCODES[random.below(OPCODES.length)]!;
    const control = opcode.startsWith("P");
    if (!control && random.below(20) > 0) {
      opcode = underWay ? "CONTINUATION" : OPCODES[1 + random.below(2)]!;
    }
    const fin = control || random.below(3) === 0;
    if (!control) underWay = !fin;
    return randomFrame(random, role, { opcode, fin });
  });
}

function randomFrame(random: Random, role: Role, item: FrameItem): Uint8Array {
  const control = item.opcode === "PING" || item.opcode === "PONG";
  if (random.below(200) === 0) item.rsv = 4;
  if (random.below(60) === 0) item.form = random.below(2) === 0 ? 16 : 64;
  if (random.below(60) === 0) item.mask = random.below(2) === 0;
  const lengths = control ? [0, 5, 125] : [0, 3, 125, 126, 5000, 9000];
  const length = lengths[random.below(lengths.length)]! + random.below(2);
  if (random.below(8) === 0) item.text = "é€😀".repeat(length / 9);
  else if (random.below(20) === 0) item.fill = ["c3", length];
  else item.fill = ["61", length];
  return buildFrame(item, role);
}

function randomClose(random: Random): string {
  const code = [1000, 1001, 1006, 3000, 5000][random.below(5)]!.toString(16).padStart(4, "0");
  return ["", "03", code, `${code}c3a9`, `${code}c3`][random.below(5)]!;
}
