/** The page's served files: names, tags and references; its pure functions; its colours. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { contentHash } from "../../../../runtime/serve/assets/mod.ts";
import { arrow, withControl } from "../../../../runtime/serve/routes/pages/key_bar.js";
import { echoOf } from "../../../../runtime/serve/routes/pages/keys.js";
import { retryDelay } from "../../../../runtime/serve/routes/pages/link.js";
import { colourSchemes } from "../../../support/colour_schemes.ts";
import { contrast } from "../../../support/contrast.ts";
import { formatPause } from "../../../../runtime/serve/routes/pages/connection_loss.js";
import { type Asset, pageAssets } from "../../../../runtime/serve/routes/pages/mod.ts";

const ASSETS = pageAssets("/");
const BY_PATH = new Map(ASSETS.map((asset) => [asset.path, asset]));
const PACKAGED = /^\/assets\/[a-z-]+-\d+\.\d+\.\d+\.(js|css)$/;
const OWN = /^\/assets\/[a-z_]+-([0-9a-f]{8})\.(js|css|svg)$/;
const NOSNIFF = "X-Content-Type-Options: nosniff";
const TYPES = new Map([
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["svg", "image/svg+xml; charset=utf-8"],
  ["txt", "text/plain; charset=utf-8"],
]);

function textOf(asset: Asset): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(asset.body);
}

function find(path: string): Asset {
  const asset = BY_PATH.get(path);
  if (asset === undefined) throw new Error(`no asset at ${path}`);
  return asset;
}

/** The served file of the source file `name`; the served name has a hash. */
function served(name: string): Asset {
  const [stem, extension] = name.split(".");
  const pattern = new RegExp(`^/assets/${stem}-[0-9a-f]{8}\\.${extension}$`);
  const asset = ASSETS.find(({ path }) => pattern.test(path));
  if (asset === undefined) throw new Error(`no asset of ${name}`);
  return asset;
}

/** The paths that an asset refers to. */
function references(asset: Asset): string[] {
  const absolute = textOf(asset).matchAll(/(?:href|src)="([^"]*)"/g);
  const imported = textOf(asset).matchAll(/^import .* from "\.\/([^"]*)";$/gm);
  return [...[...absolute].map(([, to]) => to!), ...[...imported].map(([, to]) => `/assets/${to}`)];
}

Deno.test("page: the first asset is the index, which is revalidated each time", () => {
  const index = ASSETS[0]!;
  assertEquals(index.path, "/");
  assertEquals(index.logName, "index");
  assertEquals(index.contentType, "text/html; charset=utf-8");
  assertEquals(index.cacheControl, "no-cache");
  assert(textOf(index).startsWith("<!doctype html>"), "the seed's suite looks for lower case");
});

Deno.test("page: at another path, all its assets are below that path", () => {
  const moved = pageAssets("/term/");
  const [index, ...others] = moved.map(({ path }) => path);
  assertEquals(index, "/term/");
  assert(others.every((path) => path.startsWith("/term/assets/")));
  const referred = textOf(moved[0]!).matchAll(/(?:href|src)="([^"]*)"/g);
  for (const [, to] of referred) assert(others.includes(to!), to);
  assertEquals(moved.length, ASSETS.length);
});

Deno.test("page: paths are unique, other log names are 'asset', types follow the names", () => {
  assertEquals(BY_PATH.size, ASSETS.length);
  for (const asset of ASSETS.slice(1)) {
    assertEquals(asset.logName, "asset", asset.path);
    assertEquals(asset.contentType, TYPES.get(asset.path.split(".").at(-1)!), asset.path);
  }
});

Deno.test("page: every reference resolves, and every asset is referred to", () => {
  const reached = new Set(["/"]);
  for (const path of reached) {
    if (PACKAGED.test(path)) continue;
    for (const to of references(find(path))) reached.add(find(to).path);
  }
  assertEquals([...reached].sort(), [...BY_PATH.keys()].sort());
});

Deno.test("page: assets that are cached for a year have a version or a hash in their names", () => {
  for (const { path, cacheControl, body } of ASSETS) {
    if (cacheControl === "no-cache") continue;
    assertEquals(cacheControl, "public, max-age=31536000, immutable", path);
    if (PACKAGED.test(path)) continue;
    assertEquals(OWN.exec(path)?.[1], contentHash(body), path);
  }
  const revalidated = ASSETS.filter((asset) => asset.cacheControl === "no-cache");
  assertEquals(revalidated.map((asset) => asset.path), ["/", "/assets/licenses.txt"]);
});

