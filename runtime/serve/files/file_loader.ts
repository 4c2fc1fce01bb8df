/**
 * From a path to a file that can be sent: opened, judged, read if it is small, its neighbours found.
 *
 * In: a path beneath the folder, decoded. Out: the file with what it was known by, or a folder, or a
 * negated errno. All of it blocks as long as the disk does, once for each version of a file.
 */

import type { ContentCoding, DateField, ResponseFields } from "../../../protocol/mod.ts";
import { EIO, FileStatus, type FileSystem } from "../../os/mod.ts";
import type { CodingChooser } from "./coding_chooser.ts";
import { type Compressor, type MadeCoding, WORTH_COMPRESSING } from "./compressor.ts";
import { hasModificationTime, tagOfBytes, tagOfFile } from "./content_tag.ts";
import type { Folder } from "./folder.ts";
import { isCompressible } from "./media_types.ts";
import { SharedFile } from "./shared_file.ts";
import { SiteFile } from "./site_file.ts";
import { PREPARED_BODY, Variant, type VariantParts } from "./variant.ts";

/** What a loader is made of. */
export interface FileLoaderParts {
  readonly files: FileSystem;
  readonly folder: Folder;
  readonly date: DateField;
  readonly chooser: CodingChooser;
  readonly compressor: Compressor;
  /** The longest file that is compressed here; its result is kept in memory. */
  readonly compressBytes: number;
  /** Fields of every answer about a path. */
  fieldsOf(path: string): ResponseFields;
  /** The Content-Type of what is at a path. */
  typeOf(path: string): string;
}

/** A file, and what it was known by. */
export interface LoadedFile {
  readonly file: SiteFile;
  /** Each path that was looked at, and the version that was there; "" for none. */
  readonly versions: readonly (readonly [path: string, version: string])[];
}

/** The path is that of a folder. */
export const FOLDER = "folder";
/** The path is that of something that is neither file nor folder: a device, a FIFO, a socket. */
export const NO_FILE = "no file";

/** How a file is loaded. */
export interface LoadHow {
  /** Called when the file's memory has grown. */
  readonly grown?: (bytes: number) => void;
  /** Whether it is sent, or is not, by the request's Accept. */
  readonly byAccept?: boolean;
}

/** What a path leads to. */
export type Loaded = LoadedFile | typeof FOLDER | typeof NO_FILE | number;

/** A file that is open, and its status when it was. */
interface Opened {
  readonly source: SharedFile;
  readonly version: string;
  readonly size: number;
  /** When it was modified, in seconds since 1970. */
  readonly modified: number;
  /** The same as Last-Modified says it; undefined: not at all. */
  readonly lastModified: number | undefined;
  /** Of its content; see content_tag.ts. */
  readonly tag: string;
  /** All of it, if it is small. */
  readonly body: Uint8Array | undefined;
}

/** What lies beside a file, or not. */
interface Neighbour {
  readonly coding: "br" | "zstd" | "gzip";
  /** Undefined: there is none that counts. */
  readonly file: Opened | undefined;
  readonly known: readonly [path: string, version: string];
}

/** Endings of files that are a coding of their neighbour. */
export const NEIGHBOURS: readonly (readonly [coding: "br" | "zstd" | "gzip", ending: string])[] = [
  ["br", ".br"],
  ["zstd", ".zst"],
  ["gzip", ".gz"],
];
/**
 * Seconds that a neighbour may be older than its file: it was made of an earlier version then, and
 * somebody forgot it. Archives keep times to 2 seconds.
 */
export const NEIGHBOUR_LAG = 2;

/** Loads the files of one worker. */
export class FileLoader {
  readonly #parts: FileLoaderParts;
  readonly #status = new FileStatus();

  constructor(parts: FileLoaderParts) {
    this.#parts = parts;
  }

