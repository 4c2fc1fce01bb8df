/** A folder's listing: its entries, their order, and that hostile names are only text. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import {
  arrangeListing,
  type FolderContent,
  type ListingEntry,
  MAX_LISTED,
  prefersJson,
  renderListing,
} from "../../../../runtime/serve/files/listing.ts";
import type { Sliced } from "../../../../runtime/serve/files/sliced.ts";
import { contrast } from "../../../support/contrast.ts";
import { decodeRequestPath, isRefusedPath } from "../../../../protocol/mod.ts";

const TIME = 784_111_777;
const JSON_TYPE = "application/json";

function file(name: string, size = 1): ListingEntry {
  return { name, isFolder: false, size, lastModified: TIME };
}

function folder(name: string): ListingEntry {
  return { name, isFolder: true, size: 4096, lastModified: TIME };
}

/** Runs all slices at once; returns their number too. */
function whole<Result>(work: Sliced<Result>): { result: Result; slices: number } {
  for (let slices = 1;; slices++) {
    const { done, value } = work.next();
    if (done) return { result: value, slices };
  }
}

function listFolder(folder: FolderContent, accept: string | undefined) {
  const arranged = whole(arrangeListing(folder)).result;
  const answer = whole(renderListing(arranged, prefersJson(accept))).result;
  return { ...answer, body: new TextDecoder().decode(answer.body) };
}

function pageOf(content: Partial<FolderContent>): string {
  return listFolder({ segments: [], entries: [], ...content }, undefined).body;
}

function dataOf(content: Partial<FolderContent>) {
  const { body } = listFolder({ segments: [], entries: [], ...content }, JSON_TYPE);
  return JSON.parse(body) as { path: string; entries: { name: string }[]; omitted: number };
}

/** The links in a page, as written there. */
function linksIn(page: string): string[] {
  return [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]!);
}

/** Names that try to be something else: markup, schemes, other hosts, queries, directions. */
const HOSTILE_NAMES = [
  '"><script>alert(1)',
  "<img src=x onerror=alert(1)>.png",
  "' onmouseover='alert(1)",
  "<style>*{display:none}",
  "<base href=http:evil.example>",
  "<!--",
  "-->",
  "&lt;b&gt;&amp;",
  "javascript:alert(1)",
  "data:text,<b>",
  "http:evil.example",
  "a?b=c&d",
  "a#b",
  "100%41",
  "a b\tc\nd\re",
  "\x1b[31mred",
  "gpj.\u202egnp.exe",
  "\u2066a\u2069",
  "\ufeffa",
  "日本語 ☃ 😀",
  "e\u0301",
  "a".repeat(255),
  "...",
  "{{7*7}}${7*7}`",
];

Deno.test("listing: the page by default, JSON to clients that prefer it", () => {
  const types = (accept: string | undefined) =>
    listFolder({ segments: [], entries: [] }, accept).contentType;
  const html = "text/html; charset=utf-8";
  const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  for (
    const accept of [undefined, "", "*/*", browser, "text/*", "text/html, application/json;q=0.9"]
  ) {
    assertEquals(types(accept), html, accept);
  }
  assertEquals(types("image/png"), html, "what cannot be given is answered with the page");
  for (const accept of [JSON_TYPE, "application/*", "application/json, text/html;q=0.9"]) {
    assertEquals(types(accept), JSON_TYPE, accept);
  }
});

Deno.test("listing: folders first, then by name in natural order", () => {
  const entries = ["b", "a10", "a9", "B", "é", "f"].map((name) => file(name));
  const names = dataOf({ entries: [...entries, folder("z"), folder("y")] }).entries;
  assertEquals(names.map(({ name }) => name), ["y", "z", "a9", "a10", "b", "B", "é", "f"]);
});

Deno.test("listing: JSON has path, type, size and time", () => {
  const data = dataOf({ segments: ["a b", "c"], entries: [file("x", 12), folder("y")] });
  assertEquals<unknown>(data, {
    path: "/a b/c/",
    entries: [
      { name: "y", type: "folder", modified: "1994-11-06T08:49:37Z" },
      { name: "x", type: "file", size: 12, modified: "1994-11-06T08:49:37Z" },
    ],
    omitted: 0,
  });
});

