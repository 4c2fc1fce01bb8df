/**
 * What a folder holds at one moment: names and, of those that can be served, kind, size and date.
 *
 * In: the folder's path beneath the root, and what was found there the last time. Out: the same object if nothing has
 * changed, else a new one. Names are read anew if the folder's own times have changed; of each entry the
 * status is compared, since a file grows without its folder changing, and only one that is new or changed
 * is opened, to see whether it could be served. In slices: see sliced.ts.
 */

import type { FilesConfig } from "../../config/mod.ts";
import { FileStatus, type FileSystem } from "../../os/mod.ts";
import type { Folder } from "./folder.ts";
import { type ListingEntry, MAX_LISTED } from "./listing.ts";
import type { Sliced } from "./sliced.ts";

/** Names that are read of a folder, however many it has: some megabytes. */
const MOST_NAMES = 100_000;
/** System calls in one slice: measured, 2 to 4 µs each. */
const SLICE_CALLS = 400;
/** What an entry costs that is as it was: its status is asked. */
const KNOWN_CALLS = 1;
/** What another one costs: it is opened too. */
const NEW_CALLS = 4;
/**
 * Seconds that must have passed since the folder was changed until its times are trusted: the kernel's clock has
 * a grain, and a name that is added in the same tick changes nothing that could be seen.
 */
const SETTLED = 2;

/** An entry, and the version of what it leads to. */
interface KnownEntry extends ListingEntry {
  readonly version: string;
}

/** A folder at one moment. */
export interface FolderSnapshot {
  /** In no order; not more than are listed. */
  readonly names: readonly string[];
  /** Names that are not among them. */
  readonly omitted: number;
  /** What can be served, by name. */
  readonly entries: ReadonlyMap<string, KnownEntry>;
  /** The folder's version; undefined: it has just been changed, so that its times say nothing yet. */
  readonly version: string | undefined;
}

/** Where a folder is, and who reads it. */
export interface SnapshotSource {
  readonly files: FileSystem;
  readonly folder: Folder;
  readonly config: Pick<FilesConfig, "hidden">;
  /** Beneath the root, decoded, without a slash at either end; "": the root. */
  readonly path: string;
}

/** Reads a folder; a negated errno if that cannot be done. */
export function* readSnapshot(
  source: SnapshotSource,
  known: FolderSnapshot | null,
): Sliced<FolderSnapshot | number> {
  const { files, folder, path } = source;
  const descriptor = folder.open(path);
  if (descriptor < 0) return descriptor;
  try {
    const status = new FileStatus();
    const asked = files.status(descriptor, status);
    if (asked < 0) return asked;
    const version = isSettled(status) ? status.version : undefined;
    const isSame = known !== null && version !== undefined && known.version === version;
    const read = isSame ? known : yield* readNames(source, descriptor);
    if (typeof read === "number") return read;
    const { names, omitted } = read;
    const entries = yield* readEntries(source, names, known?.entries ?? new Map());
    return isSame && entries === known.entries ? known : { names, omitted, entries, version };
  } finally {
    files.close(descriptor);
  }
}

function isSettled({ modifiedSeconds }: FileStatus): boolean {
  return modifiedSeconds < Math.floor(Date.now() / 1000) - SETTLED;
}

function* readNames(
  { files, config }: SnapshotSource,
  descriptor: number,
): Sliced<Pick<FolderSnapshot, "names" | "omitted"> | number> {
  const names: string[] = [];
  let omitted = 0;
  while (names.length + omitted < MOST_NAMES) {
    const more = files.readNames(descriptor);
    if (typeof more === "number") return more;
    if (more === null) break;
    const shown = config.hidden ? more : more.filter((name) => !name.startsWith("."));
    const taken = shown.slice(0, MAX_LISTED - names.length);
    names.push(...taken);
    omitted += shown.length - taken.length;
    if (names.length + omitted >= SLICE_CALLS) yield;
  }
  return { names, omitted };
}

/** The entries of these names: `known` itself if they are as they were. */
function* readEntries(
  source: SnapshotSource,
  names: readonly string[],
  known: ReadonlyMap<string, KnownEntry>,
): Sliced<ReadonlyMap<string, KnownEntry>> {
  const status = new FileStatus();
  const entries = new Map<string, KnownEntry>();
  let unchanged = true;
  let calls = 0;
  for (const name of names) {
    if (calls >= SLICE_CALLS) {
      calls = 0;
      yield;
    }
    const before = known.get(name);
    const entry = entryAt(source, name, { before, status });
    if (entry !== undefined) entries.set(name, entry);
    if (entry !== before) unchanged = false;
    calls += entry === before ? KNOWN_CALLS : NEW_CALLS;
  }
  return unchanged && entries.size === known.size ? known : entries;
}

/** What may be served of a folder: files and folders that could be opened. */
function entryAt(
  { files, folder, path }: SnapshotSource,
  name: string,
  { before, status }: { before: KnownEntry | undefined; status: FileStatus },
): KnownEntry | undefined {
  // From the root, as it is served: a link that leads up and stays in the root is none that leads out.
  const beneath = path === "" ? name : `${path}/${name}`;
  if (folder.statusAt(beneath, status) < 0) return undefined;
  if (before !== undefined && before.version === status.version) return before;
  // Asked before it is opened: opening a device can do something to it.
  if (!status.isRegular && !status.isFolder) return undefined;
  const opened = folder.open(beneath);
  if (opened < 0) return undefined;
  const asked = files.status(opened, status);
  files.close(opened);
  if (asked < 0) return undefined;
  const { version, isFolder, size, modifiedSeconds: lastModified } = status;
  return { name, isFolder, size, lastModified, version };
}
