/**
 * A cached file, as the route of the path that it was requested by.
 *
 * In: what the loader found. Out: answers, as long as the file is cached. If the cache evicted it between
 * the look-up and the handling of a request (while credentials were checked), the path is looked up again.
 */

import { escapeText, LogLabel } from "../../observe/log/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import type { CacheEntry } from "./file_cache.ts";
import type { LoadedFile } from "./file_loader.ts";
import { respondWithFile } from "./responder.ts";
import { FILE_METHODS } from "./site_fields.ts";

/** The site that a route belongs to. */
export interface RouteOwner {
  /** The route of a path now. */
  find(path: string): Route;
  /** The answer to OPTIONS. */
  answerOptions(exchange: Exchange): void;
}

/** The route of a file. */
export class FileRoute implements Route, CacheEntry {
  readonly label: LogLabel;
  readonly methods: readonly string[] = FILE_METHODS;
  readonly wantsBody = false;
  readonly webSocket = null;
  used = false;
  /** When it was last compared with the disk. */
  checkedAt = -Infinity;
  readonly #path: string;
  readonly #owner: RouteOwner;
  #loaded: LoadedFile | null = null;

  /** Empty until {@link fill}. */
  constructor(path: string, owner: RouteOwner) {
    this.label = new LogLabel(`${escapeText(path)} (file)`);
    this.#path = path;
    this.#owner = owner;
  }

  /** Sets the loaded file; called once. */
  fill(loaded: LoadedFile, now: number): void {
    this.#loaded = loaded;
    this.checkedAt = now;
  }

  /** The versions that the file was made from. */
  get versions(): LoadedFile["versions"] {
    return this.#loaded?.versions ?? [];
  }

  get memoryBytes(): number {
    return this.#loaded?.file.memoryBytes ?? 0;
  }

  get openFiles(): number {
    return this.#loaded?.file.openFiles ?? 0;
  }

  drop(): void {
    this.#loaded?.file.release();
    this.#loaded = null;
  }

  handle(exchange: Exchange): void | Promise<void> {
    if (this.#loaded === null) return this.#owner.find(this.#path).handle(exchange);
    if (exchange.request.method === "OPTIONS") return this.#owner.answerOptions(exchange);
    return respondWithFile(exchange, this.#loaded.file);
  }
}
