/**
 * A ring of io_uring(7) that sends to many sockets with one system call.
 *
 * In: entries for send(2), each a descriptor and a range of the ring's own bytes. Out: the result of each, as send(2) would
 * return it, in the order in which they were added, in whatever order they were completed. MSG_DONTWAIT: the kernel
 * tries each at once, so a full socket is -EAGAIN, and when `submit` returns the kernel has no use for the bytes any
 * more.
 *
 * ## Why plain reads and writes are enough
 *
 * The queues are memory that the kernel shares with this thread, and no other thread of ours. With SINGLE_ISSUER and
 * DEFER_TASKRUN, and without a kernel thread that polls, the kernel reads the submission queue and writes the
 * completion queue only inside io_uring_enter, called by this thread: in program order before and after our own
 * accesses, on whatever core. The compiler cannot move an access across the call, since the FFI call is
 * opaque to it. So there is nothing to order between two processors, and no Atomics are needed; on memory that is not
 * a SharedArrayBuffer they would promise nothing more.
 *
 * ## Faults
 *
 * Fewer entries may be submitted than there are, and fewer completed than were waited for: the call is repeated. A
 * completion queue that overflows keeps the others in the kernel until the next call (NODROP). If the calls make no
 * progress or fail, `submit` returns false: the ring is not used any more, entries that were not submitted get -EAGAIN,
 * and those whose result did not arrive -EIO, as their bytes may have been sent.
 */

import { EAGAIN, EBUSY, EINTR, EIO } from "./errno.ts";
import { COMPLETION, IORING_OP_SEND, SUBMISSION } from "./io_uring_layout.ts";

const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** Calls in a row that submit and complete nothing. */
const MAX_IDLE_CALLS = 16;

/** The mapped memory of a ring; a test has its own. */
export interface RingMemory {
  /** The words of mapping RING. */
  readonly ring: Uint32Array;
  /** Mapping SQES. */
  readonly submissions: Uint32Array;
  /** Which words of `ring` are which. */
  readonly at: {
    readonly submissionTail: number;
    readonly submissionIndices: number;
    readonly completionHead: number;
    readonly completionTail: number;
    /** The first completion. */
    readonly completions: number;
  };
  /** What is sent lies here, and where that is for the kernel. Its byteOffset is 0. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly bytesAddress: number;
  /** Powers of two. */
  readonly submissionEntries: number;
  readonly completionEntries: number;
}

/** io_uring_enter(2) with GETEVENTS: returns how many entries were submitted, or the negated errno. */
export type EnterRing = (submit: number, waitFor: number) => number;

/** Sends of one thread. */
export class IoUring {
  /** How many sends one submission takes. */
  readonly capacity: number;
  /** The results of the last submission, by the order in which the sends were added. */
  readonly results: Int32Array;
  readonly #memory: RingMemory;
  readonly #enter: EnterRing;
  readonly #completed: Uint8Array;
  readonly #mask: number;
  #count = 0;
  // Both count entries and wrap at 2^32 on purpose, as the kernel's do.
  #tail: number;
  #head: number;

  constructor(memory: RingMemory, enter: EnterRing) {
    this.#memory = memory;
    this.#enter = enter;
    const { ring, at, submissionEntries } = memory;
    this.capacity = submissionEntries;
    this.#mask = submissionEntries - 1;
    this.results = new Int32Array(submissionEntries);
    this.#completed = new Uint8Array(submissionEntries);
    this.#tail = ring[at.submissionTail]!;
    this.#head = ring[at.completionHead]!;
    this.#prefill();
  }

  /** The memory of what is sent; its bytes must not change until they are submitted. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#memory.bytes;
  }

  /** Adds a send of {@link bytes} from `start` on; at most {@link capacity} until they are submitted. */
  addSend(descriptor: number, start: number, length: number): void {
    if (this.#count === this.capacity) throw new RangeError("the ring is full");
    const slot = (this.#tail + this.#count++) & this.#mask;
    const words = this.#memory.submissions;
    const at = slot * SUBMISSION.words;
    const address = this.#memory.bytesAddress + start; // addresses of programs have 47 or 48 bits
    words[at + SUBMISSION.descriptor] = descriptor;
    words[at + SUBMISSION.addressLow] = address; // modulo 2^32
    words[at + SUBMISSION.addressHigh] = address / 2 ** 32;
    words[at + SUBMISSION.length] = length;
  }

  /**
   * Sends what was added, and waits for all results.
   *
   * @returns false if the ring must not be used any more; the results are valid all the same
   */
  submit(): boolean {
    const count = this.#count;
    const first = this.#tail;
    this.#completed.fill(0, 0, count);
    this.#tail = (this.#tail + count) >>> 0;
    this.#memory.ring[this.#memory.at.submissionTail] = this.#tail;
    this.#count = 0;
    let [submitted, completed, idle] = [0, 0, 0];
    while (completed < count && idle < MAX_IDLE_CALLS) {
      // Those that were submitted and have not completed are not waited for if more can be submitted.
      const entered = this.#enter(count - submitted, count - completed);
      if (entered < 0 && entered !== -EINTR && entered !== -EAGAIN && entered !== -EBUSY) break;
      const reaped = this.#reap(first);
      idle = entered > 0 || reaped > 0 ? 0 : idle + 1;
      submitted += Math.max(entered, 0);
      completed += reaped;
    }
    if (completed === count) return true;
    for (let i = 0; i < count; i++) {
      if (this.#completed[i] === 0) this.results[i] = i < submitted ? -EIO : -EAGAIN;
    }
    return false;
  }

  /** Takes all completions that there are; returns how many. */
  #reap(first: number): number {
    const { ring, at, completionEntries } = this.#memory;
    const tail = ring[at.completionTail]!;
    let reaped = 0;
    for (; this.#head !== tail; this.#head = (this.#head + 1) >>> 0) {
      const completion = at.completions + (this.#head & (completionEntries - 1)) * COMPLETION.words;
      const i = (ring[completion + COMPLETION.userData]! - first) & this.#mask;
      this.results[i] = ring[completion + COMPLETION.result]!; // back to signed
      this.#completed[i] = 1;
      reaped++;
    }
    ring[at.completionHead] = tail;
    return reaped;
  }

  /** What is the same in each submission. */
  #prefill(): void {
    const { ring, submissions, at } = this.#memory;
    const bytes = new Uint8Array(submissions.buffer, submissions.byteOffset);
    for (let slot = 0; slot < this.capacity; slot++) {
      ring[at.submissionIndices + slot] = slot;
      bytes[slot * SUBMISSION.bytes + SUBMISSION.opcodeByte] = IORING_OP_SEND;
      submissions[slot * SUBMISSION.words + SUBMISSION.operationFlags] = MSG_DONTWAIT_NOSIGNAL;
      submissions[slot * SUBMISSION.words + SUBMISSION.userData] = slot;
    }
  }
}
