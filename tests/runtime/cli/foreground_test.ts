/** Whether a process is in the foreground of its terminal, by what proc(5) says of it. */

import { assertEquals } from "@std/assert";
import { isInForeground } from "../../../runtime/cli/foreground.ts";

Deno.test("foreground: the process group is that of the terminal; without a terminal there is none", () => {
  assertEquals(isInForeground("17 (async-deno) S 9 17 9 34816 17 4194304 1"), true);
  assertEquals(isInForeground("17 (async-deno) S 9 17 9 34816 9 4194304 1"), false);
  assertEquals(isInForeground("17 (a) S 1 17 17 (b) c) S 9 12 9 34816 12 0 1"), true);
  assertEquals(isInForeground("17 (async-deno) S 9 17 17 0 -1 4194304 1"), false);
  // Another system.
  assertEquals(isInForeground(""), true);
});
