/**
 * The time that the lines of one thread are written at: the loop's, as a wall clock shows it.
 *
 * In: the loop's `now`, which stands still within a turn. Out: milliseconds since 1970, and the beginning of a
 * line of the event log, `2026-11-27T22:51:30.123Z w0 `, as bytes that lie ready. A line costs a comparison:
 * a turn with lines costs three digits, a second one look at the wall clock and a format of the date.
 */

import { writeDigits } from "../../ring/mod.ts";

/** What a line clock goes by. */
export interface LineClockParts {
  /** Milliseconds of a clock that is never set back; the loop's. */
  readonly loop: { readonly now: number };
  /** The wall clock: milliseconds since 1970. */
  epochMilliseconds(): number;
  /** Who writes the lines, `w0`; null: lines begin without time and writer, as the seed's. */
  readonly writer: string | null;
}

/** The wall clock is looked at this often: it may be set, and the loop's own clock drifts from it. */
const LOOK = 1000;
/** `2026-11-27T22:51:30.` */
const BEFORE_MILLISECONDS = 20;
const AFTER_MILLISECONDS = 23;

/** The clock of one thread's lines. */
export class LineClock {
  /** Grows whenever {@link prefix} shows another time. */
  version = 0;
  readonly #parts: LineClockParts;
  readonly #prefix: Uint8Array;
  #now = NaN;
  #lookedAt = -Infinity;
  // What the wall clock is ahead of the loop's.
  #ahead = 0;
  #second = NaN;

  constructor(parts: LineClockParts) {
    this.#parts = parts;
    const { writer } = parts;
    this.#prefix = new TextEncoder().encode(writer === null ? "" : `${timeText(0)} ${writer} `);
  }

  /** Bytes of {@link prefix}, always as many. */
  get prefixLength(): number {
    return this.#prefix.length;
  }

  /** What a line of this turn begins with; the same memory at every call. */
  prefix(): Uint8Array {
    if (this.#parts.loop.now !== this.#now) this.#turn();
    return this.#prefix;
  }

  /** Milliseconds since 1970 at this turn. */
  epochMilliseconds(): number {
    if (this.#parts.loop.now !== this.#now) this.#turn();
    return this.#now + this.#ahead;
  }

  #turn(): void {
    const now = this.#now = this.#parts.loop.now;
    if (now - this.#lookedAt >= LOOK || now < this.#lookedAt) {
      this.#lookedAt = now;
      this.#ahead = this.#parts.epochMilliseconds() - now;
    }
    if (this.#prefix.length === 0) return;
    this.#show(Math.trunc(now + this.#ahead));
  }

  #show(time: number): void {
    const second = Math.trunc(time / 1000);
    if (second === this.#second) {
      this.#prefix.fill(0x30, BEFORE_MILLISECONDS, AFTER_MILLISECONDS);
      writeDigits(this.#prefix, time % 1000, AFTER_MILLISECONDS);
    } else {
      this.#second = second;
      new TextEncoder().encodeInto(timeText(time), this.#prefix);
    }
    this.version++;
  }
}

/** RFC 3339 section 5.6, in UTC, with milliseconds. */
function timeText(time: number): string {
  return new Date(time).toISOString();
}
