/** Records as packets: what arrives is what was sent, however long, and each with its own descriptor. */

import { assertEquals } from "@std/assert";
import {
  type ArrivedRecord,
  packetsOf,
  RecordReader,
} from "../../../runtime/executor/connection_packets.ts";
import { PACKET_BYTES, PACKET_DESCRIPTORS } from "../../../runtime/os/mod.ts";
import { encodeConnections, type MovedConnection } from "../../../runtime/thread/mod.ts";

const NONE = new Uint8Array(0);
/** Of descriptors that nobody has. */
const FIRST = 1_000_000;

/** Connections, of which each has so many bytes to send. */
function connections(lengths: readonly number[]): MovedConnection[] {
  return lengths.map((length, i) => ({
    ...{ kind: "websocket", address: "", port: 0, endpoint: "/echo", windowBits: 0 },
    descriptor: FIRST + i,
    state: Uint8Array.of(i),
    unread: NONE,
    unsent: new Uint8Array(length).fill(i),
  }));
}

/** Sends them through a channel that has one buffer for all packets, and passes on some of the descriptors. */
function pass(all: readonly MovedConnection[], passes: (descriptor: number) => boolean) {
  const reader = new RecordReader();
  const buffer = new Uint8Array(PACKET_BYTES);
  const arrived: ArrivedRecord[] = [];
  const packets = [...packetsOf(encodeConnections(all))];
  for (const packet of packets) {
    buffer.set(packet.bytes);
    const bytes = buffer.subarray(0, packet.bytes.length);
    arrived.push(...reader.take({ bytes, descriptors: packet.descriptors.filter(passes) }));
  }
  return { arrived, packets };
}

Deno.test("connection packets: as many as fit, and long ones in parts", () => {
  const long = [PACKET_BYTES - 200, 5, PACKET_BYTES, 3 * PACKET_BYTES, 7, 2 * PACKET_BYTES];
  const all = connections([0, 1, ...long]);
  const { arrived, packets } = pass(all, () => true);
  assertEquals(packets.every(({ bytes }) => bytes.length <= PACKET_BYTES), true);
  const descriptors = arrived.map(({ descriptor }) => descriptor);
  assertEquals(descriptors, all.map(({ descriptor }) => descriptor));
  for (const [i, { record }] of arrived.entries()) {
    assertEquals(record, encodeConnections([all[i]!]).records, `record ${i}`);
  }
});

Deno.test("connection packets: many short ones share a packet", () => {
  const all = connections(new Array(2 * PACKET_DESCRIPTORS + 5).fill(0));
  const { arrived, packets } = pass(all, () => true);
  const counts = packets.map(({ descriptors }) => descriptors.length);
  assertEquals(counts, [PACKET_DESCRIPTORS, PACKET_DESCRIPTORS, 5]);
  assertEquals(arrived.length, all.length);
});

Deno.test("connection packets: a process without room gets the first descriptors of a packet, and none gets another's", () => {
  const all = connections([0, 0, 0, PACKET_BYTES, 0]);
  const hasRoom = (descriptor: number) => descriptor < FIRST + 2 || descriptor === FIRST + 4;
  const descriptors = pass(all, hasRoom).arrived.map(({ descriptor }) => descriptor);
  assertEquals(descriptors, [FIRST, FIRST + 1, -1, -1, FIRST + 4]);
});

Deno.test("connection packets: nothing is sent for no connections", () => {
  assertEquals([...packetsOf(encodeConnections([]))], []);
});
