/**
 * A fake kernel's side of a ring of io_uring.
 *
 * In: submissions in memory, as runtime/os/io_uring.ts writes them, what sends, and faults. Out: completions, as the
 * kernel may post them: in any order, fewer at once than were waited for, and more than the queue has room
 * for, which are kept until the next call. A wrong use of the ring throws.
 */

import { type EnterRing, IoUring, type RingMemory } from "../../runtime/os/mod.ts";
import { COMPLETION, IORING_OP_SEND, SUBMISSION } from "../../runtime/os/io_uring_layout.ts";
import { KernelAssertion } from "./fake_os.ts";
import type { Random } from "./random.ts";

/** Where the bytes are for the kernel: above 2^32, so that both words of an address matter. */
const BYTES_AT = 0x7f12_3456_7000;
const BYTES_PER_ENTRY = 4096;
/** Of 64 segments of the queues. */
const LENT_BYTES = 64 * (4096 + 320);
const DONTWAIT_NOSIGNAL = 0x4040;
/** Words before the arrays of the ring. */
const HEADER = 4;

/** The options of a fake ring; all are optional. */
export interface FakeRingOptions {
  /** A power of two; default 64. */
  readonly entries?: number;
  /** Of the completion queue, a power of two; default: twice the entries. */
  readonly completions?: number;
  /** The first position of both queues; default just below 2^32. */
  readonly position?: number;
  /** Completes in random order, and not always all that was asked for. */
  readonly random?: Random;
  /** The result of a call before anything is done: a negated errno, or 0. */
  fails?(): number;
  /** How many of the entries one call submits; default: all. */
  submits?(count: number): number;
}

/** send(2) of the fake kernel. */
export type SendBytes = (descriptor: number, bytes: Uint8Array) => number;

/** One ring. */
export class FakeRing {
  readonly ring: IoUring;
  readonly memory: RingMemory;
  /** Calls of io_uring_enter. */
  calls = 0;
  /** Completions that found no room in the queue when they were posted. */
  overflows = 0;
  /** No completion is posted. */
  withhold = false;
  readonly #options: FakeRingOptions;
  readonly #send: SendBytes;
  // Posted, and not in the queue yet.
  #pending: { userData: number; result: number }[] = [];
  #submitted: number;

  constructor(send: SendBytes, options: FakeRingOptions = {}) {
    this.#send = send;
    this.#options = options;
    const { entries = 64, completions = 2 * entries, position = 2 ** 32 - 3 } = options;
    const words = new Uint32Array(HEADER + entries + completions * COMPLETION.words);
    words.fill(position, 0, HEADER);
    this.#submitted = position;
    const bytes = new Uint8Array(entries * BYTES_PER_ENTRY + LENT_BYTES);
    this.memory = {
      ring: words,
      submissions: new Uint32Array(entries * SUBMISSION.words),
      at: {
        submissionTail: 0,
        completionHead: 1,
        completionTail: 2,
        submissionIndices: HEADER,
        completions: HEADER + entries,
      },
      bytes,
      bytesAddress: BYTES_AT,
      submissionEntries: entries,
      completionEntries: completions,
    };
    this.ring = new IoUring(this.memory, this.#enter);
  }

  readonly #enter: EnterRing = (submit, waitFor) => {
    this.calls++;
    const failed = this.#options.fails?.() ?? 0;
    if (failed < 0) return failed;
    const { ring, at } = this.memory;
    const ready = (ring[at.submissionTail]! - this.#submitted) >>> 0;
    if (submit > ready) throw new KernelAssertion(`${submit} submitted, ${ready} filled in`);
    const count = submit === 0 ? 0 : this.#options.submits?.(submit) ?? submit;
    for (let i = 0; i < count; i++) this.#execute();
    if (!this.withhold) this.#post();
    const posted = (ring[at.completionTail]! - ring[at.completionHead]!) >>> 0;
    const isStuck = count === submit && posted < waitFor && posted + this.#pending.length < waitFor;
    if (isStuck) throw new KernelAssertion("waits forever for a completion");
    return count;
  };

  #execute(): void {
    const { ring, submissions, at, submissionEntries, bytes } = this.memory;
    const index = this.#submitted & (submissionEntries - 1);
    this.#submitted = (this.#submitted + 1) >>> 0;
    const first = ring[at.submissionIndices + index]! * SUBMISSION.words;
    const word = (field: number) => submissions[first + field]!;
    const address = word(SUBMISSION.addressHigh) * 2 ** 32 + word(SUBMISSION.addressLow);
    const [start, length] = [address - BYTES_AT, word(SUBMISSION.length)];
    const isValid = (word(0) & 0xff) === IORING_OP_SEND && start >= 0 && length > 0 &&
      start + length <= bytes.length && word(SUBMISSION.operationFlags) === DONTWAIT_NOSIGNAL;
    if (!isValid) throw new KernelAssertion(`not a send of our bytes: ${start}, ${length}`);
    const result = this.#send(
      word(SUBMISSION.descriptor),
      bytes.subarray(start, start + length),
    );
    this.#pending.push({ userData: word(SUBMISSION.userData), result });
  }

  #post(): void {
    const { ring, at, completionEntries } = this.memory;
    const { random } = this.#options;
    // Keys are drawn once for each, as a comparison must not change.
    const order = new Map(
      this.#pending.map((completion) => [completion, random?.below(1000) ?? 0]),
    );
    this.#pending.sort((a, b) => order.get(a)! - order.get(b)!);
    const room = completionEntries - ((ring[at.completionTail]! - ring[at.completionHead]!) >>> 0);
    if (this.#pending.length > room) this.overflows++;
    for (const { userData, result } of this.#pending.splice(0, room)) {
      const tail = ring[at.completionTail]!;
      const first = at.completions + (tail & (completionEntries - 1)) * COMPLETION.words;
      ring[first + COMPLETION.userData] = userData;
      ring[first + COMPLETION.result] = result;
      ring[at.completionTail] = tail + 1;
    }
  }
}
