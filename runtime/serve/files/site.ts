/**
 * A served folder, as the router sees it: a route for every path.
 *
 * In: a request's path, not decoded. Out: the route of a cached file, at the cost of a look-up; otherwise a
 * route by what is on disk: a file, a redirect to the folder's own path, a folder's listing, the page of the
 * single-page application, or 404. A cached file is compared with the disk when it is requested, at most
 * once a second.
 */

import {
  type DateField,
  decodeRequestPath,
  isRefusedPath,
  type RequestPath,
  type ResponseFields,
} from "../../../protocol/mod.ts";
import type { Config, FilesConfig } from "../../config/mod.ts";
import { escapeText, LogLabel } from "../../observe/log/mod.ts";
import { EMFILE, ENFILE, ENOENT, type FileSystem } from "../../os/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import { CodingChooser } from "./coding_chooser.ts";
import { Compressor } from "./compressor.ts";
import { ErrorPages } from "./error_pages.ts";
import { FileCache } from "./file_cache.ts";
import { FileLoader, FOLDER, type Loaded, NOT_A_FILE } from "./file_loader.ts";
import { FileRoute, type RouteOwner } from "./file_route.ts";
import { CHECK_INTERVAL, Folder } from "./folder.ts";
import { FolderListing, type Listed } from "./folder_listing.ts";
import { prefersJson } from "./listing.ts";
import { respondWithListing } from "./listing_answer.ts";
import { mediaType } from "./media_types.ts";
import { fileErrorText, openStatus } from "./open_failure.ts";
import { FILE_METHODS, SiteFields } from "./site_fields.ts";
import { acceptsPage, isRead, mayBePage } from "./spa_rules.ts";

/** What a site is made of. */
export interface SiteParts {
  readonly config: Pick<Config, "files" | "workers">;
  readonly files: FileSystem;
  readonly date: DateField;
  /** The loop's clock: milliseconds that are never set back, read once a turn. */
  now(): number;
}

/** The file that is served for a folder's path. */
const INDEX = "index.html";
/** The longest file that is compressed is 1/LARGEST_SHARE of a worker's memory. */
const LARGEST_SHARE = 4;
/** Longer files are never compressed: it would be half a second of work for one request. */
const COMPRESS_BYTES = 8 * 1024 * 1024;

/** Keys of the cache for entries that are not paths; paths begin with a slash. */
const LISTING_KEY = "listing:";
const APPLICATION_KEY = "application";

const VARY_ACCEPT: ResponseFields = [["Vary", "Accept"]];

const NOTHING = new Uint8Array(0);

/** One served folder in one worker. */
export class Site {
  readonly #parts: SiteParts;
  readonly #folder: Folder;
  readonly #fields: SiteFields;
  readonly #loader: FileLoader;
  readonly #cache: FileCache<FileRoute | FolderListing>;
  readonly #pages: ErrorPages;
  readonly #config: FilesConfig;

