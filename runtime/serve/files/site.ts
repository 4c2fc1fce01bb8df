/**
 * A served folder, as the router sees it: a route for every path.
 *
 * In: a request's path, not decoded. Out: a file that is kept, at the price of a look-up; else what is
 * found on disk: a file, a redirect to the folder's own path, a list of what is in it, a page of the
 * application, or 404. What is kept is compared with the disk at most once a second for each file, when
 * somebody asks for it.
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
import {
  EACCES,
  EIO,
  EMFILE,
  ENFILE,
  ENOENT,
  ENOMEM,
  EPERM,
  type FileSystem,
} from "../../os/mod.ts";
import type { Exchange, Route } from "../session/mod.ts";
import { CodingChooser } from "./coding_chooser.ts";
import { Compressor } from "./compressor.ts";
import { ErrorPages } from "./error_pages.ts";
import { FileCache } from "./file_cache.ts";
import { FileLoader, FOLDER, type Loaded, NO_FILE } from "./file_loader.ts";
import { FileRoute, type RouteOwner } from "./file_route.ts";
import { Folder, TRUST } from "./folder.ts";
import { FolderListing, type Listed } from "./folder_listing.ts";
import { prefersJson } from "./listing.ts";
import { respondWithListing } from "./listing_answer.ts";
import { mediaType } from "./media_types.ts";
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

/** A folder without a page of its own has this one. */
const INDEX = "index.html";
/** Of a worker's memory, the share that one compressed file may take. */
const LARGEST_SHARE = 4;
/** Longer files are sent as they are, whatever the memory: half a second of work for one request. */
const COMPRESS_BYTES = 8 * 1024 * 1024;

/** Keys of the cache beside paths, which begin with a slash. */
const LISTING_KEY = "listing:";
const APPLICATION_KEY = "application";

const VARY_ACCEPT: ResponseFields = [["Vary", "Accept"]];

const NOTHING = new Uint8Array(0);
const FAILED_TEXT = "The server failed to answer\n";
const TEXTS: Readonly<Record<number, string>> = {
  400: "The path is no valid one\n",
  403: "This may not be read\n",
  404: "Not found\n",
  503: "Too much is open at the moment, try again later\n",
};

/** What is served of one folder by one worker. */
export class Site {
  readonly #parts: SiteParts;
  readonly #folder: Folder;
  readonly #fields: SiteFields;
  readonly #loader: FileLoader;
  readonly #cache: FileCache<FileRoute | FolderListing>;
  readonly #pages: ErrorPages;
  readonly #config: FilesConfig;

  /** @throws {SystemError} where the folder cannot be opened */
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

  /** The route of a path that is no endpoint's. */
  find(path: string): Route {
    return this.#keptFile(path) ?? this.#lookUp(path);
  }

  /** What stands in for an endpoint's answer that failed, where the folder has a page for it. */
  answerFailure(exchange: Exchange): boolean {
    return this.#pages.answer(exchange, 500, []);
  }

  /** The answer to OPTIONS, a preflight among them (Fetch, "CORS-preflight request"). */
  answerOptions(exchange: Exchange): void {
    const response = { status: 204, fields: this.#fields.options, contentLength: 0 };
    exchange.respond(response, NOTHING, 0, 0);
  }

  /** Gives back what it holds. */
  close(): void {
    this.#cache.clear();
    this.#pages.close();
    this.#folder.close();
  }

  /** The file that is kept under a key, as it is on disk; undefined: there is none. */
  #keptFile(key: string): FileRoute | undefined {
    const kept = this.#cache.get(key);
    if (!(kept instanceof FileRoute)) return undefined;
    if (this.#isCurrent(kept)) return kept;
    this.#cache.delete(key);
    return undefined;
  }

  #isCurrent(route: FileRoute): boolean {
    const now = this.#parts.now();
    if (now - route.checkedAt < TRUST) return true;
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
    const found = this.#keep(path, decoded.isFolder ? indexOf(beneath) : beneath);
    if (typeof found === "object") return found;
    if (found === FOLDER && !decoded.isFolder) return this.#redirect(path, beneath);
    const hasNoIndex = found === -ENOENT || found === FOLDER || found === NO_FILE;
    if (hasNoIndex && decoded.isFolder && this.#config.listing) {
      return this.#listing(path, decoded);
    }
    return this.#absent(path, decoded, typeof found === "number" ? found : -ENOENT);
  }

