/**
 * The outgoing queue of one connection: the only way to send anything on it.
 *
 * In: bytes that encoders append (it is a ByteBuffer), parts by reference, and bytes that are valid only
 * during the call (`write`). Out: `first`, `gather` and `taken` for the transport, which sends. It belongs to
 * one connection for that connection's life and shares its memory with no other queue. So bytes appended here
 * cannot reach another peer, even while another queue holds half a message.
 *
 * Appending sends nothing. The queue is added to the worker's batch, and all bytes appended during a batch of
 * events leave in one send. An empty queue owns no memory: it borrows a segment from the batch with the first
 * byte and returns it with the last.
 *
 * The queue has no limit of its own, since half a message cannot be taken back. The caller checks
 * `Transport.queuedBytes` first: HTTP handles no further request while anything waits, and a WebSocket applies
 * its overflow policy (websocket_session.ts).
 */

import { ByteBuffer } from "../../protocol/basics.ts";
import type { OutgoingBatch } from "./outgoing_batch.ts";
import { OutgoingPart, OwnPart, SharedPart } from "./outgoing_part.ts";
import type { OpenFile } from "./transport.ts";

/** Above this size a queue is sent before more is appended. Measured: larger sends gain nothing. */
export const FULL_BYTES = 64 * 1024;
/** Parts up to this length are copied together into one send, which is cheaper than one send each. */
const GATHERED_PART = 4 * 1024;

const NO_BYTES = new Uint8Array(0);
const NO_PARTS: OutgoingPart[] = [];

// The state of a queue as bits of one number, to save memory: there are thousands of queues.
/** It is in the batch's list. */
const LISTED = 1;
/** The socket took less than there was. */
const WAITS = 2;
/** The connection is ending: what is appended now is dropped. */
const ENDED = 4;

/** Sends what a queue holds: the transport. Each call may end the connection. */
export interface OutgoingSink {
  /** The batch of its worker. */
  readonly batch: OutgoingBatch;
  /** Sends what is queued, as much as the socket takes at once. */
  sendQueued(): void;
  /** Sends what is queued and `bytes[start, end)`, which are valid until it returns; queues a copy of the rest. */
  sendNow(bytes: Uint8Array, start: number, end: number): void;
}

/** Bytes on their way to one peer. */
export class Outgoing extends ByteBuffer {
  readonly #sink: OutgoingSink;
  // Parts that precede the bytes being appended now, in order. Nearly always there is one, such as a published message: a list
  // for it would be allocated again each time, as V8 drops the memory of an array that becomes empty.
  #first: OutgoingPart | null = null;
  #rest: OutgoingPart[] = NO_PARTS;
  // Unsent bytes of the parts, and bytes of the first part that were sent.
  #partBytes = 0;
  #offset = 0;
  #flags = 0;

  /** Made once, by the transport. */
  constructor(sink: OutgoingSink) {
    super(0);
    this.#sink = sink;
  }

