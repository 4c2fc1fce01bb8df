/**
 * The list of one folder, kept: read and written in slices, compared with the disk once a second.
 *
 * In: requests for the folder. Out: the page or the data, as bytes that are kept until something in the folder
 * changes. Requests that come while it is being read wait for the same work. What users see is the
 * folder of a second ago at most, sizes and dates as well as names, as of files that are served.
 */

import type { CacheEntry } from "./file_cache.ts";
import { type FolderSnapshot, readSnapshot, type SnapshotSource } from "./folder_snapshot.ts";
import { TRUST } from "./folder.ts";
import { arrangeListing, type Listing, type ListingAnswer, renderListing } from "./listing.ts";
import { runSliced, type Sliced } from "./sliced.ts";

/** What a listing is made of. */
export interface FolderListingParts extends SnapshotSource {
  /** Its names from the root down. */
  readonly segments: readonly string[];
  /** Milliseconds that are never set back. */
  now(): number;
  /** It takes another number of bytes now. */
  changed(): void;
}

/** The list, or the negated errno by which the folder could not be read. */
export type Listed = ListingAnswer | number;

/** An entry and its version, beside its name. Measured: about 300 bytes. */
const ENTRY_BYTES = 300;

/** One folder's list. */
export class FolderListing implements CacheEntry {
  used = false;
  readonly openFiles = 0;
  readonly #parts: FolderListingParts;
  #checkedAt = -Infinity;
  #snapshot: FolderSnapshot | null = null;
  #arranged: Listing | null = null;
  #page: ListingAnswer | null = null;
  #data: ListingAnswer | null = null;
  #work: Promise<void> | null = null;

  constructor(parts: FolderListingParts) {
    this.#parts = parts;
  }

  get memoryBytes(): number {
    const names = this.#snapshot?.names ?? [];
    return names.reduce((sum, { length }) => sum + 2 * length + ENTRY_BYTES, 0) +
      (this.#page?.body.length ?? 0) + (this.#data?.body.length ?? 0);
  }

  /** Whether it was compared with the disk within the last second. */
  get isFresh(): boolean {
    return this.#parts.now() - this.#checkedAt < TRUST;
  }

  /** The list as it is now, as data or as the page. */
  current(asJson: boolean): Listed | Promise<Listed> {
    if (this.#work !== null) return this.#work.then(() => this.current(asJson));
    const listed = runSliced(this.#update(asJson));
    if (!(listed instanceof Promise)) return listed;
    const done = () => void (this.#work = null);
    this.#work = listed.then(done, done);
    return listed;
  }

  drop(): void {
    // Memory alone: it goes when the last answer that is made of it has gone.
  }

  *#update(asJson: boolean): Sliced<Listed> {
    if (!this.isFresh) {
      const snapshot = yield* readSnapshot(this.#parts, this.#snapshot);
      if (typeof snapshot === "number") return snapshot;
      this.#adopt(snapshot);
    }
    const made = asJson ? this.#data : this.#page;
    return made ?? (yield* this.#render(asJson));
  }

  #adopt(snapshot: FolderSnapshot): void {
    this.#checkedAt = this.#parts.now();
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.#arranged = this.#page = this.#data = null;
    this.#parts.changed();
  }

  *#render(asJson: boolean): Sliced<ListingAnswer> {
    const { segments } = this.#parts;
    const entries = [...this.#snapshot?.entries.values() ?? []];
    const omitted = this.#snapshot?.omitted ?? 0;
    this.#arranged ??= yield* arrangeListing({ segments, entries, omitted });
    const answer = yield* renderListing(this.#arranged, asJson);
    if (asJson) this.#data = answer;
    else this.#page = answer;
    this.#parts.changed();
    return answer;
  }
}
