/**
 * The folder's own error pages: 404.html, and 50x.html for server errors.
 *
 * In: a status. Out: the page with that status, if there is one. The pages are loaded in advance: it is too
 * late when the process has run out of descriptors. When needed they are compared with the disk, at most
 * once a second.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import { ENOENT } from "../../os/mod.ts";
import type { Exchange } from "../session/mod.ts";
import type { FileLoader, LoadedFile } from "./file_loader.ts";
import { CHECK_INTERVAL } from "./folder.ts";
import type { SiteFields } from "./site_fields.ts";

/** One page, which may be absent. */
class ErrorPage {
  readonly #path: string;
  readonly #loader: FileLoader;
  #loaded: LoadedFile | null = null;
  #checkedAt = -Infinity;

  constructor(path: string, loader: FileLoader) {
    this.#path = path;
    this.#loader = loader;
  }

  /** The page as it is on disk now; null if there is none. */
  current(now: number): LoadedFile | null {
    if (now - this.#checkedAt < CHECK_INTERVAL) return this.#loaded;
    this.#checkedAt = now;
    if (this.#loaded !== null && this.#loader.isCurrent(this.#loaded)) return this.#loaded;
    const loaded = this.#loader.load(this.#path);
    // Out of descriptors or memory: the old page is better than none.
    if (typeof loaded === "number" && loaded !== -ENOENT && this.#loaded !== null) {
      return this.#loaded;
    }
    this.drop();
    return this.#loaded = typeof loaded === "object" ? loaded : null;
  }

  drop(): void {
    this.#loaded?.file.release();
    this.#loaded = null;
  }
}

/** The pages of one site. */
export class ErrorPages {
  readonly #notFound: ErrorPage;
  readonly #failed: ErrorPage;
  readonly #fields: SiteFields;

  readonly #now: () => number;

  /** Loads both pages. @param now a monotonic clock, in milliseconds */
  constructor(loader: FileLoader, fields: SiteFields, now: () => number) {
    this.#notFound = new ErrorPage("404.html", loader);
    this.#failed = new ErrorPage("50x.html", loader);
    this.#fields = fields;
    this.#now = now;
    this.#notFound.current(now());
    this.#failed.current(now());
  }

  /** Answers with the page for this status and with the fields `own`; false if there is no page. */
  answer(exchange: Exchange, status: number, own: ResponseFields): boolean {
    if (status !== 404 && status < 500) return false;
    const page = (status === 404 ? this.#notFound : this.#failed).current(this.#now());
    if (page === null) return false;
    const { part, size, contentType } = page.file.identity;
    const fields: ResponseFields = [
      ["Content-Type", contentType],
      ...own,
      ...this.#fields.common,
    ];
    exchange.respondParts({ status, fields, contentLength: size }, [part]);
    return true;
  }

  /** Releases the pages. */
  close(): void {
    this.#notFound.drop();
    this.#failed.drop();
  }
}
