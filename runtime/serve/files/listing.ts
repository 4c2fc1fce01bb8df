/**
 * What a folder has, as a page or as data (`--listing`).
 *
 * In: a folder's path and its entries, whatever order. Out: the body, its type and its policy, by what the
 * client would rather have. A pure function: who serves files reads the folder, leaves out what is
 * hidden, and sends the answer, with `Vary: Accept`. Entries that no request can name are left out, and
 * of very many those beyond a bound.
 */

import { accepts } from "@std/http/negotiation";
import { decodeRequestPath, isRefusedPath } from "../../../protocol/mod.ts";
import { isoTime, LISTING_CSP, listingPage } from "./listing_page.ts";

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
  readonly body: string;
}

const HTML = "text/html";
const JSON_TYPE = "application/json";

/** `file10` behind `file9`, as people count; equal in every worker whatever its locale. */
const order = new Intl.Collator("en", { numeric: true });

/**
 * Lists a folder.
 *
 * @param accept the request's Accept; the page unless JSON is preferred
 */
export function listFolder(folder: FolderContent, accept: string | undefined): ListingAnswer {
  const listing = listingOf(folder);
  if (prefersJson(accept)) {
    return { contentType: JSON_TYPE, contentSecurityPolicy: undefined, body: listingJson(listing) };
  }
  const contentType = `${HTML}; charset=utf-8`;
  return { contentType, contentSecurityPolicy: LISTING_CSP, body: listingPage(listing) };
}

/** Folders first, then by name. */
function listingOf({ segments, entries, omitted: unseen = 0 }: FolderContent): Listing {
  const reachable = entries.filter(({ name }) => isReachable(name));
  const sorted = reachable.toSorted((a, b) => {
    return Number(b.isFolder) - Number(a.isFolder) || order.compare(a.name, b.name);
  });
  const omitted = unseen + Math.max(0, sorted.length - MAX_LISTED);
  return { segments, entries: sorted.slice(0, MAX_LISTED), omitted };
}

/** A link to what is refused would be a dead end: names with a backslash, names that are not Unicode. */
function isReachable(name: string): boolean {
  if (!name.isWellFormed() || name.includes("\ufffd")) return false;
  return !isRefusedPath(decodeRequestPath(`/${encodeURIComponent(name)}`));
}

function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  return accepts({ headers: new Headers({ Accept: accept }) }, HTML, JSON_TYPE) === JSON_TYPE;
}

function listingJson({ segments, entries, omitted }: Listing): string {
  const path = `/${segments.map((name) => `${name}/`).join("")}`;
  const rows = entries.map(({ name, isFolder, size, lastModified }) => ({
    name,
    type: isFolder ? "folder" : "file",
    ...(isFolder ? {} : { size }),
    modified: isoTime(lastModified) ?? null,
  }));
  return `${JSON.stringify({ path, entries: rows, omitted })}\n`;
}
