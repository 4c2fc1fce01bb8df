/**
 * What a socket did not take: bytes that wait, in order, until it is writable again.
 *
 * In: `push` of a rest. Out: `drain`, which sends until the socket takes no more. Bytes that the
 * caller will overwrite are copied; bytes that never change (an embedded file) are kept by reference.
 * It has no bound of its own: the transport says when a session must stop (`limits.queuedBytes`).
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import { EAGAIN, type Os } from "../os/mod.ts";
import { NEVER } from "./timer_wheel.ts";

interface Chunk {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
  /** The pool's buffer, to be given back; null: not ours. */
  readonly lent: Uint8Array<ArrayBuffer> | null;
}

/** Bytes waiting for one socket. */
export class WriteQueue {
  /** When the session's time is over, in the loop's milliseconds: kept here while the socket's own runs. */
  sessionDeadline = NEVER;
  readonly #pool: MessageBufferPool;
  readonly #chunks: Chunk[] = [];
  #length = 0;

  /** @param pool lends the memory of copies */
  constructor(pool: MessageBufferPool) {
    this.#pool = pool;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Puts `bytes[start, end)` behind what waits. `constant`: they never change, keep no copy. */
  push(bytes: Uint8Array, start: number, end: number, constant: boolean): void {
    if (start === end) return;
    this.#length += end - start;
    if (constant) {
      this.#chunks.push({ bytes, start, end, lent: null });
      return;
    }
    const lent = this.#pool.take(end - start);
    lent.set(bytes.subarray(start, end));
    this.#chunks.push({ bytes: lent, start: 0, end: end - start, lent });
  }

  /**
   * Sends until all is gone or the socket is full.
   *
   * @returns 0, or the negated errno that ended the connection
   */
  drain(os: Os, descriptor: number): number {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const length = chunk.end - chunk.start;
      const view = chunk.bytes.subarray(chunk.start, chunk.end);
      const sent = os.send(descriptor, view, length, this.#chunks.length > 1);
      if (sent === -EAGAIN) return 0;
      if (sent < 0) return sent;
      this.#length -= sent;
      chunk.start += sent;
      if (sent < length) return 0;
      this.#dropFirst();
    }
    return 0;
  }

  /** Drops all. */
  clear(): void {
    while (this.#chunks.length > 0) this.#dropFirst();
    this.#length = 0;
  }

  #dropFirst(): void {
    const lent = this.#chunks.shift()?.lent ?? null;
    if (lent !== null) this.#pool.give(lent);
  }
}
