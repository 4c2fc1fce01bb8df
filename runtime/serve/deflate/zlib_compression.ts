/**
 * The compression of one worker: messages are deflated and inflated one at a time, each from an empty window.
 *
 * In: payloads. Out: compressed payloads, and messages. Called by sessions and frame readers of one worker. The streams are made
 * when the first message needs them, and serve all connections: some 300 KiB each for a worker, and nothing for a connection.
 *
 * Longest distances: zlib has no window of 256 bytes. With one of 512 it looks back at most 250 bytes, as it keeps the
 * longest match and some bytes more free; a test reads what it makes.
 */

import zlib from "node:zlib";
import type { InflateResult, PayloadBuffer } from "../../../protocol/mod.ts";
import type { Compression } from "../session/mod.ts";
import { RawStream } from "./raw_stream.ts";

/** For messages to one peer. Measured with 1 KiB of JSON records: 56 % smaller in 7 µs. */
const LEVEL = 1;
/** For messages to many: 66 % smaller in 24 µs. Level 2 needs 20 µs for 64 %, level 9 32 µs for 66 %. */
const DENSE_LEVEL = 6;
/** zlib's smallest window for raw DEFLATE. */
const LEAST_WINDOW = 9;
/** What a sync flush ends with, and RFC 7692 section 7.2.1 removes. */
const FLUSH_BYTES = 4;
/**
 * Those four bytes, then a last empty block, and one byte more that is not read. Only a message that ends where a block ends
 * reads exactly to there: so a message that was cut off is found out.
 */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff, 0);
/** Room for a first piece of the message that is inflated, with its headroom 16 KiB; then twice as much each time. */
const FIRST_PIECE = 16 * 1024 - 16;
/** A message that becomes longer is inflated again, into memory of the right size. */
const STORED_AT_ONCE = 1024 * 1024;
/** Takes what is only counted. */
const SCRATCH = new Uint8Array(64 * 1024);
/** A longer result is not kept as {@link ZlibCompression.output}. */
const KEPT_OUTPUT = 64 * 1024;

/** A part of an array. */
interface Range {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Compresses for one worker. */
export class ZlibCompression implements Compression {
  output: Uint8Array = new Uint8Array(KEPT_OUTPUT);
  readonly #deflating: (RawStream | undefined)[] = [];
  readonly #deflatingDensely: (RawStream | undefined)[] = [];
  #inflating: RawStream | undefined = undefined;
  #isPublicOnly: boolean;
  #saved = 0;

  /** @param isPublicOnly true: uses only what node:zlib documents, which is slower */
  constructor(isPublicOnly = false) {
    this.#isPublicOnly = isPublicOnly;
  }

  takeSaved(): number {
    const saved = this.#saved;
    this.#saved = 0;
    return saved;
  }

  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    windowBits: number,
    isDense = false,
  ): number {
    const length = end - start;
    const bits = Math.max(windowBits, LEAST_WINDOW);
    const stream = this.#deflatingStream(bits, isDense);
    // No room for more than the message has: a result that fills it saves nothing.
    const room = length + FLUSH_BYTES - 1;
    if (stream === undefined) {
      return this.#deflateOnce(bytes.subarray(start, end), bits, levelOf(isDense));
    }
    this.#makeOutput(room);
    const isWritten = stream.write(bytes, [start, end], this.output, [0, room]);
    const count = room - stream.outputLeft - FLUSH_BYTES;
    const isWhole = isWritten && stream.outputLeft > 0 && stream.inputLeft === 0;
    stream.reset();
    return isWhole ? count : 0;
  }

  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    target: PayloadBuffer,
    limit: number,
  ): InflateResult {
    // RFC 7692 section 7.2.3.6: an empty message is one byte 00. zlib writes no byte at all if it is flushed twice,
    // so a sender that does not look at that sends none.
    if (start === end) return "done";
    const stream = this.#inflatingStream();
    const before = target.length;
    const result = stream === undefined
      ? inflateOnce(bytes.subarray(start, end), target, limit)
      : inflateBy(stream, { bytes, start, end }, target, limit);
    if (result === "done") this.#saved += Math.max(target.length - before - (end - start), 0);
    return result;
  }

  #deflatingStream(bits: number, isDense: boolean): RawStream | undefined {
    if (this.#isPublicOnly) return undefined;
    const streams = isDense ? this.#deflatingDensely : this.#deflating;
    const stream = streams[bits] ??= RawStream.deflating(bits, levelOf(isDense));
    if (stream === undefined) this.#isPublicOnly = true;
    return stream;
  }

  #inflatingStream(): RawStream | undefined {
    if (this.#isPublicOnly) return undefined;
    this.#inflating ??= RawStream.inflating();
    if (this.#inflating === undefined) this.#isPublicOnly = true;
    return this.#inflating;
  }

  #deflateOnce(message: Uint8Array, windowBits: number, level: number): number {
    const options = { level, windowBits, finishFlush: zlib.constants.Z_SYNC_FLUSH };
    const result = zlib.deflateRawSync(message, options);
    const count = result.length - FLUSH_BYTES;
    if (count >= message.length) return 0;
    this.#makeOutput(count);
    this.output.set(result.subarray(0, count));
    return count;
  }

  #makeOutput(count: number): void {
    if (count > this.output.length) this.output = new Uint8Array(count);
    else if (this.output.length > KEPT_OUTPUT && count <= KEPT_OUTPUT) {
      this.output = new Uint8Array(KEPT_OUTPUT);
    }
  }
}

