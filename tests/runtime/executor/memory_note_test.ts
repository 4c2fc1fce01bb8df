/** Bytes behind a memory in a file; and a file without them, as an older server makes it. */

import { assertEquals } from "@std/assert";
import { readNote, writeNote } from "../../../runtime/executor/memory_note.ts";
import { MemoryFile } from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

Deno.test("memory note: what was written behind the memory is read; without it there is none", () => {
  const memory = new Uint8Array(4096).fill(7);
  using file = MemoryFile.of("a test", [memory]);
  assertEquals(readNote(file, memory.length), undefined);
  const note = new TextEncoder().encode("[]");
  writeNote(file, memory.length, note);
  assertEquals(readNote(file, memory.length), note);
  const same = new Uint8Array(memory.length);
  file.read(same, 0);
  assertEquals(same, memory);
});
