/**
 * A folder's listing as JSON: an object of the path, the entries, and how many were left out.
 *
 * In: entries as listing.ts has arranged them. Out: the text. Pure.
 */

import type { Listing, ListingEntry } from "./listing.ts";
import { isoTime } from "./listing_page.ts";

/** One entry. */
export function listingJsonRow({ name, isFolder, size, lastModified }: ListingEntry): string {
  return JSON.stringify({
    name,
    type: isFolder ? "folder" : "file",
    ...(isFolder ? {} : { size }),
    modified: isoTime(lastModified) ?? null,
  });
}

/** The whole. @param rows the rows of the entries, separated by commas */
export function listingJson({ segments, omitted }: Listing, rows: string): string {
  const path = JSON.stringify(`/${segments.map((name) => `${name}/`).join("")}`);
  return `{"path":${path},"entries":[${rows}],"omitted":${omitted}}\n`;
}
