/** URLs that name several hosts, and lists of URLs. */

import { assertEquals } from "@std/assert";
import { urlList, urlPerHost } from "../../../protocol/address/mod.ts";

Deno.test("url per host: one ordinary URL for each host, or none at all", () => {
  const rows: [string, string[] | undefined][] = [
    ["nats://a", ["nats://a"]],
    ["nats://u@a:1,[::1]:2,c/d?e#f", [
      "nats://u@a:1/d?e#f",
      "nats://u@[::1]:2/d?e#f",
      "nats://u@c/d?e#f",
    ]],
    ["nats://u,v@a", ["nats://u,v@a"]],
    ["unix:///a,b", ["unix:///a,b"]],
    ["redis://a/b,c", ["redis://a/b,c"]],
    ["nats://a:1,b:x", undefined],
    ["a,b", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of rows) {
    assertEquals(urlPerHost(text)?.map(({ href }) => href), expected, text);
  }
});

Deno.test("url list: a comma divides URLs if a scheme is behind it", () => {
  const rows: [string, string[]][] = [
    ["redis://a", ["redis://a"]],
    ["redis://a:1,rediss://u@[::1]:2/3", ["redis://a:1", "rediss://u@[::1]:2/3"]],
    ["redis+sentinel://a,b:2/m,redis+sentinel://a,b:2/n", [
      "redis+sentinel://a,b:2/m",
      "redis+sentinel://a,b:2/n",
    ]],
    ["nats://a,b,c", ["nats://a,b,c"]],
    ["unix:///a,b,unix:///c", ["unix:///a,b", "unix:///c"]],
    ["redis://a,", ["redis://a,"]],
    ["", [""]],
  ];
  for (const [text, expected] of rows) assertEquals(urlList(text), expected, text);
});
