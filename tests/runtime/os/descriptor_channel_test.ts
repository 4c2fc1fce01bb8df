/** Open descriptors that cross a channel: what arrives is the same socket, and stays open without the sender. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  DescriptorChannel,
  LinuxOs,
  PACKET_BYTES,
  ProcessChannel,
} from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

const os = new LinuxOs();
const bytes = (text: string) => new TextEncoder().encode(text);

/** A packet as text, and its descriptor; or that there is none. */
function next(channel: DescriptorChannel): [string, number] | undefined | null {
  const packet = channel.receive();
  return packet && [new TextDecoder().decode(packet.bytes), packet.descriptor];
}

Deno.test("descriptor channel: what was sent before a close arrives, also if the sender has not read everything", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  assertEquals(theirs.send(bytes("an answer"), -1), "sent");
  for (const text of ["one", "two"]) assertEquals(ours.send(bytes(text), -1), "sent");
  ours[Symbol.dispose]();
  assertEquals([next(theirs), next(theirs), next(theirs)], [["one", -1], ["two", -1], null]);
  theirs[Symbol.dispose]();
});

Deno.test("descriptor channel: a descriptor is another number for the same open socket", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const [near, far] = ProcessChannel.pair();
  assertEquals(ours.send(bytes("with"), near.descriptor), "sent");
  near[Symbol.dispose]();
  assertEquals(ours.send(bytes("without"), -1), "sent");
  // On its way, it is open: the other end is not told of an end.
  assertEquals(far.receive(), undefined);
  const [text, descriptor] = next(theirs)!;
  assertEquals(text, "with");
  assertEquals(next(theirs), ["without", -1]);
  assertEquals(next(theirs), undefined);
  assertEquals(os.send(descriptor, bytes("x"), 1, false), 1);
  assertEquals(far.receive(), "x");
  os.close(descriptor);
  assertEquals(far.receive(), null);
  ours[Symbol.dispose]();
  assertEquals(next(theirs), null);
  assertEquals(theirs.send(bytes("nobody"), -1), "gone");
  for (const channel of [theirs, far]) channel[Symbol.dispose]();
});

Deno.test("descriptor channel: a full channel takes more once the other side has read", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const [near, far] = ProcessChannel.pair();
  const packet = new Uint8Array(PACKET_BYTES).fill(7);
  let sent = 0;
  while (ours.send(packet, near.descriptor) === "sent") sent++;
  assertEquals(ours.send(packet, near.descriptor), "later");
  for (let i = 0; i < sent; i++) {
    const { bytes, descriptor } = theirs.receive()!;
    assertEquals([bytes.length, bytes.every((byte) => byte === 7)], [PACKET_BYTES, true]);
    os.close(descriptor);
  }
  assertEquals(theirs.receive(), undefined);
  assertEquals(ours.send(packet, -1), "sent");
  assertThrows(() => ours.send(new Uint8Array(PACKET_BYTES + 1), -1), RangeError);
  for (const channel of [ours, theirs, near, far]) channel[Symbol.dispose]();
});
