/**
 * The response fields of every answer of a site: security, caching, the operator's own, CORS.
 *
 * In: the config. Out: fields by path, made once for each file that is loaded. The operator's field
 * replaces a default of the same name; an empty value removes the default.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import type { FilesConfig } from "../../config/mod.ts";
import { pathPattern } from "./path_pattern.ts";

/**
 * What a browser must not do with a site's files unless the operator allows it: guess that a text is a
 * script, show the site in a frame of another site (clickjacking), send the whole address to other sites.
 */
const SECURITY: ResponseFields = [
  ["X-Content-Type-Options", "nosniff"],
  ["Content-Security-Policy", "frame-ancestors 'self'"],
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
];

/** The browser revalidates each time, and gets a 304 if nothing changed: it never shows an outdated file. */
const DEFAULT_CACHE_CONTROL = "no-cache";

/** What a page of another origin may read besides the fields that every page may read (Fetch, "CORS-safelisted response header"). */
const EXPOSED = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag";
/** What such a page may send: conditions, ranges, credentials that its script was given. */
const SENDABLE = [
  "Authorization",
  "Cache-Control",
  "If-Match",
  "If-Modified-Since",
  "If-None-Match",
  "If-Range",
  "If-Unmodified-Since",
  "Range",
].join(", ");
/** Seconds that a browser may cache a preflight's answer; no browser caches it for more than a day. */
const PREFLIGHT_AGE = "86400";

/** The methods that files answer. */
export const FILE_METHODS = ["GET", "HEAD", "OPTIONS"] as const;

/** A site's fields. */
export class SiteFields {
  /** Fields of every answer: security, CORS, the operator's own. */
  readonly common: ResponseFields;
  /** Fields of the answer to OPTIONS. */
  readonly options: ResponseFields;
  readonly #rules: readonly { matches: (path: string) => boolean; value: string }[];
  readonly #default: string;

  constructor(config: Pick<FilesConfig, "cache" | "headers" | "cors">) {
    const cors = config.cors === undefined ? [] : corsFields(config.cors);
    const own = config.headers.map(({ name, value }) => [name, value] as const);
    const replaced = new Set(own.map(([name]) => name.toLowerCase()));
    const defaults = [...SECURITY, ...cors].filter(([name]) => !replaced.has(name.toLowerCase()));
    const added = own.filter(([name, value]) => value !== "" && !isCacheControl(name));
    this.common = [...defaults, ...added];
    this.#default = own.findLast(([name]) => isCacheControl(name))?.[1] ?? DEFAULT_CACHE_CONTROL;
    this.#rules = config.cache.map(({ pattern, value }) => ({
      matches: pathPattern(pattern),
      value,
    }));
    const preflight = config.cors === undefined ? [] : [
      ["Access-Control-Allow-Methods", FILE_METHODS.join(", ")],
      ["Access-Control-Allow-Headers", SENDABLE],
      ["Access-Control-Max-Age", PREFLIGHT_AGE],
    ] as const;
    this.options = [["Allow", FILE_METHODS.join(", ")], ...preflight, ...this.common];
  }

  /** Cache-Control for a requested path, decoded. */
  cacheControl(path: string): ResponseFields {
    const value = this.#rules.find(({ matches }) => matches(path))?.value ?? this.#default;
    return value === "" ? [] : [["Cache-Control", value]];
  }
}

function isCacheControl(name: string): boolean {
  return name.toLowerCase() === "cache-control";
}

function corsFields(origin: string): ResponseFields {
  // One fixed origin, or all: the answer does not depend on the request, so it needs no Vary.
  return [
    ["Access-Control-Allow-Origin", origin],
    ["Access-Control-Expose-Headers", EXPOSED],
  ];
}
