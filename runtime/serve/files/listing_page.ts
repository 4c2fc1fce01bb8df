/**
 * The HTML page of a folder's listing. It works without its script, on any screen, in light and dark mode.
 *
 * In: a {@link Listing}, in the order to show. Out: the whole page as text. Names are untrusted: each is
 * escaped, isolated from the direction of the surrounding text, and shown without control characters; links
 * are relative and percent-encoded. The page works under {@link LISTING_CSP}, which allows only its own style
 * and its own script. The script sorts in the browser: another order costs the server nothing, and every
 * client gets the same page.
 */

import { createHash } from "node:crypto";
import { format as formatBytes } from "@std/fmt/bytes";
import { escape } from "@std/html/entities";
import type { Listing, ListingEntry } from "./listing.ts";
import scriptFile from "./listing_script.js" with { type: "bytes" };

const STYLE = `
:root{color-scheme:light dark;--text:#1c2128;--muted:#57606a;--line:#d5dae0;--link:#0b62c4;--back:#fdfdfc;--hover:#eef3f9;--folder:#b7791f}
@media(prefers-color-scheme:dark){:root{--text:#e8edf2;--muted:#a3afbd;--line:#2a323e;--link:#79b8ff;--back:#0f1319;--hover:#1a212b;--folder:#f0b429}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.25rem 1rem 3rem;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%}
h1{font-size:1.25rem;margin:0 0 1rem;overflow-wrap:anywhere}
h1,p{padding:0 .75rem}
h1 a,td a{color:var(--link);text-decoration:none}
h1 a:hover,td a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:2px}
table{width:100%;border-collapse:collapse}
th{position:sticky;top:0;z-index:1;text-align:left;font-weight:600;color:var(--muted);background:var(--back);font-size:.875rem;white-space:nowrap;box-shadow:inset 0 -1px var(--line)}
th,td{padding:.5rem .75rem}
td{border-bottom:1px solid var(--line)}
th button{position:relative;margin:-.5rem -.75rem;padding:.5rem .75rem;border:0;font:inherit;color:inherit;background:none;cursor:pointer}
th button:hover,th[aria-sort]{color:var(--text)}
th[aria-sort] button::after{content:"\\2191"/"";position:absolute;margin-left:.25rem}
th[aria-sort=descending] button::after{content:"\\2193"/""}
th.number button::after{right:100%;margin-right:-.5rem}
tbody tr:hover{background:var(--hover)}
td:first-child{width:100%;overflow-wrap:anywhere}
td a{display:block;position:relative;padding-left:1.875rem}
td a::before{content:"";position:absolute;left:.1875rem;top:.1875rem;width:.8125rem;height:1rem;border:1.5px solid var(--muted);border-radius:2px 6px 2px 2px}
.folder a::before{left:0;top:.3125rem;width:1.1875rem;height:.9375rem;border:0;border-radius:2px;background:var(--folder);clip-path:polygon(0 0,40% 0,52% 18%,100% 18%,100% 100%,0 100%)}
.folder a{font-weight:500}
.up a::before{content:"\\2191"/"";left:.25rem;top:0;width:auto;height:auto;border:0;color:var(--muted)}
.number,time{white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--muted)}
.number{text-align:right}
p{color:var(--muted);font-size:.875rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:36rem){body{padding-inline:.75rem}h1,p{padding:0 .25rem}th,td{padding:.75rem .25rem}th button{margin:-.75rem -.25rem;padding:.75rem .25rem}th.number button::after{margin-right:-.125rem}td:not(:first-child){font-size:.875rem;padding-left:.5rem;vertical-align:top;line-height:1.7}.wide{display:none}}
`;

const SCRIPT = new TextDecoder().decode(scriptFile).replace(/^\/\*\*[^]*?\*\/\n/, "\n");

/** The page's Content-Security-Policy: allows its style and script by hash and the site's icon, nothing else. */
export const LISTING_CSP: string = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "require-trusted-types-for 'script'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/** Control characters, and characters that change the text direction (Unicode UAX #9, UTS #55). */
// deno-lint-ignore no-control-regex -- matches control characters on purpose
const INVISIBLE = /[\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const REPLACEMENT = "\ufffd";

/**
 * Writes the page.
 *
 * @param rows the rows of the entries, made by {@link listingRow}
 * @param copies how many compressed copies are left out
 */
export function listingPage(listing: Listing, rows: string, copies: number): string {
  const title = `Index of /${listing.segments.map((name) => `${name}/`).join("")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${shown(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1><span class="unseen">Index of </span>${crumbs(listing.segments)}</h1>
${table(listing.segments, rows)}
<p>${summary({ ...listing, copies })}</p>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** The breadcrumb trail from the root: every folder is a link, except the last, which is this page. */
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

function table(segments: readonly string[], rows: string): string {
  const up = segments.length === 0
    ? ""
    : `<tr class="up"><td><a href="../">Parent folder</a></td><td></td><td></td></tr>\n`;
  return `<table>
<caption class="unseen">Folders and files</caption>
<thead><tr><th scope="col" data-sort="name">Name</th><th scope="col" class="number" data-sort="size">Size</th><th scope="col" data-sort="changed">Changed<span class="wide"> (UTC)</span></th></tr></thead>
<tbody>
${up}${rows}</tbody>
</table>`;
}

/** The row of one entry. */
export function listingRow(entry: ListingEntry): string {
  const { name, isFolder, size, lastModified } = entry;
  const link = `<a href="${hrefOf(entry)}"><bdi>${shown(name)}</bdi>${isFolder ? "/" : ""}</a>`;
  const bytes = isFolder ? "" : `<data value="${size}">${formatBytes(size)}</data>`;
  const kind = isFolder ? ' class="folder"' : "";
  return `<tr${kind}><td>${link}</td><td class="number">${bytes}</td><td>${
    time(lastModified)
  }</td></tr>\n`;
}

/** The leading "./" prevents that a name is taken for a scheme or for another host. */
function hrefOf({ name, isFolder }: ListingEntry): string {
  return escape(`./${encodeURIComponent(name)}${isFolder ? "/" : ""}`);
}

function time(epochSeconds: number): string {
  const iso = isoTime(epochSeconds);
  if (iso === undefined) return "";
  const [day, hour] = [iso.slice(0, 10), iso.slice(11, 16)];
  return `<time datetime="${iso}">${day}<span class="wide"> ${hour}</span></time>`;
}

/** The time in ISO 8601, to the second; undefined if a Date cannot represent it. */
export function isoTime(epochSeconds: number): string | undefined {
  const date = new Date(Math.floor(epochSeconds) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(".000Z", "Z");
}

function summary(
  { entries, copies, omitted }: Pick<Listing, "entries" | "omitted"> & { readonly copies: number },
): string {
  if (entries.length === 0) return "This folder is empty.";
  const files = entries.filter(({ isFolder }) => !isFolder);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const parts = [
    counted(entries.length - files.length, "folder"),
    counted(files.length, "file"),
    ...(files.length > 0 ? [formatBytes(bytes)] : []),
    ...(copies > 0 ? [`${copies} compressed ${copies === 1 ? "copy" : "copies"} not shown`] : []),
    ...(omitted > 0 ? [`and ${omitted} more that are not shown`] : []),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function shown(name: string): string {
  return escape(name.replace(INVISIBLE, REPLACEMENT));
}