Deno.test("listing: a time that a Date cannot represent is left out", () => {
  const entries = [NaN, Infinity, 1e15, -1e15].map((lastModified, i) => {
    return { ...file(`f${i}`), lastModified };
  });
  assertEquals(pageOf({ entries }).includes("<time"), false);
  assert(
    dataOf({ entries }).entries.every((entry) => (entry as { modified?: null }).modified === null),
  );
});

Deno.test("listing: hostile names are shown as text", () => {
  const benign = pageOf({ entries: HOSTILE_NAMES.map((_, i) => file(`f${i}`)) });
  const page = pageOf({ entries: HOSTILE_NAMES.map((name) => file(name)) });
  // The same elements in the same number, whatever the names are.
  const tags = (html: string) =>
    html.match(/<[^>]*>/g)!.map((tag) => tag.replace(/href="[^"]*"/, ""));
  assertEquals(tags(page), tags(benign));
  // deno-lint-ignore no-control-regex -- matches control characters on purpose
  assertEquals(/[\0-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(page), false);
});

Deno.test("listing: a hostile name of the folder itself is shown as text", () => {
  for (const name of HOSTILE_NAMES) {
    const tags = (html: string) => html.match(/<[^>]*>/g)!;
    assertEquals(tags(pageOf({ segments: [name] })), tags(pageOf({ segments: ["a"] })), name);
  }
});

Deno.test("listing: each link leads to its own entry, on this server", () => {
  for (const name of HOSTILE_NAMES) {
    for (const entry of [file(name), folder(name)]) {
      const [href, ...others] = linksIn(pageOf({ entries: [entry] }));
      assertEquals(others, []);
      const target = new URL(href!.replaceAll("&#39;", "'"), "http://here.example/dir/");
      assertEquals([target.host, target.search, target.hash], ["here.example", "", ""], name);
      const decoded = decodeRequestPath(target.pathname);
      if (isRefusedPath(decoded)) throw new Error(`${name}: ${decoded.code}`);
      assertEquals([decoded.segments, decoded.isFolder], [["dir", name], entry.isFolder], name);
    }
  }
});

Deno.test("listing: entries that no request can name are not shown", () => {
  const names = ["a\\b", "\ud800", "a\ufffd", "ok"];
  assertEquals(
    dataOf({ entries: names.map((name) => file(name)) }).entries.map(({ name }) => name),
    ["ok"],
  );
});

Deno.test("listing: the link to the parent folder", () => {
  assertEquals(linksIn(pageOf({})), []);
  assertEquals(linksIn(pageOf({ segments: ["a"] })), ["../", "../"]);
  assertEquals(linksIn(pageOf({ segments: ["a", "b"] })), ["../../", "../", "../"]);
});

Deno.test("listing: above the bound, further entries are only counted", () => {
  const entries = Array.from({ length: MAX_LISTED + 5 }, (_, i) => file(`f${i}`));
  const data = dataOf({ entries });
  assertEquals([data.entries.length, data.omitted], [MAX_LISTED, 5]);
  assertStringIncludes(pageOf({ entries }), "and 5 more that are not shown");
  assertEquals(dataOf({ entries: [file("one")], omitted: 7 }).omitted, 7);
});

Deno.test("listing: the summary", () => {
  const said = (entries: ListingEntry[]) => /<p>(.*)<\/p>/.exec(pageOf({ entries }))?.[1];
  assertEquals(said([]), "This folder is empty.");
  assertEquals(said([folder("a")]), "1 folder");
  assertEquals(said([folder("a"), folder("b"), file("c", 1500)]), "2 folders, 1 file, 1.5 kB");
  const copied = [file("a.js", 9), file("a.js.br", 5)];
  assertEquals(said(copied), "1 file, 9 B, 1 compressed copy not shown");
});

Deno.test("listing: compressed copies of a shown file are not shown, other archives are", () => {
  const older = { ...file("old.css.gz"), lastModified: TIME - 3 };
  const hidden = ["app.js.br", "app.js.gz", "app.js.zst"].map((name) => file(name));
  const shown = [
    ...["app.js", "archive.tar.gz", "old.css", "photo.jpg", "photo.jpg.gz", "lone.js.br"]
      .map((name) => file(name)),
    file("empty.txt"),
    file("empty.txt.br", 0),
    folder("dir.js"),
    file("dir.js.gz"),
    file("folder.txt"),
    folder("folder.txt.gz"),
    older,
  ];
  const names = (entries: ListingEntry[]) => linksIn(pageOf({ entries })).sort();
  assertEquals(names([...shown, ...hidden]), names(shown));
  assertEquals(linksIn(pageOf({ entries: shown })).length, shown.length);
  assertEquals(dataOf({ entries: [...shown, ...hidden] }).entries.length, shown.length + 3);
});

Deno.test("listing: folders are marked, sizes and times are exact for the script", () => {
  const page = pageOf({ segments: ["a"], entries: [folder("f"), file("g", 1_234_567)] });
  assertMatch(page, /<tr class="up"><td><a href="\.\.\/">Parent folder<\/a>/);
  assertMatch(page, /<tr class="folder"><td><a href="\.\/f\/"><bdi>f<\/bdi>\//);
  assertMatch(page, /<tr><td><a href="\.\/g"><bdi>g<\/bdi><\/a>/);
  assertStringIncludes(page, '<data value="1234567">1.23 MB</data>');
  assertStringIncludes(
    page,
    '<time datetime="1994-11-06T08:49:37Z">1994-11-06<span class="wide"> 08:49</span></time>',
  );
});

Deno.test("listing: the policy allows the page's own style and script and nothing else", () => {
  const { body, contentSecurityPolicy: policy = "" } = listFolder(
    { segments: [], entries: [file("a")] },
    undefined,
  );
  const hashOf = (element: string) => {
    const text = new RegExp(`<${element}>([^]*?)</${element}>`).exec(body)![1]!;
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  };
  const directives = new Map(
    (policy ?? "").split("; ").map((one) => {
      const [name = "", ...values] = one.split(" ");
      return [name, values.join(" ")];
    }),
  );
  assertEquals(directives.get("default-src"), "'none'");
  assertEquals(directives.get("style-src"), hashOf("style"));
  assertEquals(directives.get("script-src"), hashOf("script"));
  assertEquals(body.split("<script").length, 2);
  assertEquals(/\son\w+=|style=|<script\s/.test(body), false);
});

Deno.test("listing: both colour schemes are readable by WCAG 2.2 (4.5 : 1, icons 3 : 1)", () => {
  const page = pageOf({});
  const schemes = [...page.matchAll(/:root\{[^}]*\}/g)].map(([rule]) => {
    return new Map(
      [...rule.matchAll(/--(\w+):(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value!]),
    );
  });
  assertEquals(schemes.length, 2);
  for (const colours of schemes) {
    for (const ground of ["back", "hover"]) {
      for (const name of ["text", "muted", "link"]) {
        assert(contrast(colours.get(name)!, colours.get(ground)!) >= 4.5, `${name} on ${ground}`);
      }
      assert(contrast(colours.get("folder")!, colours.get(ground)!) >= 3, `folder on ${ground}`);
    }
  }
});

Deno.test("listing: a large folder is arranged and written in many slices, a small one in one", () => {
  const slices = (count: number) => {
    const entries = Array.from({ length: count }, (_, i) => file(`f${i * 7919 % count}`));
    const arranged = whole(arrangeListing({ segments: [], entries }));
    return [
      arranged.slices,
      ...[true, false].map((asJson) => whole(renderListing(arranged.result, asJson)).slices),
    ];
  };
  assertEquals(slices(100), [1, 1, 1]);
  assert(slices(MAX_LISTED).every((count) => count >= 20), `${slices(MAX_LISTED)}`);
});

Deno.test("listing: the sliced sort equals a sort in one go, and is stable", () => {
  const order = new Intl.Collator("en", { numeric: true });
  for (const count of [0, 1, 2, 255, 256, 257, 511, 513, 1000, 1793]) {
    const entries = Array.from({ length: count }, (_, i) => file(`f${i * 7919 % 101}`, i));
    const { result } = whole(arrangeListing({ segments: [], entries }));
    assertEquals(result.entries, entries.toSorted((a, b) => order.compare(a.name, b.name)));
  }
});
