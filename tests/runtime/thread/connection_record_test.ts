/** Connections as records: what is read is what was written, whatever its parts. */

import { assertEquals } from "@std/assert";
import {
  decodeConnections,
  encodeConnections,
  type MovedConnection,
  recordWorker,
} from "../../../runtime/thread/mod.ts";

const bytes = (length: number, first: number) =>
  Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);

Deno.test("connection record: several, with empty and long parts", () => {
  const lengths = [0, 1, 300, 70_000];
  const connections = lengths.map((length, i): MovedConnection => ({
    descriptor: 7 + i,
    address: "::1",
    port: 4711,
    kind: i % 2 === 0 ? "websocket" : "stream",
    endpoint: "/ü",
    windowBits: 15,
    state: bytes(lengths[(i + 2) % lengths.length]!, 3),
    unread: bytes(length, 1),
    unsent: bytes(lengths.at(-1 - i)!, 2),
  }));
  const encoded = encodeConnections(connections);
  assertEquals(encoded.descriptors, [7, 8, 9, 10]);
  assertEquals(decodeConnections(encoded), connections);
  // Wherever the bytes begin in their buffer.
  const buffer = new Uint8Array(encoded.records.length + 3);
  buffer.set(encoded.records, 3);
  assertEquals(decodeConnections({ ...encoded, records: buffer.subarray(3) }), connections);
  assertEquals(decodeConnections(encodeConnections([])), []);
  // Who passes it on reads only for which worker it is.
  const [one] = connections as [MovedConnection];
  for (const worker of [0, 255]) {
    assertEquals(recordWorker(encodeConnections([{ ...one, worker }]).records), worker);
  }
  assertEquals(recordWorker(encoded.records) > 255, true);
});
