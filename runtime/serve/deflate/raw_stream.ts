/**
 * One raw DEFLATE stream of node:zlib that is driven synchronously and used again and again.
 *
 * In: ranges of bytes. Out: bytes in the caller's array, and how much of both was used. Called by the compression of a
 * worker. node:zlib has no public function for that: its one-shot functions make a stream for each call, which
 * costs ten times as much as a short message (30 µs instead of 3). So this drives the stream's handle, which is private to node:zlib: Deno 2.4
 * returns what is left, Deno 2.9 writes it to `_writeState`. Tests pin both; if neither is found, or a trial gives a
 * wrong result, there is no stream, and the one-shot functions are used.
 */

import zlib from "node:zlib";

/** zlib: all input so far can be read from the output. */
const Z_SYNC_FLUSH = 2;

/** The private object behind a stream of node:zlib. */
interface Handle {
  onerror: (...details: unknown[]) => void;
  reset(): void;
  /** Deno 2.4 returns what is left of input and output, or undefined after an error; Deno 2.9 returns nothing. */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): unknown;
}

/** The parts of a stream of node:zlib that are used. */
interface ZlibStream {
  readonly _handle?: Partial<Handle> | null;
  /** Deno 2.9: what is left of output and input after a call. */
  readonly _writeState?: Uint32Array;
}

/** A stream that inflates or deflates. */
export class RawStream {
  /** Bytes of the input that the last {@link write} has not read. */
  inputLeft = 0;
  /** Bytes of the output that it has not written. */
  outputLeft = 0;
  readonly #handle: Handle;
  readonly #state: Uint32Array | undefined;
  /** Keeps the handle's owner alive, which closes it. */
  readonly #owner: ZlibStream;
  #hasFailed = false;

  private constructor(owner: ZlibStream, handle: Handle) {
    this.#owner = owner;
    this.#handle = handle;
    this.#state = owner._writeState;
    handle.onerror = () => {
      this.#hasFailed = true;
    };
  }

  /** A stream that inflates, with the largest window; undefined: the handle is not as expected. */
  static inflating(): RawStream | undefined {
    return RawStream.#of(true, () => zlib.createInflateRaw({ windowBits: 15 }));
  }

  /** A stream that deflates with a window of 2^`windowBits` bytes, 9 to 15; undefined as above. */
  static deflating(windowBits: number, level: number): RawStream | undefined {
    return RawStream.#of(false, () => zlib.createDeflateRaw({ windowBits, level }));
  }

  static #of(inflates: boolean, make: () => unknown): RawStream | undefined {
    try {
      const owner = make() as ZlibStream;
      const handle = owner._handle;
      if (typeof handle?.writeSync !== "function" || typeof handle.reset !== "function") {
        return undefined;
      }
      const stream = new RawStream(owner, handle as Handle);
      return stream.#works(inflates) ? stream : undefined;
    } catch {
      return undefined; // another version of node:zlib: the one-shot functions are public
    }
  }

  /**
   * Reads `input[inputStart, inputEnd)` and writes to `output[outputStart, outputEnd)`, with a sync flush.
   *
   * @returns false: the input is invalid
   */
  write(
    input: Uint8Array,
    [inputStart, inputEnd]: readonly [number, number],
    output: Uint8Array,
    [outputStart, outputEnd]: readonly [number, number],
  ): boolean {
    this.#hasFailed = false;
    const left = this.#handle.writeSync(
      Z_SYNC_FLUSH,
      input,
      inputStart,
      inputEnd - inputStart,
      output,
      outputStart,
      outputEnd - outputStart,
    );
    if (this.#hasFailed) return false;
    if (this.#state !== undefined) {
      this.outputLeft = this.#state[0]!;
      this.inputLeft = this.#state[1]!;
    } else {
      [this.inputLeft, this.outputLeft] = left as [number, number];
    }
    return true;
  }

  /** Forgets everything: the next byte begins a new message. */
  reset(): void {
    this.#handle.reset();
  }

  /** A trial: an empty block is inflated to nothing, and deflated to something. */
  #works(inflates: boolean): boolean {
    const output = new Uint8Array(64);
    const isWritten = this.write(Uint8Array.of(0, 0, 0, 0xff, 0xff), [0, 5], output, [0, 64]);
    const isCounted = this.inputLeft === 0 && this.outputLeft > 0 && this.outputLeft <= 64;
    this.reset();
    return isWritten && isCounted && (this.outputLeft === 64) === inflates &&
      this.#owner._handle === this.#handle;
  }
}
