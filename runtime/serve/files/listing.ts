/**
 * A folder's listing, as a page or as JSON (`--listing`).
 *
 * In: a folder's path and its entries, in any order. Out: the body, its type and its policy, in the format
 * that the client prefers. Pure, and works in slices: folder_listing.ts reads the folder and caches the
 * result; listing_answer.ts sends it, with `Vary: Accept`. Entries that no request can name are left out,
 * and so are entries above a bound.
 */

import { accepts } from "@std/http/negotiation";
import { decodeRequestPath, isRefusedPath } from "../../../protocol/mod.ts";
import { listingJson, listingJsonRow } from "./listing_json.ts";
import { withoutCopies } from "./listing_neighbours.ts";
import { LISTING_CSP, listingPage, listingRow } from "./listing_page.ts";
import type { Sliced } from "./sliced.ts";
import { firstSorted } from "./sliced_sort.ts";

/**
 * The most entries of a listing; the rest are counted. A page of this many has about a megabyte; nobody reads
 * through a larger folder.
 */
export const MAX_LISTED = 5_000;

/** One file or folder. */
export interface ListingEntry {
  /** Its name in the folder. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Bytes; ignored for a folder. */
  readonly size: number;
  /** The time of the last change, in seconds since 1970. */
  readonly lastModified: number;
}

/** A folder to list. */
export interface FolderContent {
  /** The folder names from the root down, decoded; empty for the root. */
  readonly segments: readonly string[];
  readonly entries: readonly ListingEntry[];
  /** The number of further entries that were not read; absent if there are none. */
  readonly omitted?: number;
}

/** A folder as it is shown. */
export interface Listing extends FolderContent {
  /** Entries above the bound, and entries that were not read. */
  readonly omitted: number;
}

/** A listing, ready to be sent. */
export interface ListingAnswer {
  readonly contentType: string;
  /** The Content-Security-Policy to send with it; JSON needs none. */
  readonly contentSecurityPolicy: string | undefined;
  /** UTF-8; never modified. */
  readonly body: Uint8Array;
}

const HTML = "text/html";
const JSON_TYPE = "application/json";

/** Entries that are checked, or written, in one slice: about a millisecond. */
const SLICE_ENTRIES = 256;

/** Natural order: `file10` after `file9`; the same in every worker, whatever its locale. */
export const compareNames: (a: string, b: string) => number =
  new Intl.Collator("en", { numeric: true }).compare;

const encoder = new TextEncoder();

/** Selects and sorts the entries to show: folders first, then by name. */
export function* arrangeListing(
  { segments, entries, omitted: unseen = 0 }: FolderContent,
): Sliced<Listing> {
  const reachable: ListingEntry[] = [];
  for (const part of slicesOf(entries)) {
    reachable.push(...part.filter(({ name }) => isReachable(name)));
    if (part.length === SLICE_ENTRIES) yield;
  }
  const shown = yield* firstSorted(reachable, MAX_LISTED, (a, b) => {
    return Number(b.isFolder) - Number(a.isFolder) || compareNames(a.name, b.name);
  });
  return { segments, entries: shown, omitted: unseen + reachable.length - shown.length };
}

/** Writes a listing, as JSON or as the page. */
export function* renderListing(listing: Listing, asJson: boolean): Sliced<ListingAnswer> {
  const { shown, copies } = asJson
    ? { shown: listing.entries, copies: 0 }
    : withoutCopies(listing.entries);
  let rows = "";
  for (const part of slicesOf(shown)) {
    rows += asJson
      ? part.map((entry) => `,${listingJsonRow(entry)}`).join("")
      : part.map(listingRow).join("");
    if (part.length === SLICE_ENTRIES) yield;
  }
  if (asJson) {
    const body = encoder.encode(listingJson(listing, rows.slice(1)));
    return { contentType: JSON_TYPE, contentSecurityPolicy: undefined, body };
  }
  const body = encoder.encode(listingPage({ ...listing, entries: shown }, rows, copies));
  const contentType = `${HTML}; charset=utf-8`;
  return { contentType, contentSecurityPolicy: LISTING_CSP, body };
}

/** Whether this value of Accept prefers JSON to HTML; without the field, or if both are equal, HTML is sent. */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return accepts({ headers: new Headers({ Accept: accept }) }, HTML, JSON_TYPE) === JSON_TYPE;
}

function* slicesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += SLICE_ENTRIES) {
    yield items.slice(at, at + SLICE_ENTRIES);
  }
}

/** Whether a request can name it: names with a backslash, and names that are not Unicode, are refused. */
function isReachable(name: string): boolean {
  if (!name.isWellFormed() || name.includes("\ufffd")) return false;
  return !isRefusedPath(decodeRequestPath(`/${encodeURIComponent(name)}`));
}
