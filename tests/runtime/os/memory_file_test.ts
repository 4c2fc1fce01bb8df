/** Memory that another process gets: the same bytes, however long. */

import { assertEquals, assertThrows } from "@std/assert";
import { DescriptorChannel, MemoryFile, SystemError } from "../../../runtime/os/mod.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import "../../support/load_libc.ts";

const LENGTH = 9 * 1024 * 1024 + 3;
const FIRST = 5_000_000;
const SECOND = 8_000_001;

Deno.test("memory file: parts of shared memory, as a descriptor, are the same in another place", () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(LENGTH));
  for (let i = 0; i < LENGTH; i += 4093) bytes[i] = i;
  const [ours, theirs] = DescriptorChannel.pair();
  {
    const parts = [bytes.subarray(0, FIRST), bytes.subarray(SECOND)];
    using file = MemoryFile.of("a test", parts);
    assertEquals(ours.send(Uint8Array.of(1), [file.descriptor]), "sent");
  }
  using received = new MemoryFile(theirs.receive()!.descriptors[0]!);
  const copy = new Uint8Array(new SharedArrayBuffer(LENGTH));
  received.read(copy.subarray(SECOND), SECOND);
  received.read(copy.subarray(0, FIRST), 0);
  bytes.fill(0, FIRST, SECOND);
  assertEquals(sameBytes(copy, bytes), true);
  assertThrows(() => received.read(copy, 1), SystemError, "pread");
  for (const channel of [ours, theirs]) channel[Symbol.dispose]();
});
