/**
 * Buffers for what cannot be given as a view of the receive buffer; one pool per worker.
 *
 * In: a number of bytes. Out: a buffer of at least as many, with old content in it. Who takes a
 * buffer owns it until it gives it back, once; one that is never given back is the garbage
 * collector's. The pool keeps a bounded number of bytes and of buffers for the next who asks.
 */

/** No buffer is smaller: the least that is worth a reuse. */
const SMALLEST = 512;
/** Up to here sizes are powers of two, so that few sizes serve all … */
const LARGEST_POWER = 512 * 1024;
/** … above, multiples of this: a message of 1 MiB and its header should not take 2 MiB. */
const STEP = 64 * 1024;
/** A spare buffer up to this many times bigger than asked for is taken, no bigger one. */
const MOST_WASTE = 4;
/** Bound on the search and on what many small spares cost beside their bytes. */
const MOST_SPARES = 64;
/**
 * Two messages of the default limit may be spare, or many small ones. Measured: with half of it, echoes of
 * 1 MiB to 64 connections spend a seventh of their time on clearing new buffers.
 */
const DEFAULT_SPARE_BYTES = 33 * 1024 * 1024;

/**
 * What is only announced is believed while less than this is lent: four messages of the default limit. Measured:
 * echoes of 1 MiB to 64 connections, with buffers that grow as bytes come instead, cost 40 % more CPU and
 * twice the memory.
 */
const DEFAULT_BELIEVED_BYTES = 64 * 1024 * 1024;

/** Hands out and takes back buffers. */
export class MessageBufferPool {
  /** Bytes of all buffers that were taken and not given back yet. */
  lentBytes = 0;
  /** Bytes of all buffers that lie ready. */
  spareBytes = 0;
  readonly #mostSpareBytes: number;
  readonly #believedBytes: number;
  readonly #spares: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param mostSpareBytes how many bytes may lie ready; what is given back beyond is dropped
   * @param believedBytes how many bytes may be lent for what is only announced
   */
  constructor(
    mostSpareBytes: number = DEFAULT_SPARE_BYTES,
    believedBytes: number = DEFAULT_BELIEVED_BYTES,
  ) {
    this.#mostSpareBytes = mostSpareBytes;
    this.#believedBytes = believedBytes;
  }

  /** Whether `count` bytes that were only announced may be taken at once. */
  believes(count: number): boolean {
    return this.lentBytes + count <= this.#believedBytes;
  }

  /**
   * A buffer of at least `count` bytes, whose content is anything. It starts its ArrayBuffer.
   *
   * @param wish as many bytes as may be wanted later: a spare of that size is given if one lies
   * ready, since that sets nothing aside that was not before
   */
  take(count: number, wish: number = count): Uint8Array<ArrayBuffer> {
    const size = sizeFor(count);
    const spare = this.#takeSpare(sizeFor(wish)) ??
      (wish > count ? this.#takeSpare(size) : undefined);
    const buffer = spare ?? new Uint8Array(size);
    this.lentBytes += buffer.length;
    return buffer;
  }

  /** Takes back what {@link take} gave; the giver must not touch it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    this.lentBytes -= buffer.length;
    if (this.#spares.length >= MOST_SPARES) return;
    if (this.spareBytes + buffer.length > this.#mostSpareBytes) return;
    this.#spares.push(buffer);
    this.spareBytes += buffer.length;
  }

  /** Strikes a buffer off without taking it back: someone may still write to it. */
  forget(buffer: Uint8Array): void {
    this.lentBytes -= buffer.length;
  }

  /** The spare that was given back last, of those that fit: its memory is the likeliest in cache. */
  #takeSpare(size: number): Uint8Array<ArrayBuffer> | undefined {
    const spares = this.#spares;
    for (let i = spares.length - 1; i >= 0; i--) {
      const spare = spares[i]!;
      if (spare.length < size || spare.length > size * MOST_WASTE) continue;
      // The list is not empty here, so there is a last one to put in its place.
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
