/** URLs that name several hosts. */

import { assertEquals } from "@std/assert";
import { urlPerHost } from "../../../protocol/address/mod.ts";

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
