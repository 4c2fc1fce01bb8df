/**
 * What a running server has to say on standard output or error, without waiting for who reads it.
 *
 * In: lines. Out: the stream, in their order, written in a thread of Deno's pool. A stream that takes nothing, a full
 * pipe that nobody reads, costs lines and never the main thread, which has signals to hear.
 */

/** Lines that wait at most; further ones are dropped. */
const MOST_LINES = 1000;
/** Milliseconds that the last lines may take. */
const LAST_WAIT = 200;

type Stream = Pick<typeof Deno.stderr, "write">;

/** One of the two streams. */
export class Output {
  readonly #stream: Stream;
  #waiting: string[] = [];
  #writing: Promise<void> | null = null;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Writes a line, soon. */
  line(text: string): void {
    if (this.#waiting.length < MOST_LINES) this.#waiting.push(`${text}\n`);
    this.#writing ??= this.#write();
  }

  /** Waits for what was said, for a moment. */
  async flush(): Promise<void> {
    if (this.#writing === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WAIT);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    const encoder = new TextEncoder();
    while (this.#waiting.length > 0) {
      let rest = encoder.encode(this.#waiting.shift());
      try {
        while (rest.length > 0) rest = rest.subarray(await this.#stream.write(rest));
      } catch (error) {
        // Closed by who read it: there is nobody left to be told so.
        if (!(error instanceof Error)) throw error;
      }
    }
    this.#writing = null;
  }
}
