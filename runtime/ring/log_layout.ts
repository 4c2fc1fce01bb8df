/**
 * The layout of the memory in which threads hand log lines to the main thread.
 *
 * In: how many threads write. Out: the memory, and the offsets within the block of each thread. The algorithm
 * is in log_buffer.ts.
 *
 * ```text
 * block i of LOG_BLOCK_BYTES:
 *   word 0, 1   state of each half: 0 the thread's, 1 the writer's    (a pair of cache lines)
 *        2, 3   bytes of whole lines in each half
 *        4      the half that the thread fills
 *   128         first half, LOG_HALF_BYTES
 *   128 + …     second half, LOG_HALF_BYTES
 * ```
 * Memory that was never written costs nothing: the kernel allocates a page at its first use, and a half is
 * handed over long before it is full unless the writer is late.
 */

import { PAIR_BYTES } from "./layout.ts";

/** Words of a block's header; `state` and `length` have one word for each half. */
export const LOG_WORD = { state: 0, length: 2, current: 4 } as const;

/** Bytes of one half. At 160 bytes a request: the writer may be 6,500 requests late. */
export const LOG_HALF_BYTES = 1024 * 1024;

/** Bytes of the block of one thread. */
export const LOG_BLOCK_BYTES = PAIR_BYTES + 2 * LOG_HALF_BYTES;

/** Memory for the lines of this many threads. */
export function createLogMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * LOG_BLOCK_BYTES);
}
