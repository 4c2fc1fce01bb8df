/**
 * The folder's own pages for what goes wrong: 404.html, and 50x.html for failures of ours.
 *
 * In: a status. Out: the page with that status, if there is one. They are loaded before they are needed:
 * when the process has no descriptor left it is too late. Compared with the disk once a second, when asked.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import { ENOENT } from "../../os/mod.ts";
import type { Exchange } from "../session/mod.ts";
import type { FileLoader, LoadedFile } from "./file_loader.ts";
import { TRUST } from "./folder.ts";
import type { SiteFields } from "./site_fields.ts";

/** One page, or that there is none. */
class ErrorPage {
  readonly #path: string;
  readonly #loader: FileLoader;
  #loaded: LoadedFile | null = null;
  #checkedAt = -Infinity;

  constructor(path: string, loader: FileLoader) {
    this.#path = path;
    this.#loader = loader;
  }

  /** The page as it is now; null: there is none. */
  current(now: number): LoadedFile | null {
    if (now - this.#checkedAt < TRUST) return this.#loaded;
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

  /** Has them loaded. @param now milliseconds that are never set back */
  constructor(loader: FileLoader, fields: SiteFields, now: () => number) {
    this.#notFound = new ErrorPage("404.html", loader);
    this.#failed = new ErrorPage("50x.html", loader);
    this.#fields = fields;
    this.#now = now;
    this.#notFound.current(now());
    this.#failed.current(now());
  }

  /** Answers with the page of this status, and these fields; false if there is none. */
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

  /** Lets go of them. */
  close(): void {
    this.#notFound.drop();
    this.#failed.drop();
  }
}