function levelOf(isDense: boolean): number {
  return isDense ? DENSE_LEVEL : LEVEL;
}

/** Where inflated bytes go: into a payload, or nowhere, if they are only counted. */
interface Output {
  readonly target: PayloadBuffer | null;
  /** Bytes that may be written: one more is too many. */
  readonly limit: number;
  /** Bytes of the first piece; each further one is twice as long. */
  readonly piece: number;
}

/**
 * Inflates into `target`. A message that becomes long is counted first, and then its memory is allocated at once: one that exceeds the
 * limit takes none.
 */
function inflateBy(
  stream: RawStream,
  payload: Range,
  target: PayloadBuffer,
  limit: number,
): InflateResult {
  const before = target.end;
  const piece = Math.max(FIRST_PIECE, 4 * (payload.end - payload.start));
  const first = pass(stream, payload, { target, limit: Math.min(limit, STORED_AT_ONCE), piece });
  if (first !== "too big" || limit <= STORED_AT_ONCE) return toResult(first);
  target.end = before;
  const count = pass(stream, payload, { target: null, limit, piece });
  if (typeof count === "string") return count;
  return toResult(pass(stream, payload, { target, limit: count, piece: count + 1 }));
}

function toResult(count: number | "too big" | "invalid"): InflateResult {
  return typeof count === "number" ? "done" : count;
}

/** Inflates a payload from its beginning, piece by piece; returns the bytes of the message, or why there is none. */
function pass(stream: RawStream, payload: Range, output: Output): number | "too big" | "invalid" {
  const { target, limit } = output;
  let { piece } = output;
  let { bytes: input, start: at, end } = payload;
  let count = 0;
  try {
    for (;;) {
      // One byte more than may be: who needs it has too many.
      const room = Math.min(target === null ? SCRATCH.length : piece, limit + 1 - count);
      target?.makeRoom(room, room);
      const into = target?.bytes ?? SCRATCH;
      const start = target?.end ?? 0;
      if (!stream.write(input, [at, end], into, [start, start + room])) return "invalid";
      const written = room - stream.outputLeft;
      count += written;
      if (target !== null) target.end += written;
      if (count > limit) return "too big";
      at = end - stream.inputLeft;
      piece *= 2;
      if (stream.outputLeft === 0) continue;
      // Here zlib can write no more: it has read all input, or met the last block of a stream.
      if (input === TAIL) return isAtEnd(stream.inputLeft) ? count : "invalid";
      if (stream.inputLeft > 0) return isOnlyPadding(input, at, end) ? count : "invalid";
      input = TAIL;
      at = 0;
      end = TAIL.length;
    }
  } finally {
    stream.reset();
  }
}

/** After the tail: its last byte alone is not read; none is read if the message itself ended with a last block. */
function isAtEnd(inputLeft: number): boolean {
  return inputLeft === 1 || inputLeft === TAIL.length;
}

/** RFC 7692 section 7.2.3.4: after a last block, a sender adds the byte 00. */
function isOnlyPadding(input: Uint8Array, at: number, end: number): boolean {
  return end - at === 1 && input[at] === 0;
}

/** The same by the public function, which needs the message and its tail in one array, and makes the result itself. */
function inflateOnce(payload: Uint8Array, target: PayloadBuffer, limit: number): InflateResult {
  const whole = new Uint8Array(payload.length + TAIL.length);
  whole.set(payload);
  whole.set(TAIL, payload.length);
  try {
    const message = zlib.inflateRawSync(whole, { maxOutputLength: Math.max(limit, 1) });
    if (message.length > limit) return "too big";
    target.append(message, 0, message.length, message.length);
    return "done";
  } catch (error) {
    return (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? "too big" : "invalid";
  }
}
