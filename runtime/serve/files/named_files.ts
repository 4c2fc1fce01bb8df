/**
 * Files that code names, and not a request's path: `server.file` of an app.
 *
 * In: a path beneath one folder, and fields for the answer. Out: one answer, with ranges, conditions and compression as for a served
 * folder; 404 if there is no such file, and for every path that leads out of the folder. What was sent is kept open or in memory, within
 * the bounds of a served folder, and compared with the disk when it is sent again, at most once a second.
 */

import type { DateField, ResponseFields } from "../../../protocol/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { FileSystem } from "../../os/mod.ts";
import type { Exchange } from "../session/mod.ts";
import { CodingChooser } from "./coding_chooser.ts";
import { Compressor } from "./compressor.ts";
import { type CacheEntry, FileCache } from "./file_cache.ts";
import { FileLoader, type LoadedFile } from "./file_loader.ts";
import { CHECK_INTERVAL, Folder } from "./folder.ts";
import { mediaType } from "./media_types.ts";
import { openFailure } from "./open_failure.ts";
import { respondWithFile } from "./responder.ts";

/** What they are made of. */
export interface NamedFilesParts {
  /** The folder. */
  readonly root: string;
  readonly config: Pick<Config, "files" | "workers">;
  readonly files: FileSystem;
  readonly date: DateField;
  /** The loop's clock. */
  now(): number;
}

/** The longest file that is compressed here is 1/LARGEST_SHARE of a worker's memory for files. */
const LARGEST_SHARE = 4;

/** The files of one folder. */
export class NamedFiles {
  readonly #parts: NamedFilesParts;
  readonly #folder: Folder;
  readonly #loader: FileLoader;
  readonly #cache: FileCache<NamedFile>;
  /** Of the file that is being loaded. */
  #fields: ResponseFields = [];
  #type: string | undefined = undefined;

  /** @throws {SystemError} if the folder cannot be opened */
  constructor(parts: NamedFilesParts) {
    this.#parts = parts;
    const { config, files, date, root } = parts;
    this.#folder = new Folder(files, { path: root, followLinks: config.files.followLinks });
    const memoryBytes = Math.floor(config.files.memoryBytes / config.workers);
    this.#loader = new FileLoader({
      files,
      folder: this.#folder,
      date,
      chooser: new CodingChooser(),
      compressor: new Compressor(),
      compressBytes: Math.floor(memoryBytes / LARGEST_SHARE),
      fieldsOf: () => this.#fields,
      typeOf: (path) => this.#type ?? mediaType(path, config.files.types),
    });
    this.#cache = new FileCache({ memoryBytes, openFiles: config.files.openFiles });
  }

  /**
   * Answers with a file.
   *
   * @param path beneath the folder, without a slash at its beginning
   * @param fields names in lower case; a `content-type` replaces that of the file's name
   */
  respond(exchange: Exchange, path: string, fields: ResponseFields): void | Promise<void> {
    const key = [path, ...fields.map(([name, value]) => `${name}: ${value}`)].join("\n");
    const file = this.#current(key) ?? this.#load(key, path, fields);
    if (typeof file === "object") return respondWithFile(exchange, file.loaded.file);
    const { status, text } = openFailure(file);
    exchange.respondText(status, text);
  }

  #current(key: string): NamedFile | undefined {
    const kept = this.#cache.get(key);
    if (kept === undefined) return undefined;
    const now = this.#parts.now();
    if (now - kept.checkedAt < CHECK_INTERVAL) return kept;
    kept.checkedAt = now;
    if (this.#loader.isCurrent(kept.loaded)) return kept;
    this.#cache.delete(key);
    return undefined;
  }

  /** Loads and keeps a file; a negated errno if it cannot be opened, 0 if it is no file. */
  #load(key: string, path: string, fields: ResponseFields): NamedFile | number {
    const isType = ([name]: ResponseFields[number]) => name === "content-type";
    this.#type = fields.find(isType)?.[1];
    this.#fields = fields.filter((field) => !isType(field));
    const grown = () => this.#cache.changed(key, file);
    const loaded = this.#loader.load(path, { grown });
    if (typeof loaded !== "object") return typeof loaded === "number" ? loaded : 0;
    const file = new NamedFile(loaded, this.#parts.now());
    this.#cache.put(key, file);
    return file;
  }
}

/** One file with its fields. */
class NamedFile implements CacheEntry {
  used = false;
  readonly loaded: LoadedFile;
  /** When it was last compared with the disk. */
  checkedAt: number;

  constructor(loaded: LoadedFile, now: number) {
    this.loaded = loaded;
    this.checkedAt = now;
  }

  get memoryBytes(): number {
    return this.loaded.file.memoryBytes;
  }

  get openFiles(): number {
    return this.loaded.file.openFiles;
  }

  drop(): void {
    this.loaded.file.release();
  }
}
