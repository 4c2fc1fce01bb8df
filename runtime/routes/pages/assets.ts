/**
 * The terminal's page and everything it loads, held in memory and ready to be sent.
 *
 * In: the files of this folder and of the npm packages @xterm/xterm, @xterm/addon-fit and
 * @xterm/addon-webgl, embedded as bytes when the program is built. Out: `pageAssets`, which the
 * router looks up by path. Made once for each thread, in about a millisecond; it reads no file and makes
 * no request. References between our own files ("/assets/style.css" in the HTML, "./keys.js" in a
 * module) are rewritten here to the paths they are served by, below the page's own.
 *
 * Licences: the three packages are MIT. Their notices are embedded too and are served, whole, as
 * assets/licenses.txt.
 */

import fitLicense from "npm:@xterm/addon-fit@0.10.0/LICENSE" with { type: "bytes" };
import fitScript from "npm:@xterm/addon-fit@0.10.0/lib/addon-fit.js" with { type: "bytes" };
import webglLicense from "npm:@xterm/addon-webgl@0.18.0/LICENSE" with { type: "bytes" };
import webglScript from "npm:@xterm/addon-webgl@0.18.0/lib/addon-webgl.js" with { type: "bytes" };
import xtermStyle from "npm:@xterm/xterm@5.5.0/css/xterm.css" with { type: "bytes" };
import xtermLicense from "npm:@xterm/xterm@5.5.0/LICENSE" with { type: "bytes" };
import xtermScript from "npm:@xterm/xterm@5.5.0/lib/xterm.js" with { type: "bytes" };
import favicon from "./favicon.svg" with { type: "bytes" };
import keysScript from "./keys.js" with { type: "bytes" };
import linkScript from "./link.js" with { type: "bytes" };
import page from "./page.html" with { type: "bytes" };
import rendererScript from "./renderer.js" with { type: "bytes" };
import style from "./style.css" with { type: "bytes" };
import styleElementsScript from "./style_elements.js" with { type: "bytes" };
import terminalScript from "./terminal.js" with { type: "bytes" };
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

const JAVASCRIPT = "text/javascript; charset=utf-8"; // RFC 9239 section 6
const CSS = "text/css; charset=utf-8";
const HTML = "text/html; charset=utf-8";
const SVG = "image/svg+xml; charset=utf-8";
const TEXT = "text/plain; charset=utf-8";

/** Asked for again each time; the ETag makes the answer a 304. */
const REVALIDATE = "no-cache";
/** The name changes with the content, so a year (RFC 8246) is safe. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** SHA-256 of nothing: the one <style> element that it admits is an empty one. */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/**
 * What the page may do: run and style itself from this server, open a WebSocket to it, no more.
 *
 * 'self' in connect-src covers ws: and wss: to the same host (CSP level 3; in all browsers
 * since 2022). xterm.js wants two liberties of style. It fills <style> elements:
 * style_elements.js turns them into constructed sheets, so that they stay empty. And its DOM
 * renderer writes style attributes for colours outside the palette, hence style-src-attr.
 * There is no HTML sink in any of it: trusted types are demanded, and no policy may be made.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${EMPTY_STYLE}`,
  "style-src-attr 'unsafe-inline'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const COMMON_FIELDS: Asset["fields"] = [
  ["X-Content-Type-Options", "nosniff"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
];

const PAGE_FIELDS: Asset["fields"] = [
  ...COMMON_FIELDS,
  ["Content-Security-Policy", CONTENT_SECURITY_POLICY],
  ["Referrer-Policy", "no-referrer"],
];

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A reference to another asset inside our own files: "/assets/NAME" or "./NAME", in quotes. */
const REFERENCE = /"(\/assets|\.)\/([\w.-]+)"/g;
const SOURCE_MAP = encoder.encode("//# sourceMappingURL=");

/**
 * Everything that the page consists of, the page first.
 *
 * @param home the page's own path, which ends in a slash
 */
export function pageAssets(home: string): readonly Asset[] {
  return new Collector(home).collect();
}

