/**
 * Notices that the app of this worker holds more memory than `--app-memory` allows.
 *
 * In: what V8 reports of this thread's heap and buffers, four times a second while the thread turns. Out: a call each second for as long as it
 * is too much. Garbage counts until V8 collects it, so what goes away within a second is not reported. A handler that allocates without
 * returning is not seen: V8 ends the process at its own limit.
 */

/** Milliseconds between two looks. */
const LOOK_INTERVAL = 250;
/** Looks in a row that must find too much. */
const LOOKS = 4;

/** What it compares, and what it calls. */
export interface HeapWatchParts {
  /** Bytes. */
  readonly bound: number;
  /** Bytes that the thread holds now. Default: V8's heap and the buffers outside of it. */
  readonly held?: () => number;
  /** It is too much. */
  exceeded(bytes: number): void;
}

/** Looks at one thread. */
export class HeapWatch {
  readonly #parts: HeapWatchParts;
  readonly #held: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #looks = 0;
  #least = Infinity;

  constructor(parts: HeapWatchParts) {
    this.#parts = parts;
    this.#held = parts.held ?? heldByThread();
    this.#timer = setInterval(() => this.look(), LOOK_INTERVAL);
    Deno.unrefTimer(this.#timer);
  }

  /** Looks once. */
  look(): void {
    const bytes = this.#held();
    if (bytes <= this.#parts.bound) {
      this.#looks = 0;
      this.#least = Infinity;
      return;
    }
    this.#least = Math.min(this.#least, bytes);
    if (++this.#looks < LOOKS) return;
    this.#looks = 0;
    this.#parts.exceeded(this.#least);
    this.#least = Infinity;
  }

  /** Ends its timer. */
  close(): void {
    clearInterval(this.#timer);
  }
}

/** The app may replace the function later. */
function heldByThread(): () => number {
  const { memoryUsage } = Deno;
  return () => {
    const { heapUsed, external } = memoryUsage();
    return heapUsed + external;
  };
}
