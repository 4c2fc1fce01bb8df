/**
 * Where the lines of a log lie that threads hand to the main one: the layout of a memory of its own.
 *
 * In: how many threads write. Out: the offsets of the block of each. The algorithm is in log_buffer.ts.
 *
 * ```text
 * block i of LOG_BLOCK_BYTES:
 *   word 0, 1   state of each half: 0 the thread's, 1 the writer's    (a pair of cache lines)
 *        2, 3   bytes of whole lines in each half
 *        4      the half that the thread fills
 *   128         first half, LOG_HALF_BYTES
 *   128 + …     second half, LOG_HALF_BYTES
 * ```
 * Memory that was never written costs nothing: the kernel gives a page at its first use, and a half is
 * handed over long before it is full unless the writer is late.
 */

import { PAIR_BYTES } from "./layout.ts";

/** Words of a block's header; of the first two pairs one for each half. */
export const LOG_WORD = { state: 0, length: 2, current: 4 } as const;

/** Bytes of one half. At 160 bytes a request: 6,500 requests that the writer may be late. */
export const LOG_HALF_BYTES = 1024 * 1024;

/** Bytes of the block of one thread. */
export const LOG_BLOCK_BYTES = PAIR_BYTES + 2 * LOG_HALF_BYTES;

/** Memory for the lines of so many threads. */
export function createLogMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * LOG_BLOCK_BYTES);
}
