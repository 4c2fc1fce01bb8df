/**
 * What a socket did not take: bytes and parts of files that wait, in order, until it is writable again.
 *
 * In: `push` of a rest, `pushFile`. Out: `drain`, which sends until the socket takes no more, or a
 * turn's share of a file is sent: the other connections of the worker come next. Bytes that the caller
 * will overwrite are copied; bytes that never change (an embedded file) are kept by reference, and a
 * file is held until its part is sent.
 * It has no bound of its own: the transport says when a session must stop (`limits.queuedBytes`).
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import { NEVER, type OpenFile } from "../net/mod.ts";
import { EAGAIN, EIO, type Os } from "../os/mod.ts";

/**
 * How much of files one connection sends before the others have their turn: some 200 µs of a core.
 * nginx: sendfile_max_chunk 2m. A socket takes about 1.4 MB at once; with 512 KiB a turn, the calls
 * between cost a third more (tests/bench: file of 100 MiB).
 */
export const FILE_SLICE = 2 * 1024 * 1024;

const NOTHING = new Uint8Array(0);

interface Chunk {
  /** Where the bytes are; null: in memory. */
  readonly file: OpenFile | null;
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
      this.#chunks.push({ file: null, bytes, start, end, lent: null });
      return;
    }
    const lent = this.#pool.take(end - start);
    lent.set(bytes.subarray(start, end));
    this.#chunks.push({ file: null, bytes: lent, start: 0, end: end - start, lent });
  }

  /** Puts `file[start, end)` behind what waits, and holds the file. */
  pushFile(file: OpenFile, start: number, end: number): void {
    if (start === end) return;
    file.hold();
    this.#length += end - start;
    this.#chunks.push({ file, bytes: NOTHING, start, end, lent: null });
  }

  /**
   * Sends until all is gone, the socket is full, or this turn's share of files is sent.
   *
   * @returns 0, or the negated errno that ended the connection
   */
  drain(os: Os, descriptor: number): number {
    let share = FILE_SLICE;
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const length = chunk.file === null ? chunk.end - chunk.start : sliceOf(chunk, share);
      const sent = chunk.file === null
        ? os.send(descriptor, rest(chunk), length, this.#chunks.length > 1)
        : sendSlice(os, descriptor, chunk.file, chunk.start, chunk.end, length);
      if (sent === -EAGAIN) return 0;
      if (sent < 0) return sent;
      this.#length -= sent;
      chunk.start += sent;
      if (chunk.file !== null) share -= sent;
      if (sent < length) return 0;
      if (chunk.start === chunk.end) this.#dropFirst();
      if (share === 0) return 0;
    }
    return 0;
  }

  /** Drops all. */
  clear(): void {
    while (this.#chunks.length > 0) this.#dropFirst();
    this.#length = 0;
  }

  #dropFirst(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return;
    if (chunk.lent !== null) this.#pool.give(chunk.lent);
    chunk.file?.release();
  }
}

/**
 * Sends one slice, `file[start, start + length)`, of a part that goes on to `end`.
 *
 * sendfile(2) blocks where the page cache does not have the bytes: a socket can say "not now", a disk
 * cannot. So the slice after this one is asked for before this one is sent, and while the peer reads
 * it the disk is at work. What still blocks is the first slice of a file that nobody read lately, and
 * a disk that is slower than the peer.
 *
 * @returns bytes sent, or a negated errno: EIO where the file has become too short
 */
export function sendSlice(
  os: Os,
  descriptor: number,
  file: OpenFile,
  start: number,
  end: number,
  length: number,
): number {
  const ahead = Math.min(end - start - length, FILE_SLICE);
  if (ahead > 0) os.readAhead(file.descriptor, start + length, ahead);
  const sent = os.sendFile(descriptor, file.descriptor, start, length);
  return sent === 0 ? -EIO : sent;
}

function sliceOf(chunk: Chunk, share: number): number {
  return Math.min(chunk.end - chunk.start, share);
}

function rest(chunk: Chunk): Uint8Array {
  return chunk.bytes.subarray(chunk.start, chunk.end);
}
