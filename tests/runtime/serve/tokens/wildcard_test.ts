import { assertEquals } from "@std/assert";
import { matchesWildcard } from "../../../../runtime/serve/tokens/wildcard.ts";

Deno.test("wildcard: stars, single characters, and a pattern that a regular expression takes for ever to refuse", () => {
  const rows: [pattern: string, name: string, matches: boolean][] = [
    ["*", "", true],
    ["a*", "abc", true],
    ["*c", "abc", true],
    ["a*b*c", "axbxbc", true],
    ["a*b*c", "axbxb", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a?c", "a\u{1f600}c", true],
    ["?", "*", true],
    ["a.c", "abc", false],
    [`${"*a".repeat(50)}b`, "a".repeat(255), false],
  ];
  for (const [pattern, name, matches] of rows) {
    assertEquals(matchesWildcard([...pattern], [...name], "?"), matches, `${pattern} ${name}`);
  }
  assertEquals(matchesWildcard("a?c", "abc"), false);
});
