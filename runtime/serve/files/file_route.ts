/**
 * A file that is kept, as the route of the path that it was asked for by.
 *
 * In: what the loader found. Out: answers, for as long as it is kept. One that the cache has let go of
 * while a request was on its way to it (its credentials were being checked) has the path looked up anew.
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

/** A path with a file. */
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

  /** Gives it its file, once. */
  fill(loaded: LoadedFile, now: number): void {
    this.#loaded = loaded;
    this.checkedAt = now;
  }

  /** What it was known by when it was loaded. */
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
