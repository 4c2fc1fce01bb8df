/**
 * The files of a page, named so that browsers may keep them for ever.
 *
 * In: files of our own and of npm packages, as bytes. Out: assets, each with its path, its caching fields and
 * its tag. References between our own files ("/assets/style.css" in the HTML, "./keys.js" in a module) are
 * rewritten to the paths that they are served by, below the page's own; so a file comes after those that it refers to. Filled when a
 * thread starts, in about a millisecond; it reads no file and makes no request.
 */

import { contentHash } from "./content_hash.ts";

/** One thing that is served as it is. */
export interface Asset {
  /** The request path, exactly; a query does not belong to it. */
  readonly path: string;
  /** What the log calls the route: "index" for the page, "asset" for all others. */
  readonly logName: string;
  /** Value of Content-Type. */
  readonly contentType: string;
  /** Value of Cache-Control. */
  readonly cacheControl: string;
  /** Further fields of the response, name and value. */
  readonly fields: readonly (readonly [string, string])[];
  /** The content. Nobody writes into it. */
  readonly body: Uint8Array;
  /** Value of ETag: a strong validator with its quotation marks (RFC 9110 section 8.8.3). */
  readonly etag: string;
}

/** A file by its name in the sources, its type and its bytes. */
export type AssetFile = readonly [name: string, contentType: string, bytes: Uint8Array];

/** Media types with their parameters. */
export const MEDIA_TYPE = {
  javascript: "text/javascript; charset=utf-8", // RFC 9239 section 6
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
  text: "text/plain; charset=utf-8",
} as const;

/** Asked for again each time; the ETag makes the answer a 304. */
const REVALIDATE = "no-cache";
/** The name changes with the content, so a year (RFC 8246) is safe. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** What every asset says. */
const COMMON_FIELDS: Asset["fields"] = [
  ["X-Content-Type-Options", "nosniff"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A reference to another asset inside our own files: "/assets/NAME" or "./NAME", in quotes. */
const REFERENCE = /"(\/assets|\.)\/([\w.-]+)"/g;
const SOURCE_MAP = encoder.encode("//# sourceMappingURL=");

/** The assets of one page, as they are added. */
export class AssetCollection {
  /** What was added so far. */
  readonly assets: Asset[] = [];
  readonly #home: string;
  readonly #pageFields: Asset["fields"];
  // By the names in the sources: the names they are served by.
  readonly #servedNames = new Map<string, string>();

  /**
   * @param home the page's own path, which ends in a slash
   * @param pageFields what the page itself says beside what all assets do
   */
  constructor(home: string, pageFields: Asset["fields"]) {
    this.#home = home;
    this.#pageFields = pageFields;
  }

  /** Files of npm packages: the version is in the name, so the bytes need not be hashed. */
  packaged(...files: AssetFile[]): void {
    for (const [name, contentType, bytes] of files) {
      const body = withoutSourceMap(bytes);
      const etag = `"${name}-${body.length.toString(16)}"`;
      this.#add([name, name], { contentType, cacheControl: IMMUTABLE, body, etag });
    }
  }

  /** Files of ours: a hash of the content goes into the name. */
  own(...files: AssetFile[]): void {
    for (const [name, contentType, bytes] of files) {
      const body = this.#linked(bytes);
      const served = name.replace(/(?=\.\w+$)/, `-${contentHash(body)}`);
      this.#add([name, served], {
        contentType,
        cacheControl: IMMUTABLE,
        body,
        etag: hashTag(body),
      });
    }
  }

  /** A file whose name stays when its content changes. */
  revalidated(name: string, contentType: string, body: Uint8Array): void {
    this.#add([name, name], { contentType, cacheControl: REVALIDATE, body, etag: hashTag(body) });
  }

  /** The page, at its home; it comes first. */
  page(html: Uint8Array): void {
    const body = this.#linked(html);
    const fields = [...COMMON_FIELDS, ...this.#pageFields];
    const [contentType, etag] = [MEDIA_TYPE.html, hashTag(body)];
    const page = { path: this.#home, logName: "index", contentType, cacheControl: REVALIDATE };
    this.assets.unshift({ ...page, fields, body, etag });
  }

  #add([name, served]: [string, string], of: Omit<Asset, "path" | "logName" | "fields">): void {
    this.#servedNames.set(name, served);
    const path = `${this.#home}assets/${served}`;
    this.assets.push({ path, logName: "asset", ...of, fields: COMMON_FIELDS });
  }

  /** Rewrites the references in one of our files to the names that are served. */
  #linked(bytes: Uint8Array): Uint8Array {
    const text = decoder.decode(bytes);
    return encoder.encode(text.replace(REFERENCE, (_, folder: string, name: string) => {
      const served = this.#servedNames.get(name);
      if (served === undefined) throw new TypeError(`No asset is named "${name}"`);
      return folder === "." ? `"./${served}"` : `"${this.#home}assets/${served}"`;
    }));
  }
}

/** The notices of the packages that a page is made with, as their licences want it. */
export function licenseText(parts: readonly (readonly [name: string, notice: Uint8Array])[]) {
  const sections = parts.map(([name, notice]) => `${name}\n\n${decoder.decode(notice).trim()}\n`);
  const rule = `\n${"-".repeat(78)}\n\n`;
  return encoder.encode(
    `The page of this server is made with these packages.\n${rule}${sections.join(rule)}`,
  );
}

/** The length beside the hash makes two contents with one tag as good as impossible. */
function hashTag(body: Uint8Array): string {
  return `"${contentHash(body)}-${body.length.toString(16)}"`;
}

/**
 * Cuts the last line off when it names a source map: we serve none, and a browser's developer
 * tools would ask for it in vain. A view of the same bytes, nothing is copied.
 */
function withoutSourceMap(bytes: Uint8Array): Uint8Array {
  let lineStart = bytes.length;
  // A final line feed does not begin another line, hence the first step back before comparing.
  do lineStart -= 1; while (lineStart > 0 && bytes[lineStart - 1] !== 0x0a);
  for (let i = 0; i < SOURCE_MAP.length; i++) {
    if (bytes[lineStart + i] !== SOURCE_MAP[i]) return bytes;
  }
  return bytes.subarray(0, lineStart);
}
