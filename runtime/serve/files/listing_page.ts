/**
 * The page of a folder's listing: HTML without a script, for any screen, in light and dark.
 *
 * In: a {@link Listing}, in the order to show. Out: the whole page as text. Names are somebody's, so each
 * is escaped, isolated from the direction of the text around it, and shown without control characters;
 * links are relative and percent-encoded. The page works under {@link LISTING_CSP}, by which nothing but
 * its own style is loaded or run.
 */

import { createHash } from "node:crypto";
import { format as formatBytes } from "@std/fmt/bytes";
import { escape } from "@std/html/entities";
import type { Listing, ListingEntry } from "./listing.ts";

const STYLE = `
:root{color-scheme:light dark;--text:#1c2128;--muted:#57606a;--line:#d5dae0;--link:#0b62c4;--back:#fdfdfc;--hover:#eef3f9}
@media(prefers-color-scheme:dark){:root{--text:#e8edf2;--muted:#a3afbd;--line:#2a323e;--link:#79b8ff;--back:#0f1319;--hover:#1a212b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.25rem 1rem 3rem;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.25rem;margin:0 0 1rem;overflow-wrap:anywhere}
h1,p{padding:0 .75rem}
h1 a,td a{color:var(--link);text-decoration:none}
h1 a:hover,td a:hover{text-decoration:underline}
a:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:600;color:var(--muted);font-size:.875rem}
th,td{padding:.5rem .75rem;border-bottom:1px solid var(--line)}
tbody tr:hover{background:var(--hover)}
td:first-child{width:100%;overflow-wrap:anywhere}
td a{display:block}
.number,time{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--muted)}
.number{text-align:right}
p{color:var(--muted);font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:36rem){th:last-child,td:last-child{display:none}th,td{padding:.625rem .25rem}h1,p{padding:0 .25rem}}
`;

/** The Content-Security-Policy that the page is sent with: its style by hash, the site's icon, no more. */
export const LISTING_CSP: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/** Control characters, and those that turn the direction of what follows (Unicode UAX #9, UTS #55). */
// deno-lint-ignore no-control-regex -- it is they that are looked for
const INVISIBLE = /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const REPLACEMENT = "\ufffd";

/** Writes the page. */
export function listingPage(listing: Listing): string {
  const title = `Index of /${listing.segments.map((name) => `${name}/`).join("")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${shown(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1><span class="unseen">Index of </span>${crumbs(listing.segments)}</h1>
${table(listing)}
<p>${summary(listing)}</p>
</main>
</body>
</html>
`;
}

/** The way down from the root, each folder of it a link but the last, which is here. */
function crumbs(segments: readonly string[]): string {
  return ["", ...segments].map((name, depth) => {
    const up = segments.length - depth;
    const text = `<bdi>${shown(name)}</bdi>/`;
    const label = depth === 0 ? ' aria-label="root"' : "";
    return up === 0
      ? `<span aria-current="page"${label}>${text}</span>`
      : `<a href="${"../".repeat(up)}"${label}>${text}</a>`;
  }).join("");
}

function table({ segments, entries }: Listing): string {
  const up = segments.length === 0
    ? ""
    : `<tr><td><a href="../"><span aria-hidden="true">..</span><span class="unseen">Folder above</span></a></td><td></td><td></td></tr>\n`;
  return `<table>
<caption class="unseen">Folders and files</caption>
<thead><tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col">Changed (UTC)</th></tr></thead>
<tbody>
${up}${entries.map(row).join("\n")}
</tbody>
</table>`;
}

function row(entry: ListingEntry): string {
  const slash = entry.isFolder ? "/" : "";
  const link = `<a href="${hrefOf(entry)}"><bdi>${shown(entry.name)}</bdi>${slash}</a>`;
  const size = entry.isFolder ? "" : formatBytes(entry.size);
  return `<tr><td>${link}</td><td class="number">${size}</td><td>${
    time(entry.lastModified)
  }</td></tr>`;
}

/** With "./" in front no name is taken for a scheme or for another host. */
function hrefOf({ name, isFolder }: ListingEntry): string {
  return escape(`./${encodeURIComponent(name)}${isFolder ? "/" : ""}`);
}

function time(epochSeconds: number): string {
  const iso = isoTime(epochSeconds);
  if (iso === undefined) return "";
  return `<time datetime="${iso}">${iso.slice(0, 16).replace("T", " ")}</time>`;
}

/** The time in ISO 8601, to the second; undefined for one that no calendar has. */
export function isoTime(epochSeconds: number): string | undefined {
  const date = new Date(Math.floor(epochSeconds) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

function summary({ entries, omitted }: Listing): string {
  if (entries.length === 0) return "This folder is empty.";
  const files = entries.filter(({ isFolder }) => !isFolder);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const parts = [
    counted(entries.length - files.length, "folder"),
    counted(files.length, "file"),
    ...(files.length > 0 ? [formatBytes(bytes)] : []),
    ...(omitted > 0 ? [`and ${omitted} more that are not shown`] : []),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function shown(name: string): string {
  return escape(name.replace(INVISIBLE, REPLACEMENT));
}
