/**
 * The queues of one worker that have something to send, and the memory that the queues take turns using.
 *
 * In: a queue adds itself when something is appended to it. Out: `flush` sends each queue, in the order in
 * which they were added. The loop flushes at the end of each batch of events and before it waits. Bytes that
 * are appended outside of a batch (by a timer or a handler's promise) are sent by a microtask. So no caller
 * that appends has to think of sending.
 * Measured with 64 keep-alive connections: answers sent at the end of the batch cost 4–6 % less CPU per
 * request than sending each at once: the kernel's receive and send paths stay in the caches.
 * If there is a joint sender, and enough queues, their first bytes leave in one system call, from memory that the
 * sender has lent for segments.
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import { FULL_BYTES, type Outgoing } from "./outgoing.ts";
import type { OutgoingPart } from "./outgoing_part.ts";

/** Room for a pipeline of short answers; longer data uses memory of the message pool. */
const SEGMENT_BYTES = 4 * 1024;
/**
 * Distance between segments in one allocation. If all began at the same offset within a page, their first lines
 * would share the same few sets of the processor's cache.
 */
const SEGMENT_STRIDE = SEGMENT_BYTES + 5 * 64;
/** Segments of one allocation. */
const SEGMENTS = 16;
/** Queues that may wait for a common flush, for a fraction of a millisecond. */
const MAX_QUEUES = 64;
/** Spare segments and lists that are kept. */
const MAX_SPARES = 64;
/** A list longer than this is not kept. */
const MAX_PARTS = 64;

/** Sends many queues with one system call. */
export interface JointSender {
  /** From this many queues on, they are sent together. */
  readonly minimum: number;
  /** Memory for segments: bytes that lie there are sent without a copy. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** If not, somebody may still read what was being sent, so its memory must not be used again. */
  readonly isUsable: boolean;
  /** Whether a segment lies in {@link memory}. */
  owns(segment: Uint8Array<ArrayBuffer>): boolean;
  /** From now on the transports add themselves. */
  begin(): void;
  /** Sends what they have. May end connections, which may append to any queue. */
  end(): void;
}

/** Collects what the connections of one worker send. */
export class OutgoingBatch {
  readonly #messages: MessageBufferPool;
  // Those from #next to #count wait to be flushed.
  readonly #queues: (Outgoing | null)[] = [];
  #next = 0;
  #count = 0;
  // Bytes of each queue at the time when the next one was added, summed up, but for those of a message that others have too.
  #bytes = 0;
  #flushing = false;
  #joint: JointSender | null = null;
  // Bytes of the joint sender's memory that are segments.
  #jointBytes = 0;
  #flushSet = false;
  readonly #segments: Uint8Array<ArrayBuffer>[] = [];
  // Segments that exist, lent or not.
  #made = 0;
  readonly #lists: OutgoingPart[][] = [];
  #scratch: Uint8Array | null = null;
  /** Bytes of the parts that are in several queues, counted once by the queues. */
  sharedBytes = 0;

  /** @param messages lends the memory of what is longer than a segment */
  constructor(messages: MessageBufferPool) {
    this.#messages = messages;
  }