  /** What could not be opened, by its negated errno. */
  #absent(path: string, decoded: RequestPath, result: number): Route {
    const status = statusOf(result);
    return status === 404 ? this.#missing(path, decoded) : this.#failed(path, status);
  }

  /** Loads a file and keeps it under the path that it was asked for by. */
  #keep(path: string, beneath: string): FileRoute | Exclude<Loaded, object> {
    return this.#load(path, beneath, { route: new FileRoute(path, this), byAccept: false });
  }

  #load(
    key: string,
    beneath: string,
    { route, byAccept }: { route: FileRoute; byAccept: boolean },
  ): FileRoute | Exclude<Loaded, object> {
    const how = { byAccept, grown: () => this.#cache.changed(key, route) };
    const loaded = this.#sparing(() => this.#loader.load(beneath, how));
    if (typeof loaded !== "object") return loaded;
    route.fill(loaded, this.#parts.now());
    this.#cache.put(key, route);
    return route;
  }

  /** Opens something; if no descriptor is left, once more after those were given up that are kept for later. */
  #sparing<Result>(open: () => Result): Result {
    const opened = open();
    if (opened !== -EMFILE && opened !== -ENFILE) return opened;
    this.#cache.clear();
    return open();
  }

  /**
   * To the folder's own path, as relative links on its page count from there. Slashes in a row are one there:
   * a location that begins with two would lead to another host.
   */
  #redirect(path: string, beneath: string): Route {
    const fields = this.#fieldsOf(indexOf(beneath));
    return this.#reading(`${escapeText(path)} (folder)`, (exchange) => {
      const { query } = exchange.request;
      const location = `${path.replace(/\/+/g, "/")}/${query === "" ? "" : `?${query}`}`;
      exchange.respondText(301, `It is at ${location}\n`, [["Location", location], ...fields]);
    });
  }

  /** The list of a folder's files. */
  #listing(path: string, decoded: RequestPath): Route {
    const listing = this.#listingOf(decoded.segments);
    if (typeof listing === "number") return this.#absent(path, decoded, listing);
    return this.#reading(`${escapeText(path)} (listing)`, (exchange) => {
      const listed = listing.current(prefersJson(exchange.request.field("accept")));
      if (listed instanceof Promise) {
        return listed.then((made) => this.#answerListed(exchange, made));
      }
      this.#answerListed(exchange, listed);
    });
  }

  /**
   * Kept under the folder's decoded path, of which there is one: lists are large. A negated errno if the folder
   * cannot be opened.
   */
  #listingOf(segments: readonly string[]): FolderListing | number {
    const beneath = segments.join("/");
    const key = `${LISTING_KEY}${beneath}`;
    const kept = this.#cache.get(key);
    if (kept instanceof FolderListing && kept.isFresh) return kept;
    const opened = this.#sparing(() => this.#folder.open(beneath));
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
    // It was there when it was looked for, and is there no more.
    if (typeof listed === "number") return this.#answerError(exchange, statusOf(listed));
    respondWithListing(exchange, listed, this.#fields.common);
  }

  #missing(path: string, decoded: RequestPath): Route {
    const isPage = this.#config.spa && mayBePage(decoded.segments);
    return this.#answering(`${escapeText(path)} (not found)`, (exchange) => {
      const { request } = exchange;
      if (!isPage || !isRead(request)) return this.#answerError(exchange, 404);
      const page = acceptsPage(request.field("accept")) ? this.#application() : undefined;
      if (page instanceof FileRoute) return page.handle(exchange);
      this.#answerError(exchange, 404, VARY_ACCEPT);
    });
  }

  /** The application's page in place of a file that is not there: by Accept, as others get 404. */
  #application(): Route | undefined {
    const kept = this.#keptFile(APPLICATION_KEY);
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
    return this.#answering(label, (exchange) => this.#answerError(exchange, status));
  }

  #answerError(exchange: Exchange, status: number, fields: ResponseFields = []): void {
    if (this.#pages.answer(exchange, status, fields)) return;
    const text = TEXTS[status] ?? FAILED_TEXT;
    exchange.respondText(status, text, [...fields, ...this.#fields.common]);
  }

  /** Fields of answers about a path. */
  #fieldsOf(path: string): ResponseFields {
    return [...this.#fields.cacheControl(`/${path}`), ...this.#fields.common];
  }

  /** A route that is made for one request: of what is there, and can be read. */
  #reading(label: string, handle: Route["handle"]): Route {
    return { ...this.#answering(label, handle), methods: FILE_METHODS };
  }

  /** The same of what is not: whatever the method. Who asks with OPTIONS learns nothing of the folder. */
  #answering(label: string, handle: Route["handle"]): Route {
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

/**
 * What a failure to open says to a client. That a link leads out of the folder is nobody's business:
 * to them nothing is there.
 */
function statusOf(result: number): number {
  switch (-result) {
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return 503;
    case EIO:
      return 500;
    default:
      return 404;
  }
}
