/**
 * Standard output and standard error of a server, which continues if they cannot be written.
 *
 * In: lines. Out: the lines in their order, as far as they can be written. Deno's thread pool writes them, so a
 * pipe that nobody reads does not block the main thread. Lines beyond a limit are dropped and counted. Lines
 * are lost if the reader of a pipe has ended, or a disk is full.
 */

/** Bytes of lines that wait for a reader at most: as much as a pipe's own buffer. */
const MAX_WAITING_BYTES = 64 * 1024;
/** Milliseconds that the end of the program waits for a reader. */
const LAST_WAIT = 500;

/** Milliseconds until the next attempt on a full non-blocking stream. */
const FULL_WAIT = 20;

/** A stream of the process, such as `Deno.stderr`. */
export interface OutputStream {
  write(bytes: Uint8Array): Promise<number>;
}

/** One of the two streams. */
export class Output {
  readonly #stream: OutputStream;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #writing: Promise<void> | null = null;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Queues a line to be written; drops it if too much is waiting. */
  line(text: string): void {
    this.part(`${text}\n`);
  }

  /** The same for a text without a line end. */
  part(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      this.#dropped++;
      return;
    }
    this.#push(bytes);
    this.#writing ??= this.#write();
  }

  /** Fulfilled when all lines are written or lost, or after half a second. */
  async drained(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WAIT);
    await Promise.race([this.#writing ?? Promise.resolve(), late]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    // The write begins in a microtask, so that lines of one turn are written together.
    await undefined;
    while (this.#waiting.length > 0) {
      const bytes = concatenated(this.#waiting.splice(0));
      try {
        await writeWhole(this.#stream, bytes);
      } catch (error) {
        if (!(error instanceof Error)) throw error; // closed, full, or the reader has ended: the lines are lost
      }
      this.#waitingBytes -= bytes.length;
      this.#reportDropped();
    }
    this.#writing = null;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const text =
      `async-deno: ${this.#dropped} lines were dropped here, because nobody read this output\n`;
    this.#dropped = 0;
    this.#push(new TextEncoder().encode(text));
  }

  #push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}

/** Writes all bytes, however long it takes. @throws the stream's error: its reader has ended, the disk is full */
export async function writeWhole(stream: OutputStream, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    try {
      written += await stream.write(bytes.subarray(written));
    } catch (error) {
      // Another process that shares the pipe or the terminal may have set it to non-blocking.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_WAIT));
    }
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
