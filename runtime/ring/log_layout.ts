/**
 * The layout of the memory of one log: its threads hand lines to the one thread that writes them.
 *
 * In: how many threads have lines. Out: the memory, and the offsets within its header and within the block of each
 * thread. The algorithms are in log_buffer.ts and log_control.ts.
 *
 * ```text
 * header of PAIR_BYTES, see log_control.ts:
 *   word 0      1: the writer sleeps, and waits for a change of this word
 *        1, 2   how many orders to reopen the file were given, and how many of them are carried out
 *        3      0: write, 1: write what is left and end, 2: end now
 * block i of LOG_BLOCK_BYTES:
 *   word 0, 1   state of each half: 0 the thread's, 1 the writer's    (a pair of cache lines)
 *        2, 3   bytes of whole lines in each half
 *        4, 5   bytes of them that are written, or were dropped
 *        6      the half that the thread fills
 *   128         first half, LOG_HALF_BYTES
 *   128 + …     second half, LOG_HALF_BYTES
 * ```
 * Memory that was never written costs nothing: the kernel allocates a page at its first use, and a half is
 * handed over long before it is full unless the writer is late.
 */

import { PAIR_BYTES } from "./layout.ts";

/** Words of the header. */
export const LOG_CONTROL = { asleep: 0, reopens: 1, reopened: 2, ending: 3 } as const;

/** Words of a block's header; `state`, `length` and `written` have one word for each half. */
export const LOG_WORD = { state: 0, length: 2, written: 4, current: 6 } as const;

/** `state`: the thread may fill this half. */
export const OWNED_BY_THREAD = 0;
/** `state`: the half was handed over to the writer. */
export const OWNED_BY_WRITER = 1;

/** Number of a half. */
export type Half = 0 | 1;

/** Bytes of one half. At 160 bytes a request: the writer may be 6,500 requests late. */
export const LOG_HALF_BYTES = 1024 * 1024;

/** Bytes of the block of one thread. */
const LOG_BLOCK_BYTES = PAIR_BYTES + 2 * LOG_HALF_BYTES;

/** Memory for the lines of this many threads. */
export function createLogMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(PAIR_BYTES + threads * LOG_BLOCK_BYTES);
}

/** How many threads such a memory is for. */
export function threadsOf(memory: SharedArrayBuffer): number {
  return Math.trunc(memory.byteLength / LOG_BLOCK_BYTES);
}

/** The words of the header. */
export function controlWords(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, PAIR_BYTES / 4);
}

/** The header and the two halves of a thread's block. */
export function openLogBlock(memory: SharedArrayBuffer, block: number) {
  const at = PAIR_BYTES + block * LOG_BLOCK_BYTES;
  const half = (i: number) =>
    new Uint8Array(memory, at + PAIR_BYTES + i * LOG_HALF_BYTES, LOG_HALF_BYTES);
  return {
    words: new Int32Array(memory, at, PAIR_BYTES / 4),
    halves: [half(0), half(1)] as const,
  };
}

/** The other half. */
export function otherHalf(half: Half): Half {
  return half === 0 ? 1 : 0;
}