  /** Bytes that are not sent yet. */
  get size(): number {
    return (this.#flags & ENDED) === 0 ? this.#partBytes + this.length : this.#partBytes;
  }

  /** Bytes of memory that are free again if the queue is cleared: its own, and parts that no other queue has. */
  get heldBytes(): number {
    let bytes = this.bytes.length + heldBy(this.#first);
    for (const part of this.#rest) bytes += heldBy(part);
    return bytes;
  }

  /** Whether the socket took less than was queued, so that the peer has to read first. Set by the transport. */
  get waits(): boolean {
    return (this.#flags & WAITS) !== 0;
  }

  set waits(waits: boolean) {
    this.#flags = waits ? this.#flags | WAITS : this.#flags & ~WAITS;
  }

  /** If it has one message alone that others may have too: how many queues have it; otherwise 0. */
  get holders(): number {
    const first = this.#first;
    const isAlone = this.#rest === NO_PARTS && this.length === 0;
    return isAlone && first instanceof SharedPart ? first.holders : 0;
  }

  /** Whether it should be flushed before more is appended. */
  get isFull(): boolean {
    return this.size >= FULL_BYTES && !this.waits;
  }

  // Called by sessions, in addition to the methods of a ByteBuffer.

  /** Appends a part by reference, which may be in other queues too. */
  appendPart(part: OutgoingPart): void {
    if (part.length === 0 || (this.#flags & ENDED) !== 0) return;
    this.#list();
    this.seal();
    part.file?.hold();
    this.#push(part);
  }

  /** Appends `source[start, end)` by reference: bytes that never change, or a part of a file. */
  appendConstant(source: Uint8Array | OpenFile, start: number, end: number): void {
    this.appendPart(new OutgoingPart(source, start, end));
  }

  /** Sends bytes that are valid only during this call, after what is queued; queues a copy of the rest. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (start === end || (this.#flags & ENDED) !== 0) return;
    this.#sink.sendNow(bytes, start, end);
  }

  /** Sends now, without waiting for the end of the batch. May end the connection. */
  flush(): void {
    this.#sink.sendQueued();
  }

  // Called by the batch and the transport.

  /** The batch is over. */
  flushListed(): void {
    this.#flags &= ~LISTED;
    // An encoder that threw left an empty segment. If kept, bytes that fit it would not add the queue to the
    // batch again.
    if (this.length === 0 && this.bytes.length > 0) this.sentAll();
    this.#sink.sendQueued();
  }

  /** Whether the queue holds only appended bytes, at `bytes[0, length)`: the usual case. */
  get isPlain(): boolean {
    return this.#first === null && (this.#flags & ENDED) === 0;
  }

  /** All of a plain queue was sent. */
  sentAll(): void {
    this.#sink.batch.giveSegment(this.bytes);
    this.bytes = NO_BYTES;
    this.length = 0;
  }

  /** Turns the appended bytes into a part, so that other parts can follow. */
  seal(): void {
    if (this.length === 0 || (this.#flags & ENDED) !== 0) return;
    const { bytes, length } = this;
    // A waiting queue should hold little more memory than it has bytes, however many parts it has.
    const isWasteful = this.waits && length * 2 < bytes.length;
    if (isWasteful) {
      this.#push(new OutgoingPart(bytes.slice(0, length), 0, length));
      this.#sink.batch.giveSegment(bytes);
    } else {
      this.#push(new OwnPart(bytes, 0, length));
    }
    this.bytes = NO_BYTES;
    this.length = 0;
  }

  /** The part to send next, or null. Call {@link seal} first. */
  get first(): OutgoingPart | null {
    return this.#first;
  }

  /** Offset of the first unsent byte in the first part. */
  get firstStart(): number {
    return this.#first === null ? 0 : this.#first.start + this.#offset;
  }

  /**
   * Bytes of memory that the next send takes: the first part, or several short parts in a row, which the caller
   * has to {@link gather}.
   */
  get nextLength(): number {
    const first = this.#first;
    if (first === null) return 0;
    let count = first.length - this.#offset;
    if (first.file !== null || count > GATHERED_PART) return count;
    for (const { length, file } of this.#rest) {
      const isShort = file === null && length <= GATHERED_PART;
      if (!isShort || count + length > FULL_BYTES) return count;
      count += length;
    }
    return count;
  }

  /** Whether it has parts of files, which cannot be gathered. */
  get hasFiles(): boolean {
    const first = this.#first;
    return first !== null && [first, ...this.#rest].some(({ file }) => file !== null);
  }

  /** Copies the first {@link nextLength} bytes, `count` of them, to the beginning of `target`. */
  gather(target: Uint8Array, count: number): void {
    const first = this.#first;
    if (first === null) return;
    target.set(first.bytes.subarray(first.start + this.#offset, first.end), 0);
    let at = first.length - this.#offset;
    for (const part of this.#rest) {
      if (at === count) return;
      target.set(part.bytes.subarray(part.start, part.end), at);
      at += part.length;
    }
  }

  /** The socket took `count` bytes of the parts. */
  taken(count: number): void {
    this.#partBytes -= count;
    this.#offset += count;
    for (let part = this.#first; part !== null && this.#offset >= part.length; part = this.#first) {
      this.#offset -= part.length;
      this.#first = this.#rest === NO_PARTS ? null : this.#rest.shift() ?? null;
      this.#release(part);
    }
    if (this.#first === null) this.#giveParts();
  }

  /** The connection ends once the queue is sent: bytes appended from now on are dropped. */
  end(): void {
    this.seal();
    this.#flags |= ENDED;
  }

  /** Drops everything. `inFlight`: a write still reads from the first part, so its memory is not reused. */
  override clear(inFlight = false): void {
    if (this.bytes.length > 0) this.sentAll();
    if (this.#first !== null) this.#dropParts(this.#first, inFlight);
    this.#partBytes = 0;
    this.waits = false;
  }

  protected override grow(count: number): void {
    this.#list();
    // A full segment is not enlarged: growing by copies would copy its bytes again and again.
    if (this.length >= FULL_BYTES) this.seal();
    const { bytes, length } = this;
    const grown = this.#sink.batch.takeSegment(
      length === 0 ? count : Math.max(length + count, Math.min(length * 4, FULL_BYTES)),
    );
    if (length > 0) grown.set(bytes.subarray(0, length));
    this.bytes = grown;
    if (bytes.length > 0) this.#sink.batch.giveSegment(bytes);
  }

  #list(): void {
    if ((this.#flags & LISTED) !== 0) return;
    this.#flags |= LISTED;
    this.#sink.batch.add(this);
  }

  #push(part: OutgoingPart): void {
    if (this.#first === null) {
      this.#first = part;
    } else {
      if (this.#rest === NO_PARTS) this.#rest = this.#sink.batch.takeList();
      this.#rest.push(part);
    }
    this.#partBytes += part.length;
    if (part instanceof SharedPart && part.holders++ === 0) {
      this.#sink.batch.sharedBytes += part.bytes.length;
    }
  }

  #release(part: OutgoingPart): void {
    if (part instanceof OwnPart) this.#sink.batch.giveSegment(part.bytes);
    else if (!(part instanceof SharedPart)) part.file?.release();
    else if (--part.holders === 0) this.#sink.batch.sharedBytes -= part.bytes.length;
  }

  #dropParts(first: OutgoingPart, inFlight: boolean): void {
    if (inFlight && first instanceof OwnPart) this.#sink.batch.forgetSegment(first.bytes);
    else this.#release(first);
    this.#first = null;
    for (const part of this.#rest) this.#release(part);
    // Setting a length costs a call into V8, for most connections in vain.
    if (this.#rest !== NO_PARTS) this.#rest.length = 0;
    this.#giveParts();
  }

  #giveParts(): void {
    this.#offset = 0;
    if (this.#rest === NO_PARTS) return;
    this.#sink.batch.giveList(this.#rest);
    this.#rest = NO_PARTS;
  }
}

/** Bytes of memory that are free again without this part. */
function heldBy(part: OutgoingPart | null): number {
  const isOwn = part instanceof OwnPart || (part instanceof SharedPart && part.holders === 1);
  return isOwn ? part.bytes.length : 0;
}
