/** The thread of inbox_test.ts: a writer to an inbox, or its owner. */
import { type InboxSink, openSharedState } from "../../runtime/ring/mod.ts";
import { Random } from "../support/random.ts";
import { runPart, yieldCore } from "./part.ts";

/** The task of a thread. */
export interface InboxSetting {
  memory: SharedArrayBuffer;
  /** Word 0: how many writers are done. */
  done: Int32Array;
  writers: number;
  /** Number of the writer, or -1 for the owner of the inbox. */
  writer: number;
  /** Records of each writer. */
  records: number;
}

/** The result of a thread. */
export interface InboxResult {
  /** Records written, or drained. */
  count: number;
  /** Bytes of their payloads. */
  bytes: number;
  /** How often the inbox was full, or empty. */
  refused: number;
  /** Records whose checksum was wrong. */
  torn: number;
  /** Records that were not the writer's next one: lost, repeated, or out of order. */
  disordered: number;
}

/** A payload begins with the checksum and the number of the record. */
const PREFIX_BYTES = 8;

runPart((setting: InboxSetting) => setting.writer < 0 ? own(setting) : write(setting));

function write({ memory, done, writer, records }: InboxSetting): InboxResult {
  const inbox = openSharedState(memory).inbox(0);
  const random = new Random(writer);
  const payload = new Uint8Array(inbox.maxPayloadBytes);
  const words = new DataView(payload.buffer);
  const result = { count: 0, bytes: 0, refused: 0, torn: 0, disordered: 0 };
  for (; result.count < records; result.count++) {
    const end = lengthOf(random, payload.length);
    words.setUint32(4, result.count);
    payload.fill(random.below(256), PREFIX_BYTES, end);
    payload[end - 1] = random.below(256);
    words.setUint32(0, checksum(payload, 4, end));
    let attempt = 0;
    while (!inbox.write(writer + 1, payload, 0, end)) {
      result.refused++;
      yieldCore(++attempt);
    }
    result.bytes += end;
  }
  Atomics.add(done, 0, 1);
  return result;
}

/** A length that is mostly short, sometimes up to `most`. */
function lengthOf(random: Random, most: number): number {
  const bound = random.below(8) === 0 ? most : Math.min(most, 64);
  return PREFIX_BYTES + 1 + random.below(bound - PREFIX_BYTES);
}

class Checker implements InboxSink {
  readonly result: InboxResult = { count: 0, bytes: 0, refused: 0, torn: 0, disordered: 0 };
  readonly #next: Int32Array;

  constructor(writers: number) {
    this.#next = new Int32Array(writers);
  }

  record(type: number, bytes: Uint8Array, start: number, end: number): void {
    const words = new DataView(bytes.buffer, bytes.byteOffset + start, PREFIX_BYTES);
    this.result.count++;
    this.result.bytes += end - start;
    if (words.getUint32(0) !== checksum(bytes, start + 4, end)) this.result.torn++;
    const number = words.getUint32(4);
    if (number !== this.#next[type - 1]) this.result.disordered++;
    this.#next[type - 1] = number + 1;
  }
}

function own({ memory, done, writers }: InboxSetting): InboxResult {
  const inbox = openSharedState(memory).inbox(0);
  const checker = new Checker(writers);
  let attempt = 0;
  for (;;) {
    // Read before the drain: if all writers were done and the inbox is empty, it stays empty.
    const over = Atomics.load(done, 0) === writers;
    // A small limit, so that it is reached.
    if (inbox.drain(checker, 20) > 0) {
      attempt = 0;
      continue;
    }
    if (over) return checker.result;
    checker.result.refused++;
    yieldCore(++attempt);
  }
}

/** FNV-1a. */
function checksum(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return hash >>> 0;
}
