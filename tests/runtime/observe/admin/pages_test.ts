/** The live page's files: how they are served, what they refer to, and how numbers are written. */

import { assert, assertEquals } from "@std/assert";
import { ASSETS } from "../../../../runtime/observe/admin/pages/mod.ts";
import {
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

Deno.test("live page: whatever is referred to is there, and nothing is from elsewhere", () => {
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

Deno.test("live page: the page alone is asked for again, the policy allows this server alone", () => {
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
