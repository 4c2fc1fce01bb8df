/** Open descriptors that cross a channel: what arrives is the same socket, and stays open without the sender. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  DescriptorChannel,
  LinuxOs,
  PACKET_BYTES,
  PACKET_DESCRIPTORS,
  ProcessChannel,
} from "../../../runtime/os/mod.ts";
import "../../support/load_libc.ts";

const os = new LinuxOs();
const bytes = (text: string) => new TextEncoder().encode(text);

/** A packet as text, and its descriptors; or that there is none. */
function next(channel: DescriptorChannel): [string, ...number[]] | undefined | null {
  const packet = channel.receive();
  return packet && [new TextDecoder().decode(packet.bytes), ...packet.descriptors];
}

Deno.test("descriptor channel: what was sent before a close arrives, also if the sender has not read everything", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  assertEquals(theirs.send(bytes("an answer")), "sent");
  for (const text of ["one", "two"]) assertEquals(ours.send(bytes(text)), "sent");
  ours[Symbol.dispose]();
  assertEquals([next(theirs), next(theirs), next(theirs)], [["one"], ["two"], null]);
  theirs[Symbol.dispose]();
});

Deno.test("descriptor channel: a descriptor is another number for the same open socket", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const [near, far] = ProcessChannel.pair();
  assertEquals(ours.send(bytes("with"), [near.descriptor]), "sent");
  near[Symbol.dispose]();
  assertEquals(ours.send(bytes("without")), "sent");
  // On its way, it is open: the other end is not told of an end.
  assertEquals(far.receive(), undefined);
  const [text, descriptor = -1] = next(theirs)!;
  assertEquals(text, "with");
  assertEquals(next(theirs), ["without"]);
  assertEquals(next(theirs), undefined);
  assertEquals(os.send(descriptor, bytes("x"), 1, false), 1);
  assertEquals(far.receive(), "x");
  os.close(descriptor);
  assertEquals(far.receive(), null);
  ours[Symbol.dispose]();
  assertEquals(next(theirs), null);
  assertEquals(theirs.send(bytes("nobody")), "gone");
  for (const channel of [theirs, far]) channel[Symbol.dispose]();
});

Deno.test("descriptor channel: a full channel takes more once the other side has read", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const [near, far] = ProcessChannel.pair();
  const packet = new Uint8Array(PACKET_BYTES).fill(7);
  let sent = 0;
  while (ours.send(packet, [near.descriptor]) === "sent") sent++;
  assertEquals(ours.send(packet, [near.descriptor]), "later");
  for (let i = 0; i < sent; i++) {
    const { bytes, descriptors } = theirs.receive()!;
    assertEquals([bytes.length, bytes.every((byte) => byte === 7)], [PACKET_BYTES, true]);
    for (const descriptor of descriptors) os.close(descriptor);
  }
  assertEquals(theirs.receive(), undefined);
  assertEquals(ours.send(packet), "sent");
  assertThrows(() => ours.send(new Uint8Array(PACKET_BYTES + 1)), RangeError);
  for (const channel of [ours, theirs, near, far]) channel[Symbol.dispose]();
});

Deno.test("descriptor channel: a packet carries many descriptors, an odd or an even number, in their order", () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const pairs = Array.from({ length: 3 }, () => ProcessChannel.pair());
  for (const count of [1, 2, 3, PACKET_DESCRIPTORS]) {
    const descriptors = Array.from({ length: count }, (_, i) => pairs[i % 3]![0].descriptor);
    assertEquals(ours.send(bytes("many"), descriptors), "sent");
    const [text, ...arrived] = next(theirs)!;
    assertEquals([text, arrived.length], ["many", count]);
    for (const [i, descriptor] of arrived.entries()) {
      os.send(descriptor, bytes(`${i}`), `${i}`.length, false);
      assertEquals(pairs[i % 3]![1].receive(), `${i}`);
      os.close(descriptor);
    }
  }
  const tooMany = new Array<number>(PACKET_DESCRIPTORS + 1).fill(pairs[0]![0].descriptor);
  assertThrows(() => ours.send(bytes("x"), tooMany), RangeError);
  for (const channel of [ours, theirs, ...pairs.flat()]) channel[Symbol.dispose]();
});
