/**
 * Warnings of one thread for the operator, limited in rate.
 *
 * In: a text, and the kind of event it is about. Out: a message to the main thread, at most one per kind in ten
 * seconds. The main thread prints each text at most once a minute, whichever thread it comes from.
 */

import type { ThreadMessage } from "./messages.ts";

/** Minimum of milliseconds between two warnings of a kind. */
const INTERVAL = 10_000;

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

  /** Sends a warning, unless one of this kind was sent recently. There are few kinds, and all are remembered. */
  say(kind: string, text: string): void {
    const now = this.#now();
    const age = now - (this.#saidAt.get(kind) ?? -Infinity);
    if (age >= 0 && age < INTERVAL) return;
    this.#saidAt.set(kind, now);
    this.#post({ type: "warning", text });
  }
}
