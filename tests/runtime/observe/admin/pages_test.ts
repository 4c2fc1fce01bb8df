/** The live page's files: how they are served, what they refer to, and how numbers are written. */

import { assert, assertEquals } from "@std/assert";
import { colourSchemes } from "../../../support/colour_schemes.ts";
import { contrast } from "../../../support/contrast.ts";
import { ASSETS } from "../../../../runtime/observe/admin/pages/mod.ts";
import { clock, timeRange } from "../../../../runtime/observe/admin/pages/axes.js";
import {
  age,
  bytes,
  count,
  duration,
  line,
  share,
} from "../../../../runtime/observe/admin/pages/units.js";

function text(path: string): string {
  const asset = ASSETS.find((each) => each.path === path);
  if (asset === undefined) throw new Error(`no asset at ${path}`);
  return new TextDecoder().decode(asset.body);
}

Deno.test("live page: every referenced file is served, and none is external", () => {
  const paths = new Set(ASSETS.map(({ path }) => path));
  const page = text("/");
  const references = [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([_, path]) => path!);
  assert(references.length > 8);
  for (const path of references) assert(paths.has(path), path);
  for (const path of references.filter((each) => each.endsWith(".js"))) {
    for (const [_, name] of text(path).matchAll(/from "\.\/([^"]+)"/g)) {
      assert(paths.has(`/assets/${name}`), `${path} imports ${name}`);
    }
  }
  assert(!/https?:\/\//.test(page));
});

Deno.test("live page: only the page is revalidated, and the policy allows only this server", () => {
  for (const { path, cacheControl, fields, etag } of ASSETS) {
    const isNamedByContent = /-[0-9a-f]{8}\.|-\d+\.\d+\.\d+\./.test(path);
    assertEquals(cacheControl.includes("immutable"), isNamedByContent, path);
    assert(/^"[\w.-]+"$/.test(etag), etag);
    const policy = new Map(fields).get("Content-Security-Policy");
    assertEquals(policy === undefined, path !== "/");
    if (policy !== undefined) {
      assert(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
      assert(!/unsafe|https?:|\*/.test(policy), policy);
    }
  }
});

Deno.test("live page: three digits and a unit", () => {
  const counts = [0, 5, 9.994, 12.34, 99.96, 999.4, 999.6, 1_000, 12_345, 1e6, 5e9, 2e12];
  assertEquals(
    counts.map((value) => count(value)[0]),
    ["0", "5", "9.99", "12.3", "100", "999", "1k", "1k", "12.3k", "1M", "5G", "2000G"],
  );
  assertEquals(line(count(1_040), "/s"), "1.04k/s");
  assertEquals(line(bytes(4_110_000), "/s"), "4.11 MB/s");
  assertEquals(line(bytes(0)), "0 B");
  assertEquals([duration(43.5), duration(2_500)].map((each) => line(each)), ["43.5 µs", "2.5 ms"]);
  assertEquals(line(duration(80e6)), "80 s");
  assertEquals([line(duration(null)), line(share(null)), line(share(0.126))], ["–", "–", "13 %"]);
});

Deno.test("live page: the uptime", () => {
  const ages = [0, 59.9, 60, 3_599, 3_600, 86_399, 86_400, 900_000].map((each) => line(age(each)));
  assertEquals(ages, [
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h 0 min",
    "23 h 59 min",
    "1 d 0 h",
    "10 d 10 h",
  ]);
  assertEquals([line(age(null)), line(age(-1))], ["–", "0 s"]);
});

Deno.test("live page: the time axis spans the samples, ten seconds at least", () => {
  assertEquals(timeRange([100, 110, 120]), [100, 120]);
  assertEquals(timeRange([118, 119, 120]), [110, 120]);
  assertEquals(timeRange([120]), [110, 120]);
  const [from, to] = timeRange([]);
  assertEquals(to - from, 10);
  assert(/^\d\d:\d\d:\d\d$/.test(clock(1_000_000_000)), clock(1_000_000_000));
});

Deno.test("live page: both colour schemes are readable by WCAG 2.2 (4.5 : 1, lines 3 : 1)", () => {
  const path = ASSETS.map((asset) => asset.path).find((each) => /live-.*\.css$/.test(each))!;
  for (const colours of colourSchemes(text(path))) {
    const ratio = (name: string, ground: string) => {
      return contrast(colours.get(name)!, colours.get(ground)!);
    };
    for (const name of ["text", "muted", "good", "wait", "bad"]) {
      assert(ratio(name, "card") >= 4.5, `${name} on a card`);
    }
    assert(ratio("muted", "ground") >= 4.5, "the footer");
    for (const name of ["series-1", "series-2", "series-3", "bad"]) {
      assert(ratio(name, "card") >= 3, `the line in ${name}`);
    }
  }
});
