/**
 * How far a tail is, on one line of a terminal: how many publications came, and how many a second, or for how long none.
 *
 * In: publications as they are printed, and a clock. Out: a text a second, which is taken away before anything else is written. There is
 * no progress if standard error is no terminal.
 */

/** Milliseconds between two texts. */
const INTERVAL = 1_000;

/** What it is made with. */
export interface TailProgressParts {
  /** The most publications; Infinity: any number. */
  readonly limit: number;
  /** Shows a text in place of the one before; empty: nothing. */
  show(text: string): Promise<void>;
  /** Milliseconds. */
  now(): number;
}

/** See the top of the file. */
export class TailProgress {
  readonly #parts: TailProgressParts;
  readonly #timer: ReturnType<typeof setInterval>;
  #count = 0;
  #lastAt: number;
  #toldCount = 0;
  #toldAt: number;
  #isShown = false;
  #isWriting = false;

  constructor(parts: TailProgressParts) {
    this.#parts = parts;
    this.#lastAt = this.#toldAt = parts.now();
    this.#timer = setInterval(() => void this.tell(), INTERVAL);
  }

  /** Shows how far it is, unless something else is being written. */
  async tell(): Promise<void> {
    if (this.#isWriting) return;
    const now = this.#parts.now();
    const rate = (this.#count - this.#toldCount) * 1000 / Math.max(now - this.#toldAt, 1);
    const pause = Math.floor((now - this.#lastAt) / 1000);
    this.#toldCount = this.#count;
    this.#toldAt = now;
    this.#isShown = true;
    const speed = rate > 0
      ? `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
      : `none for ${pause} s`;
    await this.#parts.show(`${this.#counted()}, ${speed}`);
  }

  /** Writes publications, so many, with the line taken away. */
  async around(publications: number, write: () => Promise<void>): Promise<void> {
    this.#isWriting = true;
    await this.hide();
    await write();
    this.#isWriting = false;
    this.#count += publications;
    this.#lastAt = this.#parts.now();
  }

  /** Takes the line away, until the next one. */
  async hide(): Promise<void> {
    if (!this.#isShown) return;
    this.#isShown = false;
    await this.#parts.show("");
  }

  /** No line comes any more. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.hide();
  }

  #counted(): string {
    const { limit } = this.#parts;
    if (limit !== Infinity) return `${this.#count} of ${limit} publications`;
    return this.#count === 1 ? "1 publication" : `${this.#count} publications`;
  }
}
