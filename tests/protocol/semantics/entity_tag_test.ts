/** Runs the table of entity tags, and compares with @std/http where it follows the RFC. */

import { assertEquals } from "@std/assert";
import { ifMatch, ifNoneMatch } from "@std/http/etag";
import {
  listMatchesStrongly,
  listMatchesWeakly,
  stronglyEqual,
  weaklyEqual,
} from "../../../protocol/semantics/mod.ts";
import { readTable, type Row } from "../../support/semantics_tables.ts";

interface TagRow extends Row {
  list: string;
  etag: string;
  expect: { strong: boolean; weak: boolean };
}

for (const row of readTable<TagRow>("entity_tags")) {
  Deno.test(`entity tag: ${row.name}`, () => {
    const strong = listMatchesStrongly(row.list, row.etag);
    const weak = listMatchesWeakly(row.list, row.etag);
    assertEquals({ strong, weak }, row.expect, row.spec);
  });
}

Deno.test("entity tags: the comparisons of RFC 9110 section 8.8.3.2", () => {
  const rows: [one: string, other: string, strong: boolean, weak: boolean][] = [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
  ];
  for (const [one, other, strong, weak] of rows) {
    assertEquals(stronglyEqual(one, other), strong, `${one} ${other}`);
    assertEquals(stronglyEqual(other, one), strong, `${other} ${one}`);
    assertEquals(weaklyEqual(one, other), weak, `${one} ${other}`);
    assertEquals(weaklyEqual(other, one), weak, `${other} ${one}`);
  }
});

Deno.test("entity tags: the same results as @std/http, except for commas in a tag and `*` with a weak tag", () => {
  const tags = ['"a"', '"b"', 'W/"a"', 'W/"b"', '""'];
  const lists = tags.flatMap((one) => [one, ...tags.map((other) => `${one}, ${other}`)]);
  for (const etag of tags) {
    for (const list of lists) {
      assertEquals(listMatchesStrongly(list, etag), ifMatch(list, etag), `${list} ${etag}`);
      assertEquals(listMatchesWeakly(list, etag), !ifNoneMatch(list, etag), `${list} ${etag}`);
    }
  }
  // The reason for not using @std/http. If this fails, it was fixed, and ours can be removed.
  assertEquals([ifMatch("*", 'W/"a"'), listMatchesStrongly("*", 'W/"a"')], [false, true]);
  assertEquals([ifMatch('"a,b"', '"a,b"'), listMatchesStrongly('"a,b"', '"a,b"')], [false, true]);
});