  /** Loads what is at `path`. */
  load(path: string, { grown = () => {}, byAccept = false }: LoadHow = {}): Loaded {
    const opened = this.#open(path);
    if (typeof opened !== "object") return opened;
    const contentType = this.#parts.typeOf(path);
    const mayVary = isCompressible(contentType);
    const neighbours = (mayVary ? NEIGHBOURS : [])
      .map((row) => this.#neighbour(path, row, opened.modified));
    const compressible = mayVary && opened.size >= WORTH_COMPRESSING &&
      opened.size <= this.#parts.compressBytes;
    const common = {
      contentType,
      vary: varyOf({
        "Accept": byAccept,
        "Accept-Encoding": compressible || neighbours.some(({ file }) => file !== undefined),
      }),
      siteFields: this.#parts.fieldsOf(path),
      date: this.#parts.date,
    };
    const identity = this.#variant(opened, common);
    const variants = neighbours.flatMap(({ coding, file }) => {
      if (file === undefined) return [];
      return [[coding, this.#variant(file, { ...common, contentEncoding: coding })] as const];
    });
    const file = new SiteFile({
      ...this.#parts,
      identity,
      neighbours: new Map<ContentCoding, Variant>(variants),
      compressible,
      encoded: (coding, bytes) => encodedVariant({ identity, common, coding, bytes }),
      grown,
    });
    return { file, versions: [[path, opened.version], ...neighbours.map(({ known }) => known)] };
  }

  /** Whether all that it was made of is as it was. */
  isCurrent({ versions }: Pick<LoadedFile, "versions">): boolean {
    return versions.every(([path, version]) => {
      const found = this.#parts.folder.statusAt(path, this.#status) >= 0;
      return (found ? this.#status.version : "") === version;
    });
  }

  #open(path: string): Opened | typeof FOLDER | typeof NO_FILE | number {
    const { files, folder } = this.#parts;
    const descriptor = folder.open(path);
    if (descriptor < 0) return descriptor;
    const status = this.#status;
    const known = files.status(descriptor, status);
    if (known < 0 || !status.isRegular) {
      files.close(descriptor);
      if (known < 0) return known;
      return status.isFolder ? FOLDER : NO_FILE;
    }
    return describe(new SharedFile(files, descriptor), status) ?? -EIO;
  }

  #neighbour(path: string, row: (typeof NEIGHBOURS)[number], modified: number): Neighbour {
    const [coding, ending] = row;
    const status = this.#status;
    const found = this.#parts.folder.statusAt(path + ending, status) >= 0;
    const version = found ? status.version : "";
    // No coding of anything is empty: the tool that should have made it failed.
    const isUsable = found && status.isRegular && status.size > 0 &&
      status.modifiedSeconds >= modified - NEIGHBOUR_LAG;
    const opened = isUsable ? this.#open(path + ending) : undefined;
    const file = typeof opened === "object" ? opened : undefined;
    return { coding, file, known: [path + ending, version] };
  }

  #variant(
    opened: Opened,
    parts: Omit<VariantParts, "source" | "etag" | "lastModified" | "size">,
  ): Variant {
    const suffix = parts.contentEncoding === undefined ? "" : `-${parts.contentEncoding}`;
    const { source, body, lastModified, size } = opened;
    const etag = `"${opened.tag}${suffix}"`;
    if (body === undefined) return new Variant({ ...parts, source, etag, lastModified, size });
    source.release();
    return new Variant({ ...parts, source: body, etag, lastModified, size: body.length });
  }
}

/** What is to be known of an open file; undefined, and it is closed, if it cannot be read. */
function describe(source: SharedFile, status: FileStatus): Opened | undefined {
  const { version, size, modifiedSeconds: modified } = status;
  const body = size <= PREPARED_BODY ? readWhole(source, size) : undefined;
  const tag = body === undefined ? tagOfFile(source, status) : tagOfBytes(body);
  if (tag === undefined) {
    source.release();
    return undefined;
  }
  return { source, version, size, modified, lastModified: lastModifiedOf(status), tag, body };
}

/** RFC 9110 section 8.8.2.1: a time in the future is replaced by the present. */
function lastModifiedOf(status: FileStatus): number | undefined {
  if (!hasModificationTime(status)) return undefined;
  return Math.min(status.modifiedSeconds, Math.floor(Date.now() / 1000));
}

/** The value of Vary: the fields of requests that the answer depends on. */
function varyOf(fields: Readonly<Record<string, boolean>>): string | undefined {
  return Object.keys(fields).filter((name) => fields[name]).join(", ") || undefined;
}

/** The bytes of a small file; undefined where they cannot be read. Fewer than `size` if it was cut meanwhile. */
function readWhole(file: SharedFile, size: number): Uint8Array | undefined {
  const bytes = new Uint8Array(size);
  for (let read = 0; read < size;) {
    const count = file.read(bytes, { start: read, end: size, offset: read });
    if (count < 0) return undefined;
    if (count === 0) return bytes.slice(0, read);
    read += count;
  }
  return bytes;
}

/**
 * The variant of bytes that were compressed here. Its tag is that of these bytes and not of the file: another
 * version of a compressor makes others of the same file.
 */
function encodedVariant(
  { identity, common, coding, bytes }: {
    identity: Variant;
    common: Omit<VariantParts, "source" | "etag" | "lastModified" | "size">;
    coding: MadeCoding;
    bytes: Uint8Array;
  },
): Variant {
  return new Variant({
    ...common,
    contentEncoding: coding,
    source: bytes,
    etag: `"${tagOfBytes(bytes)}-${coding}"`,
    lastModified: identity.lastModified,
    size: bytes.length,
  });
}
