/**
 * The deltas of what one subscriber recovers.
 *
 * In: its publications, in their order. Out: for each but the first its difference to the one before. The first one is whole: a client
 * may have named a position without having got the publication there.
 */

import type { Entry } from "../../channels/mod.ts";
import { Chain } from "../hub/mod.ts";
import type { DeltaCache } from "./delta_cache.ts";
import { savedBytes } from "./publication_fields.ts";

/** The publications of one recovery. */
export class RecoveredDeltas {
  readonly #cache: DeltaCache;
  readonly #chain = new Chain();
  #count = 0;
  #savedBytes = 0;

  /** @param cache those that others have recovered */
  constructor(cache: DeltaCache) {
    this.#cache = cache;
  }

  /** How many of them were deltas. */
  get count(): number {
    return this.#count;
  }

  /** By how many bytes of data they are shorter. */
  get savedBytes(): number {
    return this.#savedBytes;
  }

  /** The delta of the next publication; undefined: it is whole. */
  differenceOf(entry: Entry): Uint8Array | undefined {
    const { last } = this.#chain;
    const difference = entry.asDelta && last ? this.#cache.get(last, entry) : undefined;
    this.#chain.advance(entry);
    if (difference !== undefined) this.#count++;
    this.#savedBytes += savedBytes(entry, difference);
    return difference;
  }
}
