/**
 * What one thread has for the operator, without a message for each of thousands of the same.
 *
 * In: a text, and what kind of thing it is about. Out: a message to the main thread, of each kind at most one in
 * ten seconds; that one tells the operator of each text once a minute, whichever thread it comes from.
 */

import type { ThreadMessage } from "./messages.ts";

/** Milliseconds between two of a kind. */
const AGAIN = 10_000;

/** The warnings of one thread. */
export class Warnings {
  readonly #post: (message: ThreadMessage) => void;
  readonly #now: () => number;
  readonly #saidAt = new Map<string, number>();

  /** @param now milliseconds of any clock */
  constructor(post: (message: ThreadMessage) => void, now: () => number) {
    this.#post = post;
    this.#now = now;
  }

  /** Something for the operator. There are few kinds: they are remembered. */
  say(kind: string, text: string): void {
    const now = this.#now();
    const age = now - (this.#saidAt.get(kind) ?? -Infinity);
    if (age >= 0 && age < AGAIN) return;
    this.#saidAt.set(kind, now);
    this.#post({ type: "warning", text });
  }
}
