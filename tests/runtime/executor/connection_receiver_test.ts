/** Connections that arrive from an old server: what has not arrived whole when that is gone is closed, so that its client comes back. */

import { assertEquals } from "@std/assert";
import { ConnectionReceiver } from "../../../runtime/executor/connection_receiver.ts";
import { packetsOf } from "../../../runtime/executor/connection_packets.ts";
import {
  DescriptorChannel,
  LinuxOs,
  PACKET_BYTES,
  ProcessChannel,
} from "../../../runtime/os/mod.ts";
import {
  decodeConnections,
  encodeConnections,
  type MovedConnection,
} from "../../../runtime/thread/mod.ts";
import "../../support/load_libc.ts";

const CONNECTION = {
  kind: "websocket",
  ...{ address: "", port: 0, endpoint: "/echo", windowBits: 0, state: new Uint8Array(0) },
} as const;

Deno.test("connection receiver: the old server dies in the middle of a connection", async () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const receiver = new ConnectionReceiver(theirs);
  const clients = [100, 3 * PACKET_BYTES].map((length) => {
    const [near, far] = ProcessChannel.pair();
    const { descriptor } = near;
    const [unread, unsent] = [new Uint8Array(0), new Uint8Array(length)];
    const records = encodeConnections([{ ...CONNECTION, descriptor, unread, unsent }]);
    return { near, far, packets: [...packetsOf(records)] };
  });
  for (const { near, packets } of clients) {
    const { bytes, descriptors } = packets[0]!; // each has one
    assertEquals(ours.send(bytes, descriptors), "sent");
    near[Symbol.dispose]();
  }
  ours[Symbol.dispose]();
  const arrived: MovedConnection[] = [];
  await receiver.receiveAll((batch) => {
    for (const { descriptor, record } of batch) {
      arrived.push(...decodeConnections({ descriptors: [descriptor], records: record }));
    }
    return Promise.resolve();
  });
  assertEquals(arrived.map(({ unsent }) => unsent.length), [100]);
  const [whole, cut] = clients.map(({ far }) => far);
  assertEquals([whole!.receive(), cut!.receive()], [undefined, null]); // two of them
  new LinuxOs().close(arrived[0]!.descriptor); // there is one
  for (const { far } of clients) far[Symbol.dispose]();
});