/** Gathers the assets of a page at one path. */
class Collector {
  readonly #home: string;
  /** Source name → the name it is served by, filled in the order of collect(). */
  readonly #servedNames = new Map<string, string>();

  constructor(home: string) {
    this.#home = home;
  }

  /** A file comes after those it refers to, as its own name depends on theirs. */
  collect(): readonly Asset[] {
    const assets = [
      this.#packaged("xterm-5.5.0.css", CSS, xtermStyle),
      this.#packaged("xterm-5.5.0.js", JAVASCRIPT, xtermScript),
      this.#packaged("addon-fit-0.10.0.js", JAVASCRIPT, fitScript),
      this.#packaged("addon-webgl-0.18.0.js", JAVASCRIPT, webglScript),
      this.#own("favicon.svg", SVG, favicon),
      this.#own("style.css", CSS, style),
      this.#own("style_elements.js", JAVASCRIPT, styleElementsScript),
      this.#own("keys.js", JAVASCRIPT, keysScript),
      this.#own("link.js", JAVASCRIPT, linkScript),
      this.#own("renderer.js", JAVASCRIPT, rendererScript),
      this.#own("terminal.js", JAVASCRIPT, terminalScript),
      this.#revalidated("assets/licenses.txt", TEXT, licenses()),
    ];
    return [this.#revalidated("", HTML, this.#linked(page)), ...assets];
  }

  /** A file of an npm package: its version is in the name, so its bytes need not be hashed. */
  #packaged(name: string, contentType: string, bytes: Uint8Array): Asset {
    this.#servedNames.set(name, name);
    const body = withoutSourceMap(bytes);
    const etag = `"${name}-${body.length.toString(16)}"`;
    const path = `${this.#home}assets/${name}`;
    return this.#asset({ path, contentType, cacheControl: IMMUTABLE, body, etag });
  }

  /** A file of this folder: a hash of its content goes into the name. */
  #own(name: string, contentType: string, bytes: Uint8Array): Asset {
    const body = this.#linked(bytes);
    const hash = contentHash(body);
    const served = name.replace(/(?=\.\w+$)/, `-${hash}`);
    this.#servedNames.set(name, served);
    const path = `${this.#home}assets/${served}`;
    return this.#asset({ path, contentType, cacheControl: IMMUTABLE, body, etag: hashTag(body) });
  }

  /** Something whose name stays when its content changes. */
  #revalidated(beneath: string, contentType: string, body: Uint8Array): Asset {
    const name = beneath.replace("assets/", "");
    this.#servedNames.set(name, name);
    const path = this.#home + beneath;
    return this.#asset({ path, contentType, cacheControl: REVALIDATE, body, etag: hashTag(body) });
  }

  #asset(of: Omit<Asset, "logName" | "fields">): Asset {
    const isPage = of.path === this.#home;
    const logName = isPage ? "index" : "asset";
    return { ...of, logName, fields: isPage ? PAGE_FIELDS : COMMON_FIELDS };
  }

  /** Rewrites the references in one of our files to the paths that are served. */
  #linked(bytes: Uint8Array): Uint8Array {
    const text = decoder.decode(bytes);
    return encoder.encode(text.replace(REFERENCE, (_, folder: string, name: string) => {
      const served = this.#servedNames.get(name);
      if (served === undefined) throw new TypeError(`No asset is named "${name}"`);
      return folder === "." ? `"./${served}"` : `"${this.#home}assets/${served}"`;
    }));
  }
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

/** The notices that the MIT licence wants in every copy. */
function licenses(): Uint8Array {
  const parts: [string, Uint8Array][] = [
    ["@xterm/xterm 5.5.0", xtermLicense],
    ["@xterm/addon-fit 0.10.0", fitLicense],
    ["@xterm/addon-webgl 0.18.0", webglLicense],
  ];
  const sections = parts.map(([name, notice]) => `${name}\n\n${decoder.decode(notice).trim()}\n`);
  const rule = `\n${"-".repeat(78)}\n\n`;
  return encoder.encode(
    `The page of this server is made with these packages.\n${rule}${sections.join(rule)}`,
  );
}
