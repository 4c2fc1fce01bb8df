/**
 * The lines of one thread on their way to a log: two halves, of which the thread fills one while the writer
 * writes the other.
 *
 * In: pieces of a line behind `begin`, from one thread. Out: whole lines, to the one writer of the log
 * (`take`, `release`). The thread never waits: lines for which there is no room, because the writer is late or
 * its file takes nothing, are dropped and counted. What a thread that died has left can be taken too.
 * Where everything lies is in log_layout.ts.
 */

import { PAIR_BYTES } from "./layout.ts";
import { LOG_BLOCK_BYTES, LOG_HALF_BYTES, LOG_WORD } from "./log_layout.ts";

/** Room that `begin` makes: no line, nor the three of a request, is longer. */
export const LONGEST_LINE = 32 * 1024;
/** From so many bytes on a half is handed over as soon as the other one is free. */
const HAND_OVER = 128 * 1024;
const NONE = -1;

const THREADS = 0;
const WRITERS = 1;

const encoder = new TextEncoder();

/** Who is told about a thread's lines; called by the thread. */
export interface LogBufferWatcher {
  /** A half waits for the writer. */
  handedOver(): void;
  /** So many lines found no room. */
  dropped(lines: number): void;
}

/** The buffer of one thread for one log. */
export class LogBuffer {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];
  readonly #watcher: LogBufferWatcher;
  // The half that the thread fills, and how far.
  #current: 0 | 1;
  #bytes: Uint8Array;
  #length = 0;
  // Below this many bytes there is nothing to think about; NONE: the half is still the writer's.
  #easy: number;

  /** @param block which thread's: one object fills it at a time, after the one before has died */
  constructor(memory: SharedArrayBuffer, block: number, watcher: LogBufferWatcher) {
    const at = block * LOG_BLOCK_BYTES;
    this.#words = new Int32Array(memory, at, PAIR_BYTES / 4);
    this.#halves = halvesOf(memory, at);
    this.#watcher = watcher;
    this.#current = this.#words[LOG_WORD.current] === 0 ? 0 : 1;
    this.#bytes = this.#halves[this.#current];
    this.#easy = this.#isOurs(this.#current) ? HAND_OVER : NONE;
  }

  /** Whether lines wait to be handed over. */
  get pending(): boolean {
    return this.#length > 0;
  }

  /**
   * Makes room for `lines` lines of up to {@link LONGEST_LINE} bytes together; the pieces may follow.
   *
   * @returns false if there is none: the lines are dropped and counted
   */
  begin(lines = 1): boolean {
    if (this.#length >= this.#easy && !this.#makeRoom()) {
      this.#watcher.dropped(lines);
      return false;
    }
    // For who takes over if this thread dies.
    this.#words[LOG_WORD.length + this.#current] = this.#length;
    return true;
  }

  /** Appends text of ASCII characters alone: our own, or escaped. */
  text(text: string): void {
    const at = this.#length;
    for (let i = 0; i < text.length; i++) this.#bytes[at + i] = text.charCodeAt(i);
    this.#length = at + text.length;
  }

  /** The same of a text put together for the one occasion: V8 copies it faster than we do letter by letter. */
  line(text: string): void {
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Appends bytes that lie ready, and tells where. */
  copy(bytes: Uint8Array): number {
    const at = this.#length;
    this.#bytes.set(bytes, at);
    this.#length = at + bytes.length;
    return at;
  }

  /** Writes the digits of a whole number right before `end`, over what {@link copy} put there. */
  digits(value: number, end: number): void {
    writeDigits(this.#bytes, value, end);
  }

  /** Appends a whole number, 0 or more. */
  number(value: number): void {
    this.#length += digitsOf(value);
    this.digits(value, this.#length);
  }

  /** Hands over what waits, unless the writer still has the half before. */
  flush(): void {
    if (this.pending && this.#isOurs(other(this.#current))) this.#handOver();
  }

  /** Hands over what waits, whatever the writer has: the thread ends. */
  close(): void {
    if (this.pending) this.#handOver();
  }

  #isOurs(half: 0 | 1): boolean {
    return Atomics.load(this.#words, LOG_WORD.state + half) === THREADS;
  }

  #makeRoom(): boolean {
    if (this.#easy === NONE) {
      if (!this.#isOurs(this.#current)) return false;
      this.#easy = HAND_OVER;
    }
    if (this.#length >= HAND_OVER) this.flush();
    return this.#length <= LOG_HALF_BYTES - LONGEST_LINE;
  }

  #handOver(): void {
    this.#words[LOG_WORD.length + this.#current] = this.#length;
    const next = other(this.#current);
    this.#words[LOG_WORD.current] = next;
    // Publishes the lines of this half, their length, and which half is filled next.
    Atomics.store(this.#words, LOG_WORD.state + this.#current, WRITERS);
    this.#current = next;
    this.#bytes = this.#halves[next];
    this.#length = 0;
    this.#easy = this.#isOurs(next) ? HAND_OVER : NONE;
    this.#watcher.handedOver();
  }
}

/** The writer's side of one thread's buffer; one object for as long as the log lasts. */
export class LogBufferReader {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];
  #next: 0 | 1 = 0;

  constructor(memory: SharedArrayBuffer, block: number) {
    const at = block * LOG_BLOCK_BYTES;
    this.#words = new Int32Array(memory, at, PAIR_BYTES / 4);
    this.#halves = halvesOf(memory, at);
  }

  /** The lines that were handed over longest ago, or null; the same until {@link release}. */
  take(): Uint8Array | null {
    if (Atomics.load(this.#words, LOG_WORD.state + this.#next) !== WRITERS) return null;
    return this.#halves[this.#next].subarray(0, this.#words[LOG_WORD.length + this.#next]);
  }

  /** Gives the half back that {@link take} gave. */
  release(): void {
    this.#words[LOG_WORD.length + this.#next] = 0;
    // Publishes that nobody reads this half any more.
    Atomics.store(this.#words, LOG_WORD.state + this.#next, THREADS);
    this.#next = other(this.#next);
  }

  /** Takes over what a thread that died was filling, up to its last line but one. */
  salvage(): void {
    const current = this.#words[LOG_WORD.current] === 0 ? 0 : 1;
    const isItsOwn = Atomics.load(this.#words, LOG_WORD.state + current) === THREADS;
    if (!isItsOwn || this.#words[LOG_WORD.length + current] === 0) return;
    this.#words[LOG_WORD.current] = other(current);
    Atomics.store(this.#words, LOG_WORD.state + current, WRITERS); // as the thread's own, when it ends
  }
}

/** Writes the digits of a whole number right before `end`. */
export function writeDigits(bytes: Uint8Array, value: number, end: number): void {
  let rest = value;
  let at = end;
  do {
    bytes[--at] = 0x30 + rest % 10;
    rest = Math.trunc(rest / 10);
  } while (rest > 0);
}

/** How many decimal digits a whole number has. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

function other(half: 0 | 1): 0 | 1 {
  return half === 0 ? 1 : 0;
}

function halvesOf(memory: SharedArrayBuffer, at: number): [Uint8Array, Uint8Array] {
  const half = (i: number) =>
    new Uint8Array(memory, at + PAIR_BYTES + i * LOG_HALF_BYTES, LOG_HALF_BYTES);
  return [half(0), half(1)];
}
