/** Media types, by a table of cases. */

import { assertEquals } from "@std/assert";
import { isCompressible, mediaType, UNKNOWN_TYPE } from "../../../../runtime/serve/files/mod.ts";

interface Row {
  name: string;
  spec: string;
  input: string;
  expect: { type: string; compressible: boolean };
}

const url = new URL("../../../../fixtures/files/media_types.json", import.meta.url);
for (const row of JSON.parse(Deno.readTextFileSync(url)) as Row[]) {
  Deno.test(`media type: ${row.name}`, () => {
    const type = mediaType(row.input);
    assertEquals({ type, compressible: isCompressible(type) }, row.expect, row.spec);
  });
}

Deno.test("media type: the operator's own come first, the longest ending before others", () => {
  const own = [
    { ending: ".gz", type: "application/x-own" },
    { ending: ".tar.gz", type: "application/x-tar-own" },
    { ending: ".log", type: "text/plain" },
    { ending: ".latin", type: "text/plain; charset=iso-8859-1" },
    { ending: ".js", type: "application/x-first" },
    { ending: ".js", type: "application/x-second" },
  ];
  const rows: [path: string, type: string][] = [
    ["a.gz", "application/x-own"],
    ["sub/A.TAR.GZ", "application/x-tar-own"],
    ["a.log", "text/plain; charset=utf-8"],
    ["a.latin", "text/plain; charset=iso-8859-1"],
    ["a.js", "application/x-first"],
    [".log", UNKNOWN_TYPE],
    ["a.css", "text/css; charset=utf-8"],
  ];
  for (const [path, type] of rows) assertEquals(mediaType(path, own), type, path);
});
