/**
 * The tags of the publication that is passed on now, read once for all filters.
 *
 * In: entries, each of them as often as there are filters. Out: their tags.
 */

import type { Entry } from "../../channels/mod.ts";
import { tagsOf } from "./publication_fields.ts";

/** Those of the latest publication. */
export class LatestTags {
  #epoch = 0;
  #offset = 0;
  #tags: ReadonlyMap<string, string> = new Map();

  /** The tags of an entry. */
  of(entry: Entry): ReadonlyMap<string, string> {
    const { epoch, offset } = entry;
    // Without an offset, it may be another one than the last.
    if (offset === 0 || offset !== this.#offset || epoch !== this.#epoch) {
      this.#tags = tagsOf(entry);
      this.#epoch = epoch;
      this.#offset = offset;
    }
    return this.#tags;
  }
}
