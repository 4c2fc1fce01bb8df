/**
 * Buffers for data that cannot be returned as a view of the receive buffer; one pool per worker.
 *
 * In: a number of bytes. Out: a buffer of at least that size, with arbitrary content. The caller that
 * takes a buffer owns it until it gives it back, exactly once; the garbage collector frees a buffer that
 * is never given back. The pool keeps a bounded number of bytes and buffers for reuse.
 */

/** The smallest buffer: smaller ones are not worth reusing. */
const SMALLEST = 512;
/** Up to this size, buffer sizes are powers of two, so that there are few different sizes. */
const LARGEST_POWER = 512 * 1024;
/** Above it, sizes are multiples of this: a message of 1 MiB with its header must not take 2 MiB. */
const STEP = 64 * 1024;
/** A spare buffer is used if it is at most this many times bigger than requested. */
const MAX_OVERSIZE = 4;
/** The most spare buffers kept: bounds the search, and the overhead of many small buffers. */
const MAX_SPARES = 64;
/**
 * Room for two messages of the default limit, or many small ones. Measured: with half of it, echoing
 * 1 MiB messages to 64 connections spends a seventh of the time clearing new buffers.
 */
export const SPARE_BYTES = 33 * 1024 * 1024;

/**
/**
 * While fewer bytes than this are lent, buffers are allocated for lengths that are declared and not received.
 * Measured: echoing 1 MiB messages to 64 connections with buffers that grow as bytes arrive costs 40 % more
 * CPU and twice the memory.
 */
export const PREALLOCATED_BYTES = 64 * 1024 * 1024;
/**
 * One declared length gets at most this part of what is left. Four peers that declare 16 MiB each leave
 * 38 MiB of 64, and the next one may still preallocate 4.7 MiB.
 */
const PREALLOCATED_PART = 1 / 8;

/** Counts the buffers that connections own and that are not from a pool. */
export interface MemoryLedger {
  /** Bytes of all such buffers. */
  keptBytes: number;
}

/** Lends buffers and takes them back. */
export class MessageBufferPool implements MemoryLedger {
  /** Bytes of all buffers that are taken and not given back. */
  lentBytes = 0;
  /** Bytes of all spare buffers. */
  spareBytes = 0;
  /** Bytes of buffers that connections allocated themselves: added and subtracted by their owners. */
  keptBytes = 0;
  readonly #maxSpareBytes: number;
  readonly #preallocatedBytes: number;
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param maxSpareBytes how many bytes of spare buffers to keep; buffers given back above it are dropped
   * @param preallocatedBytes how many bytes may be lent for lengths that are declared but not received
   */
  constructor(
    maxSpareBytes: number = SPARE_BYTES,
    preallocatedBytes: number = PREALLOCATED_BYTES,
  ) {
    this.#maxSpareBytes = maxSpareBytes;
    this.#preallocatedBytes = preallocatedBytes;
  }

  /** How many bytes one connection may allocate for a length that is declared and not received. */
  get preallocationLimit(): number {
    return Math.max((this.#preallocatedBytes - this.lentBytes) * PREALLOCATED_PART, 0);
  }

  /** Bytes of all buffers that connections hold, lent or their own. */
  get heldBytes(): number {
    return this.lentBytes + this.keptBytes;
  }

  /**
   * A buffer of at least `count` bytes with arbitrary content. Its byteOffset is 0.
   *
   * @param preferred how many bytes the caller may need later: a spare buffer of that size is returned if
   * there is one, since that allocates nothing new
   */
  take(count: number, preferred: number = count): Uint8Array<ArrayBuffer> {
    const size = sizeFor(count);
    const spare = this.#takeSpare(sizeFor(preferred)) ??
      (preferred > count ? this.#takeSpare(size) : undefined);
    const buffer = spare ?? new Uint8Array(size);
    this.lentBytes += buffer.length;
    return buffer;
  }

  /** Takes back a buffer from {@link take}. The caller must not use it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.lentBytes -= buffer.length;
    if (this.#spares.length >= MAX_SPARES) return;
    if (this.spareBytes + buffer.length > this.#maxSpareBytes) return;
    this.#spares.push(buffer);
    this.spareBytes += buffer.length;
  }

  /** Counts bytes that somebody else has allocated for a connection; negative: that many are free again. */
  count(bytes: number): void {
    this.lentBytes += bytes;
  }

  /** Stops counting a buffer without reusing it: the transport may still write to it. */
  forget(buffer: Uint8Array): void {
    this.lentBytes -= buffer.length;
  }

  /** The fitting spare buffer that was given back last: its memory is most likely in the CPU cache. */
  #takeSpare(size: number): Uint8Array<ArrayBuffer> | undefined {
    const spares = this.#spares;
    for (let i = spares.length - 1; i >= 0; i--) {
      const spare = spares[i]!;
      if (spare.length < size || spare.length > size * MAX_OVERSIZE) continue;
      // The list is not empty here, so there is a last element to move into the gap.
      const last = spares.pop()!;
      if (i < spares.length) spares[i] = last;
      this.spareBytes -= spare.length;
      return spare;
    }
    return undefined;
  }
}

function sizeFor(count: number): number {
  if (count > LARGEST_POWER) return Math.ceil(count / STEP) * STEP;
  let size = SMALLEST;
  while (size < count) size *= 2;
  return size;
}
