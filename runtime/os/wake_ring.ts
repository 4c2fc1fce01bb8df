/**
 * Writes a byte into a socket as soon as an epoll instance has events, while the thread does something else.
 *
 * In: the epoll instance and the socket, once; `arm` before each wait. Out: one byte for each time that it was armed. The kernel
 * does it by io_uring(7): a poll of the epoll instance, and a send that is linked to it. So a thread can wait in Deno's event
 * loop, which reads the socket's other end, and be woken by connections that Deno does not know.
 *
 * The ring has neither SINGLE_ISSUER nor DEFER_TASKRUN: its work is done whenever the thread is in the kernel, above all in
 * the epoll_wait of Deno's loop. For the same reason plain reads and writes are enough, as io_uring.ts explains.
 */

import { EPOLLIN } from "./epoll.ts";
import {
  COMPLETION,
  IORING_OP_POLL_ADD,
  IORING_OP_SEND,
  IOSQE_IO_LINK,
  PARAMS,
  SUBMISSION,
} from "./io_uring_layout.ts";
import { addressOf, enterRing, setUpRing } from "./linux_io_uring.ts";

/** A poll and a send. */
const ENTRIES = 2;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

/** What wakes one thread. */
export interface WakeRing {
  readonly descriptor: number;
  /**
   * The next event of `epoll`, or one that it has already, writes a byte into `socket`. Not to be called again before the
   * byte was read.
   *
   * @returns false if the kernel has refused it: then there will be no byte
   */
  arm(epoll: number, socket: number): boolean;
  /** Whether the byte was written since the last `arm`. It may not have been read yet. */
  hasRung(): boolean;
  /** Closes it: a byte that was not written yet never will be. */
  close(): void;
}

/**
 * Opens a ring for the calling thread.
 *
 * @returns the ring, or why there is none, for the operator
 */
export function openWakeRing(): WakeRing | string {
  const setup = setUpRing(ENTRIES, 0);
  if (typeof setup === "string") return setup;
  const { descriptor, params, ring, submissions, close } = setup;
  const word = (field: number) => params[field]! / 4;
  const [tail, array] = [word(PARAMS.sq.tail), word(PARAMS.sq.array)];
  const [head, completed] = [word(PARAMS.cq.head), word(PARAMS.cq.tail)];
  const [completions, room] = [word(PARAMS.cq.entries), params[PARAMS.cqEntries]!]; // a power of two
  // One byte of memory that is not on V8's heap, and stays where it is.
  const byte = new Uint8Array(4096);
  prefill(submissions, addressOf(byte));
  // Each time both entries are used, so they are always at the same places.
  for (let slot = 0; slot < ENTRIES; slot++) ring[array + slot] = slot;
  return {
    descriptor,
    arm(epoll, socket) {
      submissions[SUBMISSION.descriptor] = epoll;
      submissions[SUBMISSION.words + SUBMISSION.descriptor] = socket;
      ring[head] = ring[completed]!; // the results of the last time are not needed
      ring[tail] = ring[tail]! + ENTRIES; // wraps at 2^32, as the kernel's
      return enterRing(descriptor, ENTRIES, 0, 0) === ENTRIES;
    },
    hasRung() {
      const count = ring[completed]!;
      if (count === ring[head] || count !== ring[tail]) return false;
      // The last one is the send's; its result is the number of bytes.
      return ring[completions + ((count - 1) % room) * COMPLETION.words + COMPLETION.result] === 1;
    },
    close() {
      close();
      byte.fill(0); // used until here, so that it is not collected before
    },
  };
}

function prefill(words: Uint32Array, address: number): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  bytes[SUBMISSION.opcodeByte] = IORING_OP_POLL_ADD;
  bytes[SUBMISSION.flagsByte] = IOSQE_IO_LINK;
  words[SUBMISSION.operationFlags] = EPOLLIN;
  const send = SUBMISSION.words;
  bytes[SUBMISSION.bytes + SUBMISSION.opcodeByte] = IORING_OP_SEND;
  words[send + SUBMISSION.addressLow] = address; // modulo 2^32
  words[send + SUBMISSION.addressHigh] = address / 2 ** 32;
  words[send + SUBMISSION.length] = 1;
  words[send + SUBMISSION.operationFlags] = MSG_DONTWAIT_NOSIGNAL;
}
