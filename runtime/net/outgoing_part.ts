/**
 * A part of what a connection sends that is not copied into its queue: bytes that never change, or a
 * run of an open file.
 *
 * In: where the bytes are. Out: one immutable object that may stand in the queues of many connections at
 * the same time. How much of it a connection has sent is kept in that connection's queue.
 */

import type { OpenFile } from "./transport.ts";

const NO_BYTES = new Uint8Array(0);

/** The bytes `[start, end)` of memory or of a file. */
export class OutgoingPart {
  /** Where the bytes are, unless {@link file} has them. They must never change. */
  readonly bytes: Uint8Array;
  /** The file that has the bytes; null: they are in memory. Each queue holds it for itself. */
  readonly file: OpenFile | null;
  /** The first byte. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;

  constructor(source: Uint8Array | OpenFile, start: number, end: number) {
    const isMemory = source instanceof Uint8Array;
    if (!(start >= 0 && start <= end) || (isMemory && end > source.length)) {
      throw new RangeError(`there are no bytes ${start} to ${end} to send`);
    }
    this.bytes = isMemory ? source : NO_BYTES;
    this.file = isMemory ? null : source;
    this.start = start;
    this.end = end;
  }

  /** How many bytes there are. */
  get length(): number {
    return this.end - this.start;
  }
}

/** A full segment of one queue's own bytes, whose memory goes back when it is sent. */
export class OwnPart extends OutgoingPart {
  declare readonly bytes: Uint8Array<ArrayBuffer>;
}
