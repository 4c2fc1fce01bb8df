/**
 * What a line of the event log begins with, its time and its writer, for the lines of one thread. The wall-clock time is derived from
 * the loop's clock; lines of the access log have it, too.
 *
 * In: the loop's `now`, which is constant within a turn. Out: milliseconds since 1970, and the prefix of a line of
 * the event log, `2026-11-27T22:51:30.123Z w0 `, as prepared bytes. A line costs a comparison, a turn with lines
 * three digits, and a second one read of the wall clock and one format of the date.
 */

import { writeDigits } from "../../ring/mod.ts";

/** The sources of a stamp. */
export interface LineStampParts {
  /** The loop's monotonic clock, in milliseconds. */
  now(): number;
  /** The wall clock: milliseconds since 1970. */
  epochMilliseconds(): number;
  /** The writer of the lines, `w0`; null: lines have no time and no writer, as in async_nostd. */
  readonly writer: string | null;
}

/** Milliseconds between two reads of the wall clock: it may be set, and the loop's clock drifts from it. */
const READ_INTERVAL = 1000;
/** `2026-11-27T22:51:30.` */
const BEFORE_MILLISECONDS = 20;
const AFTER_MILLISECONDS = 23;

/** The stamp of one thread's lines. */
export class LineStamp {
  /** Incremented whenever {@link prefix} changes. */
  version = 0;
  readonly #parts: LineStampParts;
  readonly #prefix: Uint8Array;
  #now = NaN;
  #readAt = -Infinity;
  // The wall clock's time minus the loop's.
  #offset = 0;
  #second = NaN;

  constructor(parts: LineStampParts) {
    this.#parts = parts;
    const { writer } = parts;
    this.#prefix = new TextEncoder().encode(writer === null ? "" : `${timeText(0)} ${writer} `);
  }

  /** The length of {@link prefix} in bytes, which never changes. */
  get prefixLength(): number {
    return this.#prefix.length;
  }

  /** The prefix of the lines of this turn; the same memory at every call. */
  prefix(): Uint8Array {
    if (this.#parts.now() !== this.#now) this.#update();
    return this.#prefix;
  }

  /** Milliseconds since 1970, at this turn. */
  epochMilliseconds(): number {
    if (this.#parts.now() !== this.#now) this.#update();
    return this.#now + this.#offset;
  }

  #update(): void {
    const now = this.#now = this.#parts.now();
    if (now - this.#readAt >= READ_INTERVAL || now < this.#readAt) {
      this.#readAt = now;
      this.#offset = this.#parts.epochMilliseconds() - now;
    }
    if (this.#prefix.length === 0) return;
    this.#write(Math.trunc(now + this.#offset));
  }

  #write(time: number): void {
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
