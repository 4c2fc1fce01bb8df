/**
 * The files of a page, named so that browsers may cache them forever.
 *
 * In: files of our own and of npm packages, as bytes. Out: assets, each with its path, its caching fields and
 * its tag. References between our own files ("/assets/style.css" in the HTML, "./keys.js" in a module) are
 * rewritten to the served paths, which are below the page's path; so a file is added after the files that it
 * refers to. Filled when a thread starts, in about a millisecond; reads no file and makes no request.
 */

import { contentHash } from "./content_hash.ts";

/** A file that is served unchanged. */
export interface Asset {
  /** The exact request path, without a query. */
  readonly path: string;
  /** What the log calls the route: "index" for the page, "asset" for all others. */
  readonly logName: string;
  /** Value of Content-Type. */
  readonly contentType: string;
  /** Value of Cache-Control. */
  readonly cacheControl: string;
  /** Further fields of the response, name and value. */
  readonly fields: readonly (readonly [string, string])[];
  /** The content; never modified. */
  readonly body: Uint8Array;
  /** Value of ETag: a strong validator with its quotation marks (RFC 9110 section 8.8.3). */
  readonly etag: string;
}

/** A file by its name in the sources, and its bytes. */
export type AssetFile = readonly [name: string, bytes: Uint8Array];

const HTML = "text/html; charset=utf-8";
/** Media types with their parameters, by the ending of the name. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8", // RFC 9239 section 6
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml; charset=utf-8",
  txt: "text/plain; charset=utf-8",
};

/** The browser revalidates each time; the ETag makes the answer a 304. */
const REVALIDATE = "no-cache";
/** The name changes with the content, so a year (RFC 8246) is safe. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** Fields of every asset. */
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
  /** The assets added so far. */
  readonly assets: Asset[] = [];
  readonly #home: string;
  readonly #pageFields: Asset["fields"];
  // Served names by the names in the sources.
  readonly #servedNames = new Map<string, string>();

  /**
   * @param home the page's own path, which ends in a slash
   * @param pageFields fields of the page itself, besides those of every asset
   */
  constructor(home: string, pageFields: Asset["fields"]) {
    this.#home = home;
    this.#pageFields = pageFields;
  }

  /** Adds files of npm packages: the version is in the name, so the bytes need not be hashed. */
  packaged(...files: AssetFile[]): void {
    for (const [name, bytes] of files) {
      const body = withoutSourceMap(bytes);
      const etag = `"${name}-${body.length.toString(16)}"`;
      this.#add([name, name], { cacheControl: IMMUTABLE, body, etag });
    }
  }

  /** Adds our own files: a hash of the content becomes part of the name. */
  own(...files: AssetFile[]): void {
    for (const [name, bytes] of files) {
      const body = this.#linked(bytes);
      const served = name.replace(/(?=\.\w+$)/, `-${contentHash(body)}`);
      this.#add([name, served], { cacheControl: IMMUTABLE, body, etag: hashTag(body) });
    }
  }

  /** Adds a file whose name stays the same when its content changes. */
  revalidated(name: string, body: Uint8Array): void {
    this.#add([name, name], { cacheControl: REVALIDATE, body, etag: hashTag(body) });
  }

  /** Adds the page itself, as the first asset. */
  page(html: Uint8Array): void {
    const body = this.#linked(html);
    const fields = [...COMMON_FIELDS, ...this.#pageFields];
    const page = {
      path: this.#home,
      logName: "index",
      contentType: HTML,
      cacheControl: REVALIDATE,
    };
    this.assets.unshift({ ...page, fields, body, etag: hashTag(body) });
  }

  #add(
    [name, served]: [string, string],
    of: Pick<Asset, "cacheControl" | "body" | "etag">,
  ): void {
    const contentType = MEDIA_TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (contentType === undefined) throw new TypeError(`No media type is known for "${name}"`);
    this.#servedNames.set(name, served);
    const path = `${this.#home}assets/${served}`;
    this.assets.push({ path, logName: "asset", contentType, ...of, fields: COMMON_FIELDS });
  }

  /** Rewrites the references in one of our files to the served names. */
  #linked(bytes: Uint8Array): Uint8Array {
    const text = decoder.decode(bytes);
    return encoder.encode(text.replace(REFERENCE, (_, folder: string, name: string) => {
      const served = this.#servedNames.get(name);
      if (served === undefined) throw new TypeError(`No asset is named "${name}"`);
      return folder === "." ? `"./${served}"` : `"${this.#home}assets/${served}"`;
    }));
  }
}

/** The notices of the packages that a page uses, as their licences require. */
export function licenseText(parts: readonly AssetFile[]): Uint8Array {
  const sections = parts.map(([name, notice]) => `${name}\n\n${decoder.decode(notice).trim()}\n`);
  const rule = `\n${"-".repeat(78)}\n\n`;
  return encoder.encode(
    `The page of this server is made with these packages.\n${rule}${sections.join(rule)}`,
  );
}

/** Hash and length together: two contents with the same tag are practically impossible. */
function hashTag(body: Uint8Array): string {
  return `"${contentHash(body)}-${body.length.toString(16)}"`;
}

/**
 * Cuts off the last line if it names a source map: we serve none, so the request of a browser's
 * developer tools would fail. Returns a view of the same bytes.
 */
function withoutSourceMap(bytes: Uint8Array): Uint8Array {
  let lineStart = bytes.length;
  // A final line feed does not begin another line: so step back once before comparing.
  do lineStart -= 1; while (lineStart > 0 && bytes[lineStart - 1] !== 0x0a);
  for (let i = 0; i < SOURCE_MAP.length; i++) {
    if (bytes[lineStart + i] !== SOURCE_MAP[i]) return bytes;
  }
  return bytes.subarray(0, lineStart);
}
