/**
 * A part of an outgoing queue that is referenced and not copied: bytes that never change, or a range of an open
 * file.
 *
 * In: where the bytes are. Out: one immutable object that may be in the queues of many connections at the same
 * time. Each connection's queue records how much of it that connection has sent.
 */

import type { OpenFile } from "./transport.ts";

const NO_BYTES = new Uint8Array(0);

/** The bytes `[start, end)` of memory or of a file. */
export class OutgoingPart {
  /** The memory that holds the bytes, unless {@link file} is set. They must never change. */
  readonly bytes: Uint8Array;
  /** The file that holds the bytes; null: they are in memory. Each queue holds a reference of its own. */
  readonly file: OpenFile | null;
  /** The first byte. */
  readonly start: number;
  /** The end: one past the last byte. */
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

  /** Number of bytes. */
  get length(): number {
    return this.end - this.start;
  }
}

/** Bytes that were encoded to be sent to several connections. Their memory counts once, while any queue has them. */
export class SharedPart extends OutgoingPart {
  /** Queues that have it. Written by the queues. */
  holders = 0;
}

/** A segment of one queue's own bytes, whose memory is returned when it is sent. */
export class OwnPart extends OutgoingPart {
  declare readonly bytes: Uint8Array<ArrayBuffer>;
}
