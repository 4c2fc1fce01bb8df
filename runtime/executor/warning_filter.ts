/**
 * Omits warnings that were given within the last minute.
 *
 * In: the text of a warning. Out: whether to give it. Every thread notices a full disk by itself, and the
 * operator should read about it once. Remembers a limited number of texts. Used by the executor.
 */

/** Milliseconds in which the same warning is not repeated. */
const REPEAT_INTERVAL = 60_000;
/** Texts that are remembered. */
const REMEMBERED_WARNINGS = 100;

/** The recent warnings of one server. */
export class WarningFilter {
  readonly #warnedAt = new Map<string, number>();

  /** Whether the warning is not a repetition; remembers it then. */
  admits(text: string): boolean {
    const now = performance.now();
    if (now - (this.#warnedAt.get(text) ?? -Infinity) < REPEAT_INTERVAL) return false;
    if (this.#warnedAt.size >= REMEMBERED_WARNINGS) this.#warnedAt.clear();
    this.#warnedAt.set(text, now);
    return true;
  }
}
