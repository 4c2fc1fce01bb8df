/**
 * The content of a folder at one moment: its names, and kind, size and date of the entries that can be served.
 *
 * In: the folder's path beneath the root, and the last snapshot. Out: the same object if nothing has changed,
 * otherwise a new one. The names are read again if the folder's own times have changed. The status of each
 * entry is compared, as a file can grow without a change of its folder. Only a new or changed entry is
 * opened, to find out whether it can be served. All names are read and sorted, but only the status of those
 * to be listed is asked for. Works in slices: see sliced.ts.
 */

import type { FilesConfig } from "../../config/mod.ts";
import { FileStatus, type FileSystem } from "../../os/mod.ts";
import type { Folder } from "./folder.ts";
import { compareNames, type ListingEntry, MAX_LISTED } from "./listing.ts";
import type { Sliced } from "./sliced.ts";
import { firstSorted } from "./sliced_sort.ts";

/** The most names that are read from a folder: some megabytes. */
const MAX_NAMES = 100_000;
/** System calls in one slice: measured, 2 to 4 µs each. */
const SLICE_CALLS = 400;
/** Calls for an unchanged entry: its status. */
const KNOWN_CALLS = 1;
/** Calls for a new or changed entry: it is opened too. */
const NEW_CALLS = 4;
/**
 * Seconds after a change of the folder until its times are trusted: the kernel's clock is coarse, and a name
 * that is added within the same tick does not change them.
 */
const SETTLED = 2;

/** An entry, and the version of the file that its name leads to. */
interface KnownEntry extends ListingEntry {
  readonly version: string;
}

/** A folder at one moment. */
export interface FolderSnapshot {
  /** The first ones by name, at most as many as are listed. */
  readonly names: readonly string[];
  /** The number of further names. */
  readonly omitted: number;
  /** The entries that can be served, by name. */
  readonly entries: ReadonlyMap<string, KnownEntry>;
  /** The folder's version; undefined if it was changed too recently for its times to be trusted. */
  readonly version: string | undefined;
}

/** The folder to read, and how. */
export interface SnapshotSource {
  readonly files: FileSystem;
  readonly folder: Folder;
  readonly config: Pick<FilesConfig, "hidden">;
  /** The path beneath the root, decoded, without a slash at either end; "" is the root. */
  readonly path: string;
}

/** Reads a folder; returns a negated errno if it cannot be read. */
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
  const found: string[] = [];
  let read = 0;
  while (read < MAX_NAMES) {
    const more = files.readNames(descriptor);
    if (typeof more === "number") return more;
    if (more === null) break;
    for (const name of more) if (config.hidden || !name.startsWith(".")) found.push(name);
    read += more.length;
    if (read >= SLICE_CALLS) yield;
  }
  // By name only: which names are folders is not known yet.
  const names = yield* firstSorted(found, MAX_LISTED, compareNames);
  return { names, omitted: found.length - names.length };
}

/** The entries of these names; returns `known` itself if nothing has changed. */
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

/** The entry of a name, if it is a file or folder that can be opened. */
function entryAt(
  { files, folder, path }: SnapshotSource,
  name: string,
  { before, status }: { before: KnownEntry | undefined; status: FileStatus },
): KnownEntry | undefined {
  // Opened from the root, as requests are: a link may lead up as long as it stays in the root.
  const beneath = path === "" ? name : `${path}/${name}`;
  if (folder.statusAt(beneath, status) < 0) return undefined;
  if (before !== undefined && before.version === status.version) return before;
  // Checked before the open: to open a device can have side effects.
  if (!status.isRegular && !status.isFolder) return undefined;
  const opened = folder.open(beneath);
  if (opened < 0) return undefined;
  const asked = files.status(opened, status);
  files.close(opened);
  if (asked < 0) return undefined;
  const { version, isFolder, size, modifiedSeconds: lastModified } = status;
  return { name, isFolder, size, lastModified, version };
}
