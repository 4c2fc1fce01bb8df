/**
 * A double buffer for the log lines of one thread: the thread fills one half while the writer writes the other.
 *
 * In: pieces of a line after `begin`, from one thread. Out: whole lines, to the one writer of the log
 * (log_reader.ts), which is woken. The thread never waits: lines for which there is no room, because the writer is
 * late or its file accepts nothing, are dropped and counted. The layout is in log_layout.ts.
 */

import { LogControl } from "./log_control.ts";
import {
  type Half,
  LOG_HALF_BYTES,
  LOG_WORD,
  openLogBlock,
  otherHalf,
  OWNED_BY_THREAD,
  OWNED_BY_WRITER,
} from "./log_layout.ts";

/** Room that `begin` makes: no line is longer, nor are the three lines of a request together. */
export const MAX_LINE_BYTES = 32 * 1024;
/** From this many bytes on, a half is handed over as soon as the other one is free. */
const HAND_OVER_BYTES = 128 * 1024;
const NEVER_READY = -1;
const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT;
const MAX_INTEGER = 0x7fffffff;
const ZERO = 0x30;

/** Called by a thread when it had no room for this many lines, and dropped them. */
export type LinesDropped = (lines: number) => void;

/** The buffer of one thread for one log. */
export class LogBuffer {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];
  readonly #views: readonly [DataView, DataView];
  readonly #control: LogControl;
  readonly #dropped: LinesDropped;
  // The half that the thread fills, and its length.
  #current: Half;
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;
  // Below this many bytes a line needs no check; NEVER_READY: the writer still has this half.
  #checkAt: number;

  /** @param block the thread's block: one object fills it at a time; a successor after its predecessor has died */
  constructor(memory: SharedArrayBuffer, block: number, dropped: LinesDropped) {
    const { words, halves } = openLogBlock(memory, block);
    this.#words = words;
    this.#halves = halves;
    this.#views = [viewOf(halves[0]), viewOf(halves[1])];
    this.#control = new LogControl(memory);
    this.#dropped = dropped;
    this.#current = this.#words[LOG_WORD.current] === 0 ? 0 : 1;
    this.#bytes = this.#halves[this.#current];
    this.#view = this.#views[this.#current];
    this.#checkAt = this.#isOurs(this.#current) ? HAND_OVER_BYTES : NEVER_READY;
  }

  /** Whether lines wait to be handed over. */
  get pending(): boolean {
    return this.#length > 0;
  }

  /**
   * Makes room for `lines` lines of up to {@link MAX_LINE_BYTES} bytes in total; their pieces follow.
   *
   * @returns false if there is no room: the lines are dropped and counted
   */
  begin(lines = 1): boolean {
    if (this.#length >= this.#checkAt && !this.#makeRoom()) {
      this.#dropped(lines);
      return false;
    }
    // For `salvage`, if this thread dies.
    this.#words[LOG_WORD.length + this.#current] = this.#length;
    return true;
  }

  /** Appends text that consists of ASCII characters only: our own, or escaped. */
  text(text: string): void {
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#length = at + text.length;
  }

  /** Appends prepared bytes. */
  copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /**
   * Appends the first `length` bytes of these words, which are ASCII. As {@link copy}, but faster: in shared memory `set`
   * copies byte after byte, because V8 uses words only where source and target are aligned.
   *
   * @param words at least as many as `length` needs; what follows `length` in the last word is overwritten by the next piece
   */
  copyWords(words: Float64Array, length: number): void {
    const view = this.#view;
    const start = this.#length;
    // The bytes of ASCII text are never those of a NaN, the only number whose bytes may change.
    for (let i = 0, at = 0; at < length; i++, at += WORD_BYTES) {
      view.setFloat64(start + at, words[i]!, true); // words for `length`; little-endian, as every machine that Deno supports
    }
    this.#length = start + length;
  }

  /** Appends a whole number, 0 or more. */
  number(value: number): void {
    this.#length += digitsOf(value);
    writeDigits(this.#bytes, value, this.#length);
  }

  /** Hands over the waiting lines, unless the writer still has the other half. */
  flush(): void {
    if (this.pending && this.#isOurs(otherHalf(this.#current))) this.#handOver();
  }

  /** Hands over the waiting lines in any case, because the thread ends. */
  close(): void {
    if (this.pending) this.#handOver();
  }

  #isOurs(half: Half): boolean {
    return Atomics.load(this.#words, LOG_WORD.state + half) === OWNED_BY_THREAD;
  }

  #makeRoom(): boolean {
    if (this.#checkAt === NEVER_READY) {
      if (!this.#isOurs(this.#current)) return false;
      this.#checkAt = HAND_OVER_BYTES;
    }
    if (this.#length >= HAND_OVER_BYTES) this.flush();
    return this.#length <= LOG_HALF_BYTES - MAX_LINE_BYTES - WORD_BYTES;
  }

  #handOver(): void {
    this.#words[LOG_WORD.length + this.#current] = this.#length;
    const next = otherHalf(this.#current);
    this.#words[LOG_WORD.current] = next;
    // Publishes the lines of this half, their length, and which half is filled next.
    Atomics.store(this.#words, LOG_WORD.state + this.#current, OWNED_BY_WRITER);
    this.#current = next;
    this.#bytes = this.#halves[next];
    this.#view = this.#views[next];
    this.#length = 0;
    this.#checkAt = this.#isOurs(next) ? HAND_OVER_BYTES : NEVER_READY;
    this.#control.wake();
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Writes the digits of a whole number right before `end`. */
export function writeDigits(bytes: Uint8Array, value: number, end: number): void {
  let at = end;
  let large = value;
  while (large > MAX_INTEGER) {
    const tenth = Math.floor(large / 10);
    bytes[--at] = ZERO + (large - tenth * 10);
    large = tenth;
  }
  // With integers of 32 bits V8 neither divides nor calls a function of C for the remainder.
  let rest = large | 0;
  do {
    const tenth = (rest / 10) | 0;
    bytes[--at] = ZERO + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
}

/** Number of decimal digits of a whole number. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}
