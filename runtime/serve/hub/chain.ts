/**
 * What the subscribers of a channel got last, for those that get what has changed since.
 *
 * In: the publications of the channel, as they are passed on. Out: for each its difference to the one before, made once for all faces.
 * Only channels with such subscribers have one: it holds a copy of the last publication.
 */

import { Entry, ENTRY_KIND } from "../../channels/mod.ts";
import { copyEntry } from "./entry_copy.ts";

/** Makes a difference; undefined: it would be of no use. */
export type Difference = (before: Entry, now: Entry) => Uint8Array | undefined;

/** The last publication of a channel. */
export class Chain {
  readonly #last = new Entry();
  #hasLast = false;
  /** That of the publication which is passed on now; null: it is not made yet. */
  #difference: Uint8Array | undefined | null = null;

  /** The last publication; undefined: there was none. Valid until the next one. */
  get last(): Entry | undefined {
    return this.#hasLast ? this.#last : undefined;
  }

  /** The difference of the publication that is passed on now to the one before. */
  difference(now: Entry, make: Difference): Uint8Array | undefined {
    if (this.#difference !== null) return this.#difference;
    const made = this.#hasLast ? make(this.#last, now) : undefined;
    this.#difference = made;
    return made;
  }

  /** A publication was passed on: the next one is compared with it. */
  advance(entry: Entry): void {
    if (entry.kind !== ENTRY_KIND.publication) return;
    this.#difference = null;
    copyEntry(this.#last, entry);
    this.#hasLast = true;
  }
}
