/**
 * Leaves the compressed copies of shown files out of a listing's page.
 *
 * In: the entries of a folder. Out: the entries to show, in the same order, and how many were left out. A copy
 * is left out if it would be sent in place of its file: `app.js.br` beside `app.js`, not empty and not
 * older. `photo.jpg.gz` stays, as it is never sent for `photo.jpg`.
 */

import { NEIGHBOUR_LAG, NEIGHBOURS } from "./file_loader.ts";
import type { ListingEntry } from "./listing.ts";
import { isCompressible, mediaType } from "./media_types.ts";

const ENDINGS = NEIGHBOURS.map(([_, ending]) => ending);

/** The entries that a listing's page shows. */
export interface ShownEntries {
  readonly shown: readonly ListingEntry[];
  /** The number of compressed copies that are not shown. */
  readonly copies: number;
}

/** Removes the compressed copies. */
export function withoutCopies(entries: readonly ListingEntry[]): ShownEntries {
  const files = new Map(entries.filter((one) => !one.isFolder).map((one) => [one.name, one]));
  const shown = entries.filter((entry) => !isCopy(entry, files));
  return { shown, copies: entries.length - shown.length };
}

function isCopy(entry: ListingEntry, files: ReadonlyMap<string, ListingEntry>): boolean {
  if (entry.isFolder || entry.size === 0) return false;
  const ending = ENDINGS.find((one) => entry.name.endsWith(one));
  if (ending === undefined) return false;
  const original = files.get(entry.name.slice(0, -ending.length));
  return original !== undefined && isCompressible(mediaType(original.name)) &&
    entry.lastModified >= original.lastModified - NEIGHBOUR_LAG;
}
