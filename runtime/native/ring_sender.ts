/**
 * Sends the queues of many sockets with one system call, by io_uring.
 *
 * In: the sockets that are added between `begin` and `end`. Out: each queue is as after a send(2) of its own. The
 * kernel gets addresses within the ring's memory. A part of that is lent to the queues, whose bytes are sent from where
 * they were appended. Other bytes are copied; a part that several queues in a row begin with, such as a
 * published message, is copied once. A socket with many bytes of its own, or with a file to send, sends by itself.
 *
 * Without copies, since a copy takes a view for each answer: 120 bytes a request, which were eight scavenges a second at
 * 70,000 requests a second, and each one held up all clients of a batch.
 *
 * No session is called between filling in the entries and noting all results: it could send on a socket whose
 * bytes the kernel has and the queue still holds. So results are noted first; only then are connections ended.
 */

import type { JointSender, Outgoing, OutgoingPart } from "../net/mod.ts";
import type { IoUring } from "../os/mod.ts";
import { COLUMN, type Counters } from "../ring/mod.ts";

/** Measured with tests/bench/ring_send.ts: a send costs 0.9 of send(2) with two sockets, 0.6 with four, 0.4 with eight. */
const MINIMUM = 4;
/** Each copy begins with a cache line. */
const ALIGNMENT = 64;
/** The most bytes of one send, and the room for their copy: a segment of a queue (net/outgoing_batch.ts). */
const BYTES_PER_SEND = 4 * 1024;
/** Bytes of memory that are lent to the queues: 64 segments, each with the distance to the next one. */
const LENT_BYTES = 280 * 1024;

/** A socket that takes part. */
export interface JointSocket {
  readonly descriptor: number;
  readonly out: Outgoing;
  /** Whether it may send now. Called once for each time that it was added. */
  beginJoint(): boolean;
  /** The kernel took `result` bytes of `length`, or refused with a negated errno. Calls no session. */
  noteJoint(length: number, result: number): void;
  /** Not all was taken: ends the connection, or waits for the peer. */
  settleJoint(result: number): void;
  /** Sends by itself. */
  sendQueued(): void;
}

/** Bytes of memory that the sender needs of a ring with so many entries. */
export function ringMemoryBytes(entries: number): number {
  return entries * BYTES_PER_SEND + LENT_BYTES;
}

/** One thread's sender. */
export class RingSender implements JointSender {
  readonly minimum: number;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly #ring: IoUring;
  readonly #counters: Counters;
  // Added and not sent yet; those with an entry come first once they are filled in.
  readonly #sockets: (JointSocket | null)[] = [];
  #count = 0;
  readonly #lengths: Int32Array;
  #isOpen = false;
  // The ring works.
  #isUsable = true;
  #used = 0;
  // The last part that was copied alone, where it began, and where its copy is.
  #part: OutgoingPart | null = null;
  #partStart = 0;
  #partAt = 0;