  /** Bytes of memory that queues have and that is not the message pool's. */
  get lentBytes(): number {
    return (this.#made - this.#segments.length) * SEGMENT_BYTES + this.sharedBytes;
  }

  /** Scratch memory to join short parts for one send. */
  get scratch(): Uint8Array {
    return this.#scratch ??= new Uint8Array(FULL_BYTES);
  }

  /** A queue has something to send. Called by the queue. */
  add(queue: Outgoing): void {
    const last = this.#count === 0 ? null : this.#queues[this.#count - 1];
    if (last != null && last.holders === 0) this.#bytes += last.size; // null: it is being flushed
    this.#queues[this.#count++] = queue;
    if (this.#flushSet || this.#flushing) return;
    this.#flushSet = true;
    queueMicrotask(this.#flushOutside);
  }

  /**
   * Flushes if much is waiting. Called before something is encoded and never in the middle of it: a send that
   * fails closes a connection, and the session that is notified may send something else.
   */
  relieve(): void {
    if (this.#count >= MAX_QUEUES || this.#bytes >= FULL_BYTES) this.flush();
  }

  /** Sends many queues with one system call. @throws {TypeError} if a segment was taken before */
  sendJointly(joint: JointSender): void {
    // The joint sender knows its own memory by the offset of a segment (JointSender.owns).
    if (this.#made > 0) throw new TypeError("segments were taken before");
    this.#joint = joint;
  }

  /** Sends all queues, including those that are added during the flush. */
  flush(): void {
    if (this.#flushing || this.#count === 0) return;
    this.#flushing = true;
    try {
      while (this.#next < this.#count) {
        const joint = this.#joint;
        const isJoint = joint !== null && this.#count - this.#next >= joint.minimum;
        if (isJoint) joint.begin();
        this.#flushListed();
        if (isJoint) joint.end();
      }
      this.#next = 0;
      this.#count = 0;
      this.#bytes = 0;
    } finally {
      this.#flushing = false;
    }
  }

  #flushListed(): void {
    while (this.#next < this.#count) {
      const queue = this.#queues[this.#next]!; // below #count
      this.#queues[this.#next++] = null;
      queue.flushListed();
    }
  }

  /** Memory for at least `count` bytes. */
  takeSegment(count: number): Uint8Array<ArrayBuffer> {
    if (count > SEGMENT_BYTES) return this.#messages.take(count);
    return this.#segments.pop() ?? this.#moreSegments();
  }

  /** Takes back what {@link takeSegment} gave. */
  giveSegment(segment: Uint8Array<ArrayBuffer>): void {
    // Buffers of the message pool are always longer than a segment.
    if (segment.length > SEGMENT_BYTES) this.#messages.give(segment);
    else if (this.#isWanted(segment)) this.#segments.push(segment);
    else this.#made--;
  }

  /** Whether a segment that comes back is kept. Nothing replaces those of the joint sender. */
  #isWanted(segment: Uint8Array<ArrayBuffer>): boolean {
    const joint = this.#joint;
    if (joint !== null && joint.owns(segment)) return joint.isUsable;
    return this.#segments.length < MAX_SPARES;
  }

  /** What {@link takeSegment} gave does not come back: a write still reads from it. */
  forgetSegment(segment: Uint8Array<ArrayBuffer>): void {
    if (segment.length > SEGMENT_BYTES) this.#messages.forget(segment);
    else this.#made--;
  }

  /** An empty list for the parts of a queue. */
  takeList(): OutgoingPart[] {
    return this.#lists.pop() ?? [];
  }

  /** Takes back an empty list that {@link takeList} gave. */
  giveList(list: OutgoingPart[]): void {
    if (list.length <= MAX_PARTS && this.#lists.length < MAX_SPARES) this.#lists.push(list);
  }

  #moreSegments(): Uint8Array<ArrayBuffer> {
    const memory = this.#moreMemory();
    if (memory === null) {
      this.#made++;
      return new Uint8Array(SEGMENT_BYTES);
    }
    this.#made += SEGMENTS;
    for (let i = 1; i < SEGMENTS; i++) this.#segments.push(segmentAt(memory, i));
    return segmentAt(memory, 0);
  }

  /** Memory for {@link SEGMENTS} segments; null: the joint sender has no more of it. */
  #moreMemory(): Uint8Array<ArrayBuffer> | null {
    if (this.#joint === null) return new Uint8Array(SEGMENTS * SEGMENT_STRIDE);
    const { memory } = this.#joint;
    const start = this.#jointBytes;
    if (start + SEGMENTS * SEGMENT_STRIDE > memory.length) return null;
    this.#jointBytes += SEGMENTS * SEGMENT_STRIDE;
    return memory.subarray(start, this.#jointBytes);
  }

  readonly #flushOutside = (): void => {
    this.#flushSet = false;
    this.flush();
  };
}

function segmentAt(memory: Uint8Array<ArrayBuffer>, i: number): Uint8Array<ArrayBuffer> {
  const start = i * SEGMENT_STRIDE;
  return memory.subarray(start, start + SEGMENT_BYTES);
}
