/**
 * Standard output and standard error of a server: whatever becomes of them, it serves on.
 *
 * In: lines. Out: what of them can be written, in their order. Written by another thread than the main one,
 * so a pipe that nobody reads blocks nothing; what does not fit behind it is dropped and counted. A pipe
 * whose reader has gone, or a full disk, loses its lines.
 */

/** What waits for a reader at most, in bytes of lines: a pipe's own buffer is as large. */
const MOST_WAITING = 64 * 1024;
/** Milliseconds that the end of the program waits for a reader. */
const LAST_WAIT = 500;

/** Milliseconds until a stream that does not block is tried again. */
const FULL_WAIT = 20;

/** A stream of the process, as `Deno.stderr`. */
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

  /** Writes a line, sooner or later or never. */
  line(text: string): void {
    const bytes = new TextEncoder().encode(`${text}\n`);
    if (this.#waitingBytes + bytes.length > MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.#push(bytes);
    this.#writing ??= this.#write();
  }

  /** Fulfilled when all is written or lost, or after half a second. */
  async drained(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WAIT);
    await Promise.race([this.#writing ?? Promise.resolve(), late]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    // The first write begins in a later turn: lines of this one go together.
    await undefined;
    while (this.#waiting.length > 0) {
      const bytes = concatenated(this.#waiting.splice(0));
      try {
        await writeWhole(this.#stream, bytes);
      } catch (error) {
        if (!(error instanceof Error)) throw error; // closed, full, or its reader is gone: lost
      }
      this.#waitingBytes -= bytes.length;
      this.#sayDropped();
    }
    this.#writing = null;
  }

  #sayDropped(): void {
    if (this.#dropped === 0) return;
    const text = `async-deno: ${this.#dropped} lines were lost here: nobody read them\n`;
    this.#dropped = 0;
    this.#push(new TextEncoder().encode(text));
  }

  #push(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}

/** Writes all, as long as it takes. @throws what the stream throws: its reader is gone, the disk full */
export async function writeWhole(stream: OutputStream, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    try {
      written += await stream.write(bytes.subarray(written));
    } catch (error) {
      // Whoever shares the pipe or the terminal with us may have made it one that does not block.
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
