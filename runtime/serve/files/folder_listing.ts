/**
 * The cached listing of one folder: read and written in slices, compared with the disk once a second.
 *
 * In: requests for the folder. Out: the page or the JSON, as bytes that are cached until something in the
 * folder changes. Requests that arrive while the folder is read wait for the same work. A client sees names,
 * sizes and dates that are at most a second old, the same as for served files.
 */

import type { CacheEntry } from "./file_cache.ts";
import { type FolderSnapshot, readSnapshot, type SnapshotSource } from "./folder_snapshot.ts";
import { CHECK_INTERVAL } from "./folder.ts";
import { arrangeListing, type Listing, type ListingAnswer, renderListing } from "./listing.ts";
import { runSliced, type Sliced } from "./sliced.ts";

/** What a listing is made of. */
export interface FolderListingParts extends SnapshotSource {
  /** The folder names from the root down. */
  readonly segments: readonly string[];
  /** A monotonic clock, in milliseconds. */
  now(): number;
  /** Called when its size in memory has changed. */
  changed(): void;
}

/** The listing, or a negated errno if the folder could not be read. */
export type Listed = ListingAnswer | number;

/** Bytes of an entry and its version, besides the name. Measured: about 300. */
const ENTRY_BYTES = 300;

/** One folder's listing. */
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
    return this.#parts.now() - this.#checkedAt < CHECK_INTERVAL;
  }

  /** The current listing, as JSON or as the page. */
  current(asJson: boolean): Listed | Promise<Listed> {
    if (this.#work !== null) return this.#work.then(() => this.current(asJson));
    const listed = runSliced(this.#update(asJson));
    if (!(listed instanceof Promise)) return listed;
    const done = () => void (this.#work = null);
    this.#work = listed.then(done, done);
    return listed;
  }

  drop(): void {
    // It holds only memory, which is collected after the last answer that uses it.
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