  constructor(ring: IoUring, counters: Counters, minimum = MINIMUM) {
    this.minimum = minimum;
    this.memory = ring.bytes.subarray(ring.capacity * BYTES_PER_SEND);
    this.#ring = ring;
    this.#counters = counters;
    this.#lengths = new Int32Array(ring.capacity);
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** The byte offset of all other memory that queues have is 0. */
  owns(segment: Uint8Array<ArrayBuffer>): boolean {
    return segment.byteOffset >= this.memory.byteOffset;
  }

  begin(): void {
    this.#isOpen = this.#isUsable;
  }

  /** Whether sockets may be added now; if not, they send by themselves. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Adds a socket. With the last one that has room, all are sent at once. */
  add(socket: JointSocket): void {
    this.#sockets[this.#count++] = socket;
    if (this.#count === this.#ring.capacity) this.#send();
  }

  end(): void {
    if (this.#count > 0) this.#send();
    this.#isOpen = false;
  }

  #send(): void {
    const count = this.#count;
    this.#isOpen = false; // what sends meanwhile, sends by itself
    const filled = this.#fillAll(count);
    if (filled > 0) this.#submit(filled);
    this.#count = 0;
    for (let i = 0; i < count; i++) this.#settle(i, i < filled);
    this.#isOpen = this.#isUsable;
  }

  /** Fills in the entries, and puts the sockets that have one first; returns how many. */
  #fillAll(count: number): number {
    const sockets = this.#sockets;
    this.#used = 0;
    this.#part = null;
    let filled = 0;
    for (let i = 0; i < count; i++) {
      const socket = sockets[i]!; // below #count
      const length = socket.beginJoint() ? this.#fill(socket) : 0;
      if (length === 0) continue;
      sockets[i] = sockets[filled]!;
      sockets[filled] = socket;
      this.#lengths[filled++] = length;
    }
    return filled;
  }

  /**
   * Adds an entry for all that the queue has; returns its length, or 0 if there is none: with more bytes it sends by
   * itself, as copies of so many would cost more than system calls; unless others have the same bytes.
   */
  #fill({ descriptor, out }: JointSocket): number {
    const length = out.size;
    if (length === 0 || length > this.#mostFor(out)) return 0;
    const at = out.isPlain ? this.#place(out.bytes, length) : this.#copyParts(out, length);
    if (at < 0) return 0;
    this.#ring.addSend(descriptor, at, length);
    return length;
  }

  /**
   * How many bytes may be sent: those of one send, which is also the room for its copy. A message that several queues have
   * may be longer: it is copied once for them, or is there already.
   */
  #mostFor(out: Outgoing): number {
    if (out.isPlain && this.owns(out.bytes)) return BYTES_PER_SEND;
    const { holders } = out;
    const isCopied = out.first === this.#part && out.firstStart === this.#partStart;
    if (holders > 1 && isCopied) return Infinity;
    const room = this.memory.byteOffset - this.#used;
    return Math.min(BYTES_PER_SEND * Math.max(holders, 1), room);
  }

  /** Returns where the first `length` bytes of a segment are for the kernel. */
  #place(segment: Uint8Array<ArrayBuffer>, length: number): number {
    if (this.owns(segment)) return segment.byteOffset;
    const at = this.#used;
    this.#copy(segment, 0, length);
    return at;
  }

  /** Returns where the copy is, or -1 if one send cannot take all. */
  #copyParts(out: Outgoing, length: number): number {
    out.seal();
    const part = out.first;
    if (part === null || part.file !== null || out.nextLength !== length) return -1;
    const start = out.firstStart;
    const at = this.#used;
    if (part.end - start !== length) {
      out.gather(this.#ring.bytes.subarray(at), length);
      this.#use(length);
      return at;
    }
    if (part === this.#part && start === this.#partStart) return this.#partAt;
    this.#copy(part.bytes, start, part.end);
    this.#part = part;
    this.#partStart = start;
    this.#partAt = at;
    return at;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    this.#ring.bytes.set(bytes.subarray(start, end), this.#used);
    this.#use(end - start);
  }

  #use(length: number): void {
    this.#used += (length + ALIGNMENT - 1) & -ALIGNMENT;
  }

  #submit(filled: number): void {
    this.#isUsable = this.#ring.submit();
    this.#counters.add(COLUMN.jointSends, filled);
    const { results } = this.#ring;
    for (let i = 0; i < filled; i++) {
      this.#sockets[i]!.noteJoint(this.#lengths[i]!, results[i]!); // below #count
    }
  }

  #settle(i: number, isFilled: boolean): void {
    const socket = this.#sockets[i]!; // below the count
    this.#sockets[i] = null;
    if (!isFilled) socket.sendQueued();
    else if (this.#ring.results[i] !== this.#lengths[i]) socket.settleJoint(this.#ring.results[i]!);
  }
}
