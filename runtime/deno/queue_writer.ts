/**
 * What of a queue is being written to a connection of Deno: one write after the other.
 *
 * In: the connection's queue. Out: `next`, the bytes of one write, and `wrote` when the write has told how
 * many it took. Each write costs a promise, and with TLS a record, so short parts go together. Of a file
 * one slice is in memory. What a write in flight reads from is never touched, nor given to somebody
 * else, before it has ended.
 */

import type { OpenFile, Outgoing, OutgoingBatch } from "../net/mod.ts";
import { EIO } from "../os/mod.ts";

/** One write is no longer, so that a peer that reads slowly is seen to read. */
const LONGEST = 256 * 1024;

/** Writes the queue of one connection. */
export class QueueWriter {
  readonly #out: Outgoing;
  readonly #batch: OutgoingBatch;
  /** Bytes of the write in flight, or 0. */
  flight = 0;
  // Where they are, if that is not in the queue: short parts together, or a slice of a file, of which
  // [#start, #end) is not written yet.
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #start = 0;
  #end = 0;

  constructor(out: Outgoing, batch: OutgoingBatch) {
    this.#out = out;
    this.#batch = batch;
  }

  /** Whether a write was begun by {@link next} and has not ended. */
  get inFlight(): boolean {
    return this.flight > 0;
  }

  /**
   * The bytes of the next write, which must be made now; null where none wait or one is in flight. A
   * negated errno where they cannot be read: EIO where the file has become too short.
   */
  next(): Uint8Array | null | number {
    if (this.inFlight) return null;
    this.#out.seal();
    const part = this.#out.first;
    if (part === null) return null;
    const start = this.#out.firstStart;
    if (part.file !== null) return this.#nextOfFile(part.file, start, part.end);
    const length = this.#out.nextLength;
    if (start + length > part.end) return this.#nextOfSeveral(length);
    this.flight = Math.min(length, LONGEST);
    return part.bytes.subarray(start, start + this.flight);
  }

  /** The write in flight took `count` bytes. */
  wrote(count: number): void {
    if (!this.inFlight) throw new RangeError("nothing was being written");
    const isOfFile = this.#buffer !== null && this.#out.first?.file !== null;
    this.#out.taken(count);
    this.flight = 0;
    this.#start += count;
    // What is left of short parts is put together anew; a slice of a file would have to be read again.
    if (!isOfFile || this.#start === this.#end) this.#giveBuffer();
  }

  /** The write in flight of a connection that is gone has ended. */
  landed(): void {
    this.flight = 0;
  }

  /** Drops all. What a write in flight reads from is left to it. */
  clear(): void {
    this.#out.clear(this.inFlight && this.#buffer === null);
    if (this.#buffer === null) return;
    if (this.inFlight) this.#batch.forgetSegment(this.#buffer);
    else this.#batch.giveSegment(this.#buffer);
    this.#buffer = null;
  }

  #nextOfSeveral(length: number): Uint8Array {
    this.#buffer = this.#batch.takeSegment(length);
    this.#out.gather(this.#buffer, length);
    this.#start = 0;
    this.#end = length;
    this.flight = length;
    return this.#buffer.subarray(0, length);
  }

  /** Reads a slice where none is in memory: pread(2) blocks no longer than the disk takes for it. */
  #nextOfFile(file: OpenFile, start: number, end: number): Uint8Array | number {
    if (this.#buffer === null) {
      const length = Math.min(end - start, LONGEST);
      this.#buffer = this.#batch.takeSegment(length);
      const count = file.read(this.#buffer, { start: 0, end: length, offset: start });
      if (count <= 0) return count === 0 ? -EIO : count;
      this.#start = 0;
      this.#end = count;
    }
    this.flight = this.#end - this.#start;
    return this.#buffer.subarray(this.#start, this.#end);
  }

  #giveBuffer(): void {
    if (this.#buffer === null) return;
    this.#batch.giveSegment(this.#buffer);
    this.#buffer = null;
  }
}
