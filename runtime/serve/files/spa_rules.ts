/**
 * Decides which requests for a missing file get the single-page application's page (`--spa`).
 *
 * In: a path's names, a method, the value of Accept. Out: whether the answer is /index.html. The rules are in
 * docs/quick-start-static-site.md: every GET or HEAD that accepts HTML, unless the path ends like an asset that
 * a page loads. Those get 404: otherwise a browser would try to run HTML as a missing script.
 */

import { accepts } from "@std/http/negotiation";
import type { RequestHead } from "../../../protocol/mod.ts";

const HTML = "text/html";

/** Endings of assets, as the docs list them. A dot alone is not enough: `/users/jane.doe` and `/v1.2` are pages. */
export const ASSETS: ReadonlySet<string> = new Set([
  ...["js", "mjs", "cjs", "css", "map", "json", "wasm", "webmanifest", "xml", "txt"],
  ...["png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "bmp"],
  ...["woff", "woff2", "ttf", "otf", "eot"],
  ...["mp3", "m4a", "ogg", "oga", "opus", "wav", "flac", "mp4", "webm", "ogv", "mov", "vtt"],
  ...["pdf", "zip", "gz", "br", "zst"],
]);

/** Whether a path without a file may be a page of the application. */
export function mayBePage(segments: readonly string[]): boolean {
  const name = segments.at(-1) ?? "";
  const dot = name.lastIndexOf(".");
  return dot < 0 || !ASSETS.has(name.slice(dot + 1).toLowerCase());
}

/** Whether the request only reads. */
export function isRead({ method }: Pick<RequestHead, "method">): boolean {
  return method === "GET" || method === "HEAD";
}

/** Whether HTML is accepted, by name or by `*` (RFC 9110 section 12.5.1); without the field everything is. */
export function acceptsPage(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === "") return true;
  return accepts({ headers: new Headers({ Accept: accept }) }, HTML) === HTML;
}
