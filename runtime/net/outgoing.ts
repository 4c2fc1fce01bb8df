/**
 * The outgoing queue of one connection: the only way to send anything on it.
 *
 * In: bytes that encoders append (it is a ByteBuffer), parts by reference, and bytes that are valid only
 * during the call (`write`). Out: `first`, `gather` and `taken` for the transport, which sends. It
 * belongs to one connection for that connection's life, and its memory is shared with no other queue, so that what is
 * appended here cannot reach another peer, whoever appends and whatever is half appended elsewhere.
 *
 * Nothing is sent when it is appended. The queue enters the worker's batch, and everything that a batch of
 * events appended leaves in one send. An empty queue owns no memory: a segment is lent by the batch
 * with the first byte and goes back with the last.
 *
 * The queue has no bound by itself, since half a message cannot be taken back. Who appends asks
 * `Transport.queuedBytes` first: HTTP handles no further request while anything waits, and a WebSocket
 * acts by its overflow policy (websocket_session.ts).
 */

import { ByteBuffer } from "../../protocol/mod.ts";
import type { OutgoingBatch } from "./outgoing_batch.ts";
import { OutgoingPart, OwnPart } from "./outgoing_part.ts";
import type { OpenFile } from "./transport.ts";

/** Above this a queue is sent before more is appended. Measured: larger sends gain nothing. */
export const FULL_BYTES = 64 * 1024;
/** Parts up to this length are copied together into one send: cheaper than a send for each. */
const GATHERED_PART = 4 * 1024;

const NO_BYTES = new Uint8Array(0);
const NO_PARTS: OutgoingPart[] = [];

// What holds of a queue, as bits of one number: there are thousands of queues.
/** It is in the batch's list. */
const LISTED = 1;
/** The socket took less than there was. */
const WAITS = 2;
/** The connection ends: what is appended now is dropped. */
const ENDED = 4;

/** Who sends what a queue has: the transport. Its calls may end the connection. */
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
  // What goes before the bytes that are appended now, in order.
  #parts: OutgoingPart[] = NO_PARTS;
  // Bytes of the parts that are not sent yet, and bytes of the first part that are.
  #partBytes = 0;
  #offset = 0;
  #flags = 0;

  /** Made by the transport, once. */
  constructor(sink: OutgoingSink) {
    super(0);
    this.#sink = sink;
  }

  /** Bytes that are not sent yet. */
  get size(): number {
    return (this.#flags & ENDED) === 0 ? this.#partBytes + this.length : this.#partBytes;
  }

  /** Whether the socket took less than there was, so that the peer has to read first. Set by the transport. */
  get waits(): boolean {
    return (this.#flags & WAITS) !== 0;
  }

  set waits(waits: boolean) {
    this.#flags = waits ? this.#flags | WAITS : this.#flags & ~WAITS;
  }

  /** Whether it should be flushed before more is appended. */
  get isFull(): boolean {
    return this.size >= FULL_BYTES && !this.waits;
  }

  // What sessions call, beside the methods of a ByteBuffer.

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

  /** Sends bytes that are valid only during this call, behind what is queued; a copy of the rest is queued. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (start === end || (this.#flags & ENDED) !== 0) return;
    this.#sink.sendNow(bytes, start, end);
  }

  /** Sends now, without waiting for the end of the batch. May end the connection. */
  flush(): void {
    this.#sink.sendQueued();
  }

  // What the batch and the transport call.

  /** The batch is over. */
  flushListed(): void {
    this.#flags &= ~LISTED;
    // An encoder that threw has left room and no bytes: kept, what fits it would enter no list any more.
    if (this.length === 0 && this.bytes.length > 0) this.sentAll();
    this.#sink.sendQueued();
  }

  /** Whether all there is are bytes that were appended, at `bytes[0, length)`: the usual case. */
  get isPlain(): boolean {
    return this.#parts === NO_PARTS && (this.#flags & ENDED) === 0;
  }

  /** All of a plain queue was sent. */
  sentAll(): void {
    this.#sink.batch.giveSegment(this.bytes);
    this.bytes = NO_BYTES;
    this.length = 0;
  }

  /** Makes a part of the bytes that were appended, so that other parts can follow. */
  seal(): void {
    if (this.length === 0 || (this.#flags & ENDED) !== 0) return;
    const { bytes, length } = this;
    // What waits should hold little more memory than it has bytes, however many parts it has.
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

  /** The part to be sent next; null: there is none. {@link seal} comes before. */
  get first(): OutgoingPart | null {
    return this.#parts[0] ?? null;
  }

  /** Where in the first part the bytes begin that are not sent yet. */
  get firstStart(): number {
    const part = this.#parts[0];
    return part === undefined ? 0 : part.start + this.#offset;
  }

  /**
   * Bytes of memory that one send takes from the beginning: those of the first part or, where several short
   * ones stand together, of those, which have to be {@link gather}ed.
   */
  get nextLength(): number {
    let count = 0;
    let offset = this.#offset;
    for (const part of this.#parts) {
      const length = part.length - offset;
      const isShort = part.file === null && length <= GATHERED_PART;
      if (!isShort || count + length > FULL_BYTES) return count === 0 ? length : count;
      count += length;
      offset = 0;
    }
    return count;
  }

  /** Copies the first {@link nextLength} bytes, `count` of them, to the beginning of `target`. */
  gather(target: Uint8Array, count: number): void {
    let at = 0;
    let offset = this.#offset;
    for (const part of this.#parts) {
      if (at === count) return;
      target.set(part.bytes.subarray(part.start + offset, part.end), at);
      at += part.length - offset;
      offset = 0;
    }
  }

  /** `count` bytes of the parts were taken by the socket. */
  taken(count: number): void {
    this.#partBytes -= count;
    this.#offset += count;
    const parts = this.#parts;
    for (let part = parts[0]; part !== undefined && this.#offset >= part.length; part = parts[0]) {
      this.#offset -= part.length;
      parts.shift();
      this.#release(part);
    }
    if (parts.length === 0) this.#giveParts();
  }

  /** The connection ends when what is here is sent: whatever is appended from now on is dropped. */
  end(): void {
    this.seal();
    this.#flags |= ENDED;
  }

  /** Drops everything. `inFlight`: somebody still reads from the first part, whose memory nobody gets again. */
  override clear(inFlight = false): void {
    if (this.bytes.length > 0) this.sentAll();
    for (const part of this.#parts) {
      const isRead = inFlight && part === this.#parts[0];
      if (isRead && part instanceof OwnPart) this.#sink.batch.forgetSegment(part.bytes);
      else this.#release(part);
    }
    this.#parts.length = 0;
    this.#giveParts();
    this.#partBytes = 0;
    this.waits = false;
  }

  protected override grow(count: number): void {
    this.#list();
    // A segment that is full stays where it is: what grows by copies would be copied again and again.
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
    if (this.#parts === NO_PARTS) this.#parts = this.#sink.batch.takeList();
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  #release(part: OutgoingPart): void {
    if (part instanceof OwnPart) this.#sink.batch.giveSegment(part.bytes);
    else part.file?.release();
  }

  #giveParts(): void {
    this.#offset = 0;
    if (this.#parts === NO_PARTS) return;
    this.#sink.batch.giveList(this.#parts);
    this.#parts = NO_PARTS;
  }
}
