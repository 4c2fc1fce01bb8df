/** The memory of the channels on its way to the new server, and the secrets that it needs before. */

import { assertEquals } from "@std/assert";
import {
  receiveIdentity,
  receiveMemory,
  sendIdentity,
  sendMemory,
} from "../../../runtime/executor/store_packets.ts";
import { DescriptorChannel, MemoryFile } from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

const IDENTITY = { format: 1, bytes: 65536, workers: 2, random: [1, -2, 3, 4, 5, 6, 7], epoch: -9 };

Deno.test("store packets: the identity, and then the memory or none", () => {
  const [old, heir] = DescriptorChannel.pair();
  assertEquals(receiveIdentity(heir), undefined);
  sendIdentity(old, IDENTITY);
  assertEquals(receiveIdentity(heir), IDENTITY);
  using file = MemoryFile.of("a test", [Uint8Array.of(7)]);
  assertEquals(sendMemory(old, file), true);
  using received = receiveMemory(heir);
  const bytes = new Uint8Array(1);
  received?.read(bytes, 0);
  assertEquals(bytes[0], 7);
  assertEquals(sendMemory(old, undefined), false);
  assertEquals(receiveMemory(heir), undefined);
  heir[Symbol.dispose]();
  assertEquals(sendMemory(old, file), false, "nobody gets it");
  old[Symbol.dispose]();
});
