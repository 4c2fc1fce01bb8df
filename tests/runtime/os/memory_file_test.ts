/** Memory that another process gets: the same bytes, however long. */

import { assertEquals, assertThrows } from "@std/assert";
import { DescriptorChannel, MemoryFile, SystemError } from "../../../runtime/os/mod.ts";
import { Signals } from "../../../runtime/signals.ts";
import { findProgram } from "../../support/process_facts.ts";
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

const PRLIMIT = findProgram("prlimit");
const NO_PRLIMIT = PRLIMIT === undefined
  ? " (skipped, to install it: apt-get install util-linux)"
  : "";
/** Larger than any file that is written meanwhile. */
const LIMIT = 2 ** 30;

/** Sets the limit of the size of files of this process. */
async function limitFiles(size: number | "unlimited"): Promise<void> {
  const args = ["--pid", String(Deno.pid), `--fsize=${size}:`];
  const { success } = await new Deno.Command(PRLIMIT!, { args, stdin: "null" }).output();
  assertEquals(success, true);
}

Deno.test({
  name:
    `memory file: a limit of the size of files is an error, and no end of the process${NO_PRLIMIT}`,
  ignore: PRLIMIT === undefined,
  fn: async () => {
    // The kernel sends SIGXFSZ.
    const signals = new Signals();
    await limitFiles(LIMIT);
    try {
      const behind = new Uint8Array(new SharedArrayBuffer(LIMIT + 1), LIMIT);
      assertThrows(() => MemoryFile.of("a test", [behind]), SystemError, "EFBIG");
    } finally {
      await limitFiles("unlimited");
      signals.dispose();
    }
  },
});
