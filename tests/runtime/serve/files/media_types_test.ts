/** Media types, by a table of cases. */

import { assert, assertEquals } from "@std/assert";
import database from "npm:mime-db@1.54.0/db.json" with { type: "json" };
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

Deno.test("media type: an ending that mime-db gives to one type only has that type, but for those that it lacks or has in an outdated form", () => {
  const types = database as Readonly<Record<string, { extensions?: readonly string[] }>>;
  const typesOf = new Map<string, string[]>();
  for (const [type, { extensions = [] }] of Object.entries(types)) {
    for (const ending of extensions) typesOf.set(ending, [...typesOf.get(ending) ?? [], type]);
  }
  const others: string[] = [];
  let same = 0;
  for (const [ending, [type, ...more]] of typesOf) {
    if (more.length > 0) continue;
    if (mediaType(`a.${ending}`).split(";")[0] === type) same++;
    else others.push(ending);
  }
  assert(same > 1000, `${same} endings`);
  assertEquals(others.sort(), ["flac", "jfif", "vcf"]);
});

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