  /** @throws {SystemError} if the folder cannot be opened */
  constructor(parts: SiteParts & { readonly root: string }) {
    const { config: { files: config, workers }, files, date, root } = parts;
    this.#parts = parts;
    this.#config = config;
    this.#folder = new Folder(files, { path: root, followLinks: config.followLinks });
    this.#fields = new SiteFields(config);
    const memoryBytes = Math.floor(config.memoryBytes / workers);
    this.#loader = new FileLoader({
      files,
      folder: this.#folder,
      date,
      chooser: new CodingChooser(),
      compressor: new Compressor(),
      compressBytes: Math.min(COMPRESS_BYTES, Math.floor(memoryBytes / LARGEST_SHARE)),
      fieldsOf: (path) => this.#fieldsOf(path),
      typeOf: (path) => mediaType(path, config.types),
    });
    this.#cache = new FileCache({ memoryBytes, openFiles: config.openFiles });
    this.#pages = new ErrorPages(this.#loader, this.#fields, () => parts.now());
  }

  /** The route of a path that belongs to no endpoint. */
  find(path: string): Route {
    return this.#cachedFile(path) ?? this.#lookUp(path);
  }

  /** Answers 500 with the folder's error page after an endpoint failed; false if there is no such page. */
  answerFailure(exchange: Exchange): boolean {
    return this.#pages.answer(exchange, 500, []);
  }

  /** The answer to OPTIONS, a preflight among them (Fetch, "CORS-preflight request"). */
  answerOptions(exchange: Exchange): void {
    const response = { status: 204, fields: this.#fields.options, contentLength: 0 };
    exchange.respond(response, NOTHING, 0, 0);
  }

  /** Releases all descriptors and memory. */
  close(): void {
    this.#cache.clear();
    this.#pages.close();
    this.#folder.close();
  }

  /** The cached file under a key, if it still equals the file on disk. */
  #cachedFile(key: string): FileRoute | undefined {
    const kept = this.#cache.get(key);
    if (!(kept instanceof FileRoute)) return undefined;
    if (this.#isCurrent(kept)) return kept;
    this.#cache.delete(key);
    return undefined;
  }

  #isCurrent(route: FileRoute): boolean {
    const now = this.#parts.now();
    if (now - route.checkedAt < CHECK_INTERVAL) return true;
    route.checkedAt = now;
    this.#folder.check(now);
    return this.#loader.isCurrent(route);
  }

  #lookUp(path: string): Route {
    const decoded = decodeRequestPath(path);
    if (isRefusedPath(decoded)) return this.#failed(path, decoded.status);
    if (decoded.isHidden && !this.#config.hidden) return this.#missing(path, decoded);
    this.#folder.check(this.#parts.now());
    const beneath = decoded.segments.join("/");
    const found = this.#loadAndCache(path, decoded.isFolder ? indexOf(beneath) : beneath);
    if (typeof found === "object") return found;
    if (found === FOLDER && !decoded.isFolder) return this.#redirect(path, beneath);
    const hasNoIndex = found === -ENOENT || found === FOLDER || found === NOT_A_FILE;
    if (hasNoIndex && decoded.isFolder && this.#config.listing) {
      return this.#listing(path, decoded);
    }
    return this.#notOpened(path, decoded, typeof found === "number" ? found : -ENOENT);
  }

  /** The route of a path that could not be opened; `result` is the negated errno. */
  #notOpened(path: string, decoded: RequestPath, result: number): Route {
    const status = openStatus(result);
    return status === 404 ? this.#missing(path, decoded) : this.#failed(path, status);
  }

  /** Loads a file and caches it under the requested path. */
  #loadAndCache(path: string, beneath: string): FileRoute | Exclude<Loaded, object> {
    return this.#load(path, beneath, { route: new FileRoute(path, this), byAccept: false });
  }

  #load(
    key: string,
    beneath: string,
    { route, byAccept }: { route: FileRoute; byAccept: boolean },
  ): FileRoute | Exclude<Loaded, object> {
    const how = { byAccept, grown: () => this.#cache.changed(key, route) };
    const loaded = this.#openWithRetry(() => this.#loader.load(beneath, how));
    if (typeof loaded !== "object") return loaded;
    route.fill(loaded, this.#parts.now());
    this.#cache.put(key, route);
    return route;
  }

  /** Opens something; if no descriptor is free, clears the cache and tries once more. */
  #openWithRetry<Result>(open: () => Result): Result {
    const opened = open();
    if (opened !== -EMFILE && opened !== -ENFILE) return opened;
    this.#cache.clear();
    return open();
  }

  /**
   * Redirects to the folder's path with a slash, so that relative links on its page work. Repeated slashes
   * become one: a location that begins with two would lead to another host.
   */
  #redirect(path: string, beneath: string): Route {
    const fields = this.#fieldsOf(indexOf(beneath));
    return this.#readingRoute(`${escapeText(path)} (folder)`, (exchange) => {
      const { query } = exchange.request;
      const location = `${path.replace(/\/+/g, "/")}/${query === "" ? "" : `?${query}`}`;
      exchange.respondText(301, `Moved to ${location}\n`, [["Location", location], ...fields]);
    });
  }

  /** The route of a folder's listing. */
  #listing(path: string, decoded: RequestPath): Route {
    const listing = this.#listingOf(decoded.segments);
    if (typeof listing === "number") return this.#notOpened(path, decoded, listing);
    return this.#readingRoute(`${escapeText(path)} (listing)`, (exchange) => {
      const listed = listing.current(prefersJson(exchange.request.field("accept")));
      if (listed instanceof Promise) {
        return listed.then((made) => this.#answerListed(exchange, made));
      }
      this.#answerListed(exchange, listed);
    });
  }

  /**
   * The listing of a folder, or a negated errno. Cached under the decoded path, so that a folder has one
   * entry: listings are large.
   */
  #listingOf(segments: readonly string[]): FolderListing | number {
    const beneath = segments.join("/");
    const key = `${LISTING_KEY}${beneath}`;
    const kept = this.#cache.get(key);
    if (kept instanceof FolderListing && kept.isFresh) return kept;
    const opened = this.#openWithRetry(() => this.#folder.open(beneath));
    if (opened < 0) {
      this.#cache.delete(key);
      return opened;
    }
    this.#parts.files.close(opened);
    if (kept instanceof FolderListing) return kept;
    const listing: FolderListing = new FolderListing({
      files: this.#parts.files,
      folder: this.#folder,
      config: this.#config,
      path: beneath,
      segments,
      now: () => this.#parts.now(),
      changed: () => this.#cache.changed(key, listing),
    });
    this.#cache.put(key, listing);
    return listing;
  }

  #answerListed(exchange: Exchange, listed: Listed): void {
    // The folder was removed, or made unreadable, since the look-up.
    if (typeof listed === "number") return this.#answerError(exchange, openStatus(listed));
    respondWithListing(exchange, listed, this.#fields.common);
  }

  #missing(path: string, decoded: RequestPath): Route {
    const isPage = this.#config.spa && mayBePage(decoded.segments);
    return this.#routeOf(`${escapeText(path)} (not found)`, (exchange) => {
      const { request } = exchange;
      if (!isPage || !isRead(request)) return this.#answerError(exchange, 404);
      const page = acceptsPage(request.field("accept")) ? this.#application() : undefined;
      if (page instanceof FileRoute) return page.handle(exchange);
      this.#answerError(exchange, 404, VARY_ACCEPT);
    });
  }

  /** The application's page, sent for a missing file; it varies by Accept, as other clients get 404. */
  #application(): Route | undefined {
    const kept = this.#cachedFile(APPLICATION_KEY);
    if (kept !== undefined) return kept;
    const owner: RouteOwner = {
      find: () => this.#application() ?? this.#failed(`/${INDEX}`, 404),
      answerOptions: (exchange) => this.answerOptions(exchange),
    };
    const route = new FileRoute(`/${INDEX}`, owner);
    const loaded = this.#load(APPLICATION_KEY, INDEX, { route, byAccept: true });
    return typeof loaded === "object" ? loaded : undefined;
  }

  #failed(path: string, status: number): Route {
    const label = `${escapeText(path)} (${status === 404 ? "not found" : status})`;
    return this.#routeOf(label, (exchange) => this.#answerError(exchange, status));
  }

  #answerError(exchange: Exchange, status: number, fields: ResponseFields = []): void {
    if (this.#pages.answer(exchange, status, fields)) return;
    exchange.respondText(status, fileErrorText(status), [...fields, ...this.#fields.common]);
  }

  /** The fields of every answer about a path. */
  #fieldsOf(path: string): ResponseFields {
    return [...this.#fields.cacheControl(`/${path}`), ...this.#fields.common];
  }

  /** A route for one request, with the methods of a file. */
  #readingRoute(label: string, handle: Route["handle"]): Route {
    return { ...this.#routeOf(label, handle), methods: FILE_METHODS };
  }

  /** A route for one request, with any method. OPTIONS reveals nothing about the folder. */
  #routeOf(label: string, handle: Route["handle"]): Route {
    return {
      label: new LogLabel(label),
      methods: null,
      wantsBody: false,
      handle: (exchange) => {
        return exchange.request.method === "OPTIONS"
          ? this.answerOptions(exchange)
          : handle(exchange);
      },
      webSocket: null,
    };
  }
}

function indexOf(beneath: string): string {
  return beneath === "" ? INDEX : `${beneath}/${INDEX}`;
}
