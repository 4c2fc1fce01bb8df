/**
 * Loads a file for sending: opens and checks it, reads it if it is small, finds its compressed neighbours.
 *
 * In: a path beneath the folder, decoded. Out: the file with the versions it was made from; or that the path
 * is a folder or no regular file; or a negated errno. Blocks as long as the disk does, once for each
 * version of a file.
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
  /** The longest file that is compressed here; the result is kept in memory. */
  readonly compressBytes: number;
  /** Fields of every answer about a path. */
  fieldsOf(path: string): ResponseFields;
  /** The Content-Type of the file at a path. */
  typeOf(path: string): string;
}

/** A file, and the versions it was made from. */
export interface LoadedFile {
  readonly file: SiteFile;
  /** Each path that was checked, and the version of the file there; "" if there was none. */
  readonly versions: readonly (readonly [path: string, version: string])[];
}

/** The path is a folder. */
export const FOLDER = "folder";
/** The path is neither a regular file nor a folder, but a device, a FIFO or a socket. */
export const NOT_A_FILE = "not a file";

/** Options of {@link FileLoader.load}. */
export interface LoadOptions {
  /** Called when the file takes more memory. */
  readonly grown?: (bytes: number) => void;
  /** Whether the request's Accept decides if the file is sent. */
  readonly byAccept?: boolean;
}

/** What a path leads to. */
export type Loaded = LoadedFile | typeof FOLDER | typeof NOT_A_FILE | number;

/** An open file, and its status when it was opened. */
interface Opened {
  readonly source: SharedFile;
  readonly version: string;
  readonly size: number;
  /** The time of modification, in seconds since 1970. */
  readonly modified: number;
  /** The value of Last-Modified, in seconds since 1970; undefined if the field is not sent. */
  readonly lastModified: number | undefined;
  /** The tag of its content; see content_tag.ts. */
  readonly tag: string;
  /** The content, if it is small. */
  readonly body: Uint8Array | undefined;
}

/** A possible compressed copy beside a file. */
interface Neighbour {
  readonly coding: "br" | "zstd" | "gzip";
  /** Undefined if there is none, or none that may be used. */
  readonly file: Opened | undefined;
  readonly known: readonly [path: string, version: string];
}

/** Endings of compressed copies: `app.js.br` is the Brotli coding of its neighbour `app.js`. */
export const NEIGHBOURS: readonly (readonly [coding: "br" | "zstd" | "gzip", ending: string])[] = [
  ["br", ".br"],
  ["zstd", ".zst"],
  ["gzip", ".gz"],
];
/**
 * Seconds that a compressed copy may be older than its file; one that is older still was made from an earlier
 * version. Archives store times to 2 seconds.
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
  load(path: string, { grown = () => {}, byAccept = false }: LoadOptions = {}): Loaded {
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

  /** Whether the files that it was made from are unchanged. */
  isCurrent({ versions }: Pick<LoadedFile, "versions">): boolean {
    return versions.every(([path, version]) => {
      const found = this.#parts.folder.statusAt(path, this.#status) >= 0;
      return (found ? this.#status.version : "") === version;
    });
  }

  #open(path: string): Opened | typeof FOLDER | typeof NOT_A_FILE | number {
    const { files, folder } = this.#parts;
    const descriptor = folder.open(path);
    if (descriptor < 0) return descriptor;
    const status = this.#status;
    const known = files.status(descriptor, status);
    if (known < 0 || !status.isRegular) {
      files.close(descriptor);
      if (known < 0) return known;
      return status.isFolder ? FOLDER : NOT_A_FILE;
    }
    return describe(new SharedFile(files, descriptor), status) ?? -EIO;
  }

  #neighbour(path: string, row: (typeof NEIGHBOURS)[number], modified: number): Neighbour {
    const [coding, ending] = row;
    const status = this.#status;
    const found = this.#parts.folder.statusAt(path + ending, status) >= 0;
    const version = found ? status.version : "";
    // Compressed data is never empty: the tool that should have written it failed.
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

/** Reads what is needed from an open file; if that fails, closes it and returns undefined. */
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

/** The value of Vary: the request fields that the answer depends on. */
function varyOf(fields: Readonly<Record<string, boolean>>): string | undefined {
  return Object.keys(fields).filter((name) => fields[name]).join(", ") || undefined;
}

/** The bytes of a small file, fewer than `size` if it has shrunk; undefined if it cannot be read. */
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
 * The variant of bytes that were compressed here. Its tag is computed from these bytes and not from the file:
 * another version of the compressor produces other bytes from the same file.
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
