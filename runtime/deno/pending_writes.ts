/**
 * What waits to be written to one connection of Deno, in order: bytes, and parts of files.
 *
 * In: `push` and `pushFile`, any number of times within a turn. Out: `next`, the bytes of one write, and
 * `wrote` when the write has told how many it took. Short pushes are gathered in one buffer, since each
 * write costs a promise, and with TLS a record. Bytes that never change are kept by reference; of a file,
 * which is held until its part is sent, one slice is in memory. What a write in flight refers to is
 * never touched, nor given back, before it has ended.
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import type { OpenFile } from "../net/mod.ts";
import { EIO } from "../os/mod.ts";

/** A longer constant goes out as it is; a shorter one is cheaper to gather with its neighbours. */
const GATHERED = 16 * 1024;
/** One write is no longer, so that a peer that reads slowly is seen to read. */
const LONGEST = 256 * 1024;

const NOTHING = new Uint8Array(0);

interface Chunk {
  /** Where the bytes are; null: in memory. */
  readonly file: OpenFile | null;
  readonly bytes: Uint8Array;
  start: number;
  end: number;
  /** The pool's buffer, which may have room behind `end`; null: not ours. */
  readonly lent: Uint8Array<ArrayBuffer> | null;
}

/** Bytes waiting for one connection. */
export class PendingWrites {
  readonly #pool: MessageBufferPool;
  readonly #chunks: Chunk[] = [];
  #length = 0;
  #inFlight = false;
  // Of the file that comes first: what was read of it, and not written yet.
  #slice: Uint8Array<ArrayBuffer> | null = null;
  #sliceStart = 0;
  #sliceEnd = 0;

  /** @param pool lends the memory of copies */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Bytes that wait, those of a write in flight among them. */
  get length(): number {
    return this.#length;
  }

  /** Whether a write was begun by {@link next} and has not ended. */
  get inFlight(): boolean {
    return this.#inFlight;
  }

  /** Puts `bytes[start, end)` behind what waits. `constant`: they never change, keep no copy. */
  push(bytes: Uint8Array, start: number, end: number, constant: boolean): void {
    const count = end - start;
    this.#length += count;
    if (constant && count > GATHERED) {
      this.#chunks.push({ file: null, bytes, start, end, lent: null });
      return;
    }
    const last = this.#chunks.at(-1);
    const isTaken = this.#inFlight && this.#chunks.length === 1;
    if (
      last !== undefined && !isTaken && last.lent !== null && last.end + count <= last.lent.length
    ) {
      last.lent.set(
        start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
        last.end,
      );
      last.end += count;
      return;
    }
    const lent = this.#pool.take(count);
    lent.set(bytes.subarray(start, end));
    this.#chunks.push({ file: null, bytes: lent, start: 0, end: count, lent });
  }

  /** Puts `file[start, end)` behind what waits, and holds the file. */
  pushFile(file: OpenFile, start: number, end: number): void {
    file.hold();
    this.#length += end - start;
    this.#chunks.push({ file, bytes: NOTHING, start, end, lent: null });
  }

  /**
   * The bytes of the next write, which must be made now; null where none wait or one is in flight. A
   * negated errno where they cannot be read: EIO where the file has become too short.
   */
  next(): Uint8Array | null | number {
    const chunk = this.#chunks[0];
    if (this.#inFlight || chunk === undefined) return null;
    if (chunk.file !== null) return this.#nextOfFile(chunk.file, chunk);
    this.#inFlight = true;
    return chunk.bytes.subarray(chunk.start, Math.min(chunk.end, chunk.start + LONGEST));
  }

  /** The write in flight took `count` bytes. */
  wrote(count: number): void {
    this.#inFlight = false;
    const chunk = this.#chunks[0];
    if (chunk === undefined) throw new RangeError("nothing was being written");
    this.#length -= count;
    chunk.start += count;
    if (chunk.file !== null) {
      this.#sliceStart += count;
      if (this.#sliceStart === this.#sliceEnd) this.#giveSlice();
    }
    if (chunk.start < chunk.end) return;
    this.#chunks.shift();
    chunk.file?.release();
    if (chunk.lent !== null) this.#pool.give(chunk.lent);
  }

  /** Drops all. What a write in flight refers to is left to it. */
  clear(): void {
    this.#giveSlice();
    for (const [i, { file, lent }] of this.#chunks.entries()) {
      file?.release();
      if (lent === null) continue;
      if (i === 0 && this.#inFlight) this.#pool.forget(lent);
      else this.#pool.give(lent);
    }
    this.#chunks.length = 0;
    this.#length = 0;
  }

  /** Reads a slice where none is in memory: pread(2) blocks no longer than the disk takes for it. */
  #nextOfFile(file: OpenFile, { start, end }: Chunk): Uint8Array | number {
    if (this.#slice === null) {
      const length = Math.min(end - start, LONGEST);
      this.#slice = this.#pool.take(length);
      const count = file.read(this.#slice, { start: 0, end: length, offset: start });
      if (count <= 0) return count === 0 ? -EIO : count;
      this.#sliceStart = 0;
      this.#sliceEnd = count;
    }
    this.#inFlight = true;
    return this.#slice.subarray(this.#sliceStart, this.#sliceEnd);
  }

  #giveSlice(): void {
    if (this.#slice === null) return;
    if (this.#inFlight) this.#pool.forget(this.#slice);
    else this.#pool.give(this.#slice);
    this.#slice = null;
  }
}