Deno.test("page: entity tags are strong, unique, and carry the length", () => {
  for (const { path, etag, body } of ASSETS) {
    assertMatch(etag, /^"[\x21\x23-\x7e]+"$/, path); // RFC 9110 section 8.8.3
    assert(etag.endsWith(`-${body.length.toString(16)}"`), path);
  }
  assertEquals(new Set(ASSETS.map((asset) => asset.etag)).size, ASSETS.length);
});

Deno.test("page: all bodies together stay below half a megabyte, our own below 40 KiB", () => {
  let all = 0;
  let own = 0;
  for (const { path, body } of ASSETS) {
    assert(body.length > 0, path);
    all += body.length;
    if (!PACKAGED.test(path)) own += body.length;
  }
  assert(all < 500_000, `${all}`);
  assert(own < 40 * 1024, `${own}`);
});

Deno.test("page: the packages are complete, except for the line that names a source map", () => {
  for (const { path, body } of ASSETS) {
    const text = new TextDecoder().decode(body);
    assert(!text.includes("sourceMappingURL"), path);
    if (path.startsWith("/assets/xterm-") && path.endsWith(".js")) {
      assert(text.trimEnd().endsWith("})()));"), "the end of xterm.js");
      assert(text.length > 280_000);
    }
  }
});

Deno.test("page: all fields are valid, and the policy allows no inline script", () => {
  for (const asset of ASSETS) {
    for (const [name, value] of asset.fields) {
      assertMatch(name, /^[A-Za-z-]+$/, asset.path);
      assertMatch(value, /^[\x20-\x7e]+$/, asset.path);
    }
    assert(asset.fields.some(([name, value]) => `${name}: ${value}` === NOSNIFF), asset.path);
  }
  const policy = find("/").fields.find(([name]) => name === "Content-Security-Policy")?.[1];
  const directives = new Map(policy!.split("; ").map((one) => [one.split(" ")[0], one]));
  assertEquals(directives.get("default-src"), "default-src 'none'");
  assertEquals(directives.get("script-src"), "script-src 'self'");
  assertEquals(directives.get("connect-src"), "connect-src 'self'");
  assert(!directives.get("style-src")!.includes("unsafe"), "sheets");
});

