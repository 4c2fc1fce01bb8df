/** Levels of lines in the journal of systemd: only if standard error is the stream that the variable names. */

import { assertEquals } from "@std/assert";
import { linePrefix } from "../../../runtime/cli/journal.ts";
import "../../support/load_libc.ts";

Deno.test("journal: a line has its level there, and nothing elsewhere", () => {
  assertEquals(linePrefix("warning", "9:4711", "socket:[4711]"), "<4>");
  assertEquals(linePrefix("error", "9:4711", "socket:[4711]"), "<3>");
  for (
    const [journal, stderr] of [
      [undefined, "socket:[4711]"],
      ["", "socket:[]"],
      ["4711", "socket:[4711]"],
      ["9:4711", "socket:[471]"],
      ["9:4711", "pipe:[4711]"],
      ["9:4711", "/dev/null"],
      ["9:4711", undefined],
    ]
  ) assertEquals(linePrefix("warning", journal, stderr), "", `${journal}, ${stderr}`);
});
