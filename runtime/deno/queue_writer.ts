/**
 * Writes a connection's outgoing queue to a `Deno.Conn`, one write after the other.
 *
 * In: the connection's queue. Out: `next`, the bytes of one write; the caller then calls `wrote` with the
 * number of bytes that the write took. Each write costs a promise, and with TLS a record, so short parts are
 * joined. One slice of a file is in memory at a time. Memory that a write in flight reads from is neither
 * changed nor reused before the write has ended.
 */

import type { OpenFile, Outgoing, OutgoingBatch } from "../net/mod.ts";
import { EIO } from "../os/mod.ts";

/** The longest write: short enough that progress of a slow peer is noticed. */
const LONGEST = 256 * 1024;

/** Writes the queue of one connection. */
export class QueueWriter {
  readonly #out: Outgoing;
  readonly #batch: OutgoingBatch;
  /** Bytes of the write in flight, or 0. */
  flight = 0;
  // Their memory, if it is not the queue's: joined short parts, or a slice of a file, of which [#start, #end)
  // is not written yet.
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #start = 0;
  #end = 0;

  constructor(out: Outgoing, batch: OutgoingBatch) {
    this.#out = out;
    this.#batch = batch;
  }

  /** Bytes of memory that it has beside the queue. */
  get heldBytes(): number {
    return this.#buffer === null ? 0 : this.#buffer.length;
  }

  /** Whether a write was begun by {@link next} and has not ended. */
  get inFlight(): boolean {
    return this.flight > 0;
  }

  /**
   * The bytes of the next write, which the caller must begin now; null if none wait or a write is in flight. A
   * negated errno if they cannot be read: EIO if the file has become too short.
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
    if (!this.inFlight) throw new RangeError("no write is in flight");
    const isOfFile = this.#buffer !== null && this.#out.first?.file !== null;
    this.#out.taken(count);
    this.flight = 0;
    this.#start += count;
    // The rest of short parts is joined again; a slice of a file is kept, since it would have to be read again.
    if (!isOfFile || this.#start === this.#end) this.#giveBuffer();
  }

  /** The write in flight of a connection that is gone has ended. */
  landed(): void {
    this.flight = 0;
  }

  /** Drops everything, except the memory that a write in flight reads from. */
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

  /** Reads a slice if none is in memory; pread(2) blocks as long as the disk takes. */
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
