/** Connections that arrive from an old server: what has not arrived whole when that is gone is closed, so that its client comes back. */

import { assertEquals } from "@std/assert";
import { ConnectionReceiver } from "../../../runtime/executor/connection_receiver.ts";
import { packetsOf } from "../../../runtime/executor/connection_record.ts";
import { ConnectionSender } from "../../../runtime/executor/connection_sender.ts";
import {
  DescriptorChannel,
  LinuxOs,
  PACKET_BYTES,
  ProcessChannel,
} from "../../../runtime/os/mod.ts";
import type { ArrivedConnection } from "../../../runtime/thread/mod.ts";
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
    return { near, far, packets: [...packetsOf({ ...CONNECTION, descriptor, unread, unsent })] };
  });
  for (const { near, packets } of clients) {
    assertEquals(ours.send(packets[0]!, near.descriptor), "sent"); // each has one
    near[Symbol.dispose]();
  }
  ours[Symbol.dispose]();
  const arrived: ArrivedConnection[] = [];
  await receiver.receiveAll((batch) => {
    arrived.push(...batch);
    return Promise.resolve();
  });
  assertEquals(arrived.map(({ unsent }) => unsent.length), [100]);
  const [whole, cut] = clients.map(({ far }) => far);
  assertEquals([whole!.receive(), cut!.receive()], [undefined, null]); // two of them
  new LinuxOs().close(arrived[0]!.descriptor); // there is one
  for (const { far } of clients) far[Symbol.dispose]();
});

Deno.test("connection receiver: connections with much that is not sent come last", async () => {
  const [ours, theirs] = DescriptorChannel.pair();
  const sender = new ConnectionSender(ours);
  const receiver = new ConnectionReceiver(theirs);
  const lengths: number[] = [];
  const received = receiver.receiveAll((batch) => {
    for (const { descriptor, unsent } of batch) {
      lengths.push(unsent.length);
      new LinuxOs().close(descriptor);
    }
    return Promise.resolve();
  });
  const others: ProcessChannel[] = [];
  const connections = [20 * PACKET_BYTES, 0, 10 * PACKET_BYTES, 7].map((length) => {
    const [near, far] = ProcessChannel.pair();
    others.push(far);
    const [unread, unsent] = [new Uint8Array(0), new Uint8Array(length)];
    return { ...CONNECTION, descriptor: near.descriptor, unread, unsent };
  });
  await sender.add(connections);
  await sender.end();
  await received;
  assertEquals(lengths, [0, 7, 10 * PACKET_BYTES, 20 * PACKET_BYTES]);
  for (const other of others) other[Symbol.dispose]();
});
