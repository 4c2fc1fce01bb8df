/**
 * What a folder has, as a page or as data (`--listing`).
 *
 * In: a folder's path and its entries, whatever order. Out: the body, its type and its policy, by what the
 * client would rather have. Pure, and in slices: folder_listing.ts reads the folder, and keeps what is
 * made here; listing_answer.ts sends it, with `Vary: Accept`. Entries that no request can name are left
 * out, and of very many those beyond a bound.
 */

import { accepts } from "@std/http/negotiation";
import { decodeRequestPath, isRefusedPath } from "../../../protocol/mod.ts";
import { withoutCopies } from "./listing_neighbours.ts";
import { isoTime, LISTING_CSP, listingPage, listingRow } from "./listing_page.ts";
import type { Sliced } from "./sliced.ts";
import { sortSliced } from "./sliced_sort.ts";

/**
 * Entries of a listing; the rest are counted. A page of so many has about a megabyte; a folder of more is
 * one that nobody looks through.
 */
export const MAX_LISTED = 5_000;

/** One file or folder. */
export interface ListingEntry {
  /** Its name in the folder. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Bytes; of a folder not looked at. */
  readonly size: number;
  /** When it was last changed, in seconds since 1970. */
  readonly lastModified: number;
}

/** A folder to list. */
export interface FolderContent {
  /** Its names from the root down, decoded; none: the root. */
  readonly segments: readonly string[];
  readonly entries: readonly ListingEntry[];
  /** How many more it has that were not looked at; absent: none. */
  readonly omitted?: number;
}

/** A folder as it is shown. */
export interface Listing extends FolderContent {
  /** Entries beyond the bound, and those that were not looked at. */
  readonly omitted: number;
}

/** The answer to who asks for a folder. */
export interface ListingAnswer {
  readonly contentType: string;
  /** Content-Security-Policy to send with it; data needs none. */
  readonly contentSecurityPolicy: string | undefined;
  /** In UTF-8; never changed. */
  readonly body: Uint8Array;
}

const HTML = "text/html";
const JSON_TYPE = "application/json";

/** Entries that are looked at, or written, in one slice: about a millisecond. */
const SLICE_ENTRIES = 256;

/** `file10` behind `file9`, as people count; equal in every worker whatever its locale. */
const order = new Intl.Collator("en", { numeric: true });

const encoder = new TextEncoder();

/** What is shown of a folder and in which order: folders first, then by name. */
export function* arrangeListing(
  { segments, entries, omitted: unseen = 0 }: FolderContent,
): Sliced<Listing> {
  const reachable: ListingEntry[] = [];
  for (const part of slicesOf(entries)) {
    reachable.push(...part.filter(({ name }) => isReachable(name)));
    if (part.length === SLICE_ENTRIES) yield;
  }
  const sorted = yield* sortSliced(reachable, (a, b) => {
    return Number(b.isFolder) - Number(a.isFolder) || order.compare(a.name, b.name);
  });
  const omitted = unseen + Math.max(0, sorted.length - MAX_LISTED);
  return { segments, entries: sorted.slice(0, MAX_LISTED), omitted };
}

/** Writes a list, as data or as the page. */
export function* renderListing(listing: Listing, asJson: boolean): Sliced<ListingAnswer> {
  const { shown, copies } = asJson
    ? { shown: listing.entries, copies: 0 }
    : withoutCopies(listing.entries);
  let rows = "";
  for (const part of slicesOf(shown)) {
    rows += asJson
      ? part.map((entry) => `,${jsonRow(entry)}`).join("")
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

/** Whether this value of Accept wants data; the page unless JSON is preferred. */
export function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return accepts({ headers: new Headers({ Accept: accept }) }, HTML, JSON_TYPE) === JSON_TYPE;
}

function* slicesOf<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += SLICE_ENTRIES) {
    yield items.slice(at, at + SLICE_ENTRIES);
  }
}

/** A link to what is refused would be a dead end: names with a backslash, names that are not Unicode. */
function isReachable(name: string): boolean {
  if (!name.isWellFormed() || name.includes("\ufffd")) return false;
  return !isRefusedPath(decodeRequestPath(`/${encodeURIComponent(name)}`));
}

function jsonRow({ name, isFolder, size, lastModified }: ListingEntry): string {
  return JSON.stringify({
    name,
    type: isFolder ? "folder" : "file",
    ...(isFolder ? {} : { size }),
    modified: isoTime(lastModified) ?? null,
  });
}

/** @param rows those of the entries, with commas between them */
function listingJson({ segments, omitted }: Listing, rows: string): string {
  const path = JSON.stringify(`/${segments.map((name) => `${name}/`).join("")}`);
  return `{"path":${path},"entries":[${rows}],"omitted":${omitted}}\n`;
}