Deno.test("page: our files have no inline script or style and name no other host", () => {
  for (const asset of ASSETS) {
    if (PACKAGED.test(asset.path) || asset.path.endsWith(".txt")) continue;
    const text = textOf(asset).replaceAll("http://www.w3.org/2000/svg", "");
    assert(!/https?:\/\/|url\(|@import/.test(text), asset.path);
  }
  const html = textOf(find("/"));
  assert(!/<style|\sstyle=|\son\w+=|javascript:/.test(html), "inline style or handler");
  for (const [tag] of html.matchAll(/<script[^>]*>/g)) assertMatch(tag, / src="/);
});

Deno.test("page: the notices of all three packages are served in full", () => {
  const text = textOf(find("/assets/licenses.txt"));
  for (
    const name of ["@xterm/xterm 5.5.0", "@xterm/addon-fit 0.10.0", "@xterm/addon-webgl 0.18.0"]
  ) {
    assert(text.includes(`${name}\n\nCopyright (c)`), name);
  }
  assertEquals(text.split("The above copyright notice").length, 4);
  assertEquals(text.split('THE SOFTWARE IS PROVIDED "AS IS"').length, 4);
});

Deno.test("page: contentHash gives the published values of 32-bit FNV-1a", () => {
  // http://www.isthe.com/chongo/src/fnv/test_fnv.c
  const vectors = [["", "811c9dc5"], ["a", "e40c292c"], ["b", "e70c2de5"], ["foobar", "bf9cf968"]];
  for (const [text, hash] of vectors) {
    assertEquals(contentHash(new TextEncoder().encode(text)), hash, text);
  }
});

Deno.test("page: typed input and the text that is sent for it", () => {
  const rows = [
    { name: "letters", typed: "abc", sent: "abc" },
    { name: "Enter", typed: "\r", sent: "\r\n" },
    { name: "pasted lines", typed: "a\rb\r", sent: "a\r\nb\r\n" },
    { name: "Ctrl+J", typed: "\n", sent: "\r\n" },
    { name: "Tab", typed: "\t", sent: "\t" },
    { name: "Backspace", typed: "\x7f", sent: "\b \b" },
    { name: "Ctrl+Backspace", typed: "\b", sent: "\b \b" },
    { name: "Alt+Backspace", typed: "\x1b\x7f", sent: "\b \b" },
    { name: "Escape", typed: "\x1b", sent: "^[" },
    { name: "Up", typed: "\x1b[A", sent: "^[[A" },
    { name: "Ctrl+C", typed: "\x03", sent: "^C" },
    { name: "Ctrl+@", typed: "\0", sent: "^@" },
    { name: "a C1 control", typed: "\x9b31m", sent: "\ufffd31m" },
    { name: "no-break space", typed: "\xa0", sent: "\xa0" },
    { name: "beyond the first plane", typed: "é日😀", sent: "é日😀" },
  ];
  for (const { name, typed, sent } of rows) assertEquals(echoOf(typed), sent, name);
});

Deno.test("page: nothing typed reaches the screen as a control but TAB, CR, LF and BS", () => {
  for (let code = 0; code < 0x100; code++) {
    for (const unit of echoOf(String.fromCharCode(code))) {
      const control = unit < " " || (unit > "~" && unit < "\xa0");
      assert(!control || "\t\r\n\b".includes(unit), `U+${code.toString(16)}`);
    }
  }
});

Deno.test("page: Ctrl of the key bar gives control codes, and leaves other input unchanged", () => {
  const rows: [string, string][] = [
    ["c", "\x03"],
    ["C", "\x03"],
    ["@", "\0"],
    [" ", "\0"],
    ["[", "\x1b"],
    ["_", "\x1f"],
    ["?", "\x7f"],
    ["1", "1"],
    ["é", "é"],
    ["cd", "cd"],
    ["\x1b[A", "\x1b[A"],
  ];
  for (const [typed, sent] of rows) assertEquals(withControl(typed), sent, typed);
});

Deno.test("page: the arrows of the key bar are those of xterm", () => {
  const plain = { control: false, application: false };
  assertEquals(["up", "down", "right", "left"].map((name) => arrow(name as "up", plain)), [
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
  ]);
  assertEquals(arrow("up", { control: false, application: true }), "\x1bOA");
  assertEquals(arrow("left", { control: true, application: true }), "\x1b[1;5D");
});

Deno.test("page: how the duration of a lost connection is shown", () => {
  const rows: [number, string][] = [
    [0, "1 s"],
    [17_400, "17 s"],
    [59_600, "1 min 0 s"],
    [185_000, "3 min 5 s"],
    [7_260_000, "2 h 1 min"],
  ];
  for (const [milliseconds, text] of rows) assertEquals(formatPause(milliseconds), text);
});

Deno.test("page: the delay doubles from half a second, is capped at ten, and keeps half of it", () => {
  const longest = [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000];
  longest.forEach((delay, i) => {
    assertEquals(retryDelay(i + 1, 0), delay / 2);
    assertEquals(retryDelay(i + 1, 1), delay);
  });
  assertEquals(retryDelay(5_000, 0.5), 7_500); // hours later, 2 ** failures is Infinity
});

Deno.test("page: both colour schemes define all that is used, readable by WCAG 2.2 (4.5 : 1)", () => {
  const css = textOf(served("style.css"));
  const names = [...textOf(served("terminal.js")).matchAll(/"((?:bright)?[A-Za-z]+)"/g)]
    .map(([, name]) => name!).filter((name) => css.includes(`--term-${name}:`));
  assert(names.length >= 21, names.join());
  for (const colours of colourSchemes(css)) {
    for (const name of names) assert(colours.has(`term-${name}`), name);
    const bar = colours.get("bar")!;
    for (const name of ["text", "muted", "good", "wait", "bad"]) {
      assert(contrast(colours.get(name)!, bar) >= 4.5, `${name} on the header`);
    }
    const background = colours.get("term-background")!;
    assert(contrast(colours.get("term-foreground")!, background) >= 7, "the terminal's text");
  }
});
