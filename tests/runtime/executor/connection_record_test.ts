/** Connections as packets: what arrives is what was sent, of any length. */

import { assertEquals } from "@std/assert";
import { packetsOf, RecordReader } from "../../../runtime/executor/connection_record.ts";
import { PACKET_BYTES } from "../../../runtime/os/mod.ts";
import type { MovedConnection } from "../../../runtime/thread/mod.ts";

const bytes = (length: number, first: number) =>
  Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);

Deno.test("connection record: several packets, of which the first has the descriptor", () => {
  const reader = new RecordReader();
  const lengths = [0, 1, PACKET_BYTES - 200, PACKET_BYTES, 3 * PACKET_BYTES];
  for (const [i, length] of lengths.entries()) {
    const sent: MovedConnection = {
      descriptor: 7 + i,
      address: "::1",
      port: 4711,
      kind: i % 2 === 0 ? "websocket" : "stream",
      endpoint: "/ü",
      windowBits: 15,
      state: bytes(lengths[(i + 2) % lengths.length]!, 3),
      unread: bytes(length, 1),
      unsent: bytes(lengths.at(-1 - i)!, 2),
    };
    const packets = [...packetsOf(sent)];
    assertEquals(packets.every((packet) => packet.length <= PACKET_BYTES), true);
    // A channel has one buffer for all.
    const buffer = new Uint8Array(PACKET_BYTES);
    const arrived = packets.map((packet, at) => {
      buffer.set(packet);
      return reader.take(buffer.subarray(0, packet.length), at === 0 ? sent.descriptor : -1);
    });
    assertEquals(arrived.slice(0, -1).every((each) => each === undefined), true);
    assertEquals(arrived.at(-1), sent);
  }
});
