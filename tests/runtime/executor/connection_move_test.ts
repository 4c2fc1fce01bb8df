/**
 * Connections on their way to a new server that dies, or stops to work: none of them stays open with nobody who has it, and the workers are
 * told that the others stay.
 */

import { assertEquals } from "@std/assert";
import {
  ConnectionMove,
  type ConnectionMoveParts,
} from "../../../runtime/executor/connection_move.ts";
import {
  answerTo,
  type ArrivedRecord,
  RecordReader,
} from "../../../runtime/executor/connection_packets.ts";
import { ConnectionSender } from "../../../runtime/executor/connection_sender.ts";
import { DescriptorChannel, LinuxOs, ProcessChannel } from "../../../runtime/os/mod.ts";
import {
  encodeConnections,
  type MovedConnection,
  type MovedConnections,
  type OthersFollow,
} from "../../../runtime/thread/mod.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const NONE = new Uint8Array(0);
const os = new LinuxOs();

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** The old server's side, with two workers, and the other side of its channel. */
class Old {
  /** The sides of the clients. */
  readonly clients: ProcessChannel[] = [];
  readonly rung: number[] = [];
  readonly taken: number[] = [];
  readonly informed: string[] = [];
  moving: boolean | undefined = undefined;
  readonly theirs: DescriptorChannel;
  readonly sender: ConnectionSender;
  readonly move: ConnectionMove;

  constructor(
    patience?: number,
    ahead = 0,
    threads = [{ isServing: true }, { isServing: true }],
  ) {
    const [ours, theirs] = DescriptorChannel.pair();
    this.theirs = theirs;
    this.sender = new ConnectionSender(ours, patience, ahead);
    this.move = new ConnectionMove({
      state: {
        flags: {
          setMoving: (moving: boolean) => void (this.moving = moving),
          setTaken: (worker: number) => void this.taken.push(worker),
        },
      },
      threads,
      ring: (worker: number) => void this.rung.push(worker),
      inform: (text: string) => void this.informed.push(text),
    } as unknown as ConnectionMoveParts);
    this.move.begin(this.sender);
  }

  /** A worker gives up so many. */
  giveUp(worker: number, count: number, others: OthersFollow = "after most"): void {
    const connections = Array.from({ length: count }, (): MovedConnection => {
      const [client, socket] = ProcessChannel.pair();
      this.clients.push(client);
      const bytes = { state: NONE, unread: NONE, unsent: NONE };
      const place = { address: "", port: 0, endpoint: "/echo", windowBits: 0 };
      return { kind: "websocket", descriptor: socket.descriptor, ...place, ...bytes };
    });
    this.move.moved(worker, encodeConnections(connections), others);
  }

  /** Whether each of the clients has been closed; and closes all. */
  closed(): boolean[] {
    const closed = this.clients.map((client) => client.receive() === null);
    for (const client of this.clients) client[Symbol.dispose]();
    return closed;
  }
}

Deno.test("connection move: the new server dies before it goes on with some: they are closed, the others stay", async () => {
  const before = openDescriptors();
  const old = new Old();
  assertEquals(old.moving, true);
  old.giveUp(0, 4);
  // It goes on with two of them, and is gone.
  const reader = new RecordReader();
  const taken: number[] = [];
  await waitFor(() => {
    const packet = old.theirs.receive();
    for (const { descriptor } of packet ? reader.take(packet) : []) taken.push(descriptor);
    return taken.length === 4;
  }, { what: "four connections" });
  old.theirs.send(answerTo(2));
  old.theirs[Symbol.dispose]();
  await waitFor(() => old.rung.length > 0, { what: "the end of the wait" });
  assertEquals([old.rung, old.moving], [[0], false]);
  // What another worker gives up in this moment is closed, too.
  old.giveUp(1, 3, "never");
  old.giveUp(0, 0, "never");
  await waitFor(() => old.informed.length > 0, { what: "the end" });
  for (const descriptor of taken) os.close(descriptor);
  assertEquals(old.closed(), Array(7).fill(true));
  assertEquals(openDescriptors(), before);
});

Deno.test("connection move: a new server that does not answer gets no more, and nobody waits for it", async () => {
  const before = openDescriptors();
  const old = new Old(50);
  old.giveUp(0, 2);
  await waitFor(() => old.rung.length > 0, { what: "the end of the patience" });
  assertEquals([old.rung, old.moving, old.sender.isGone], [[0], false, true]);
  old.theirs[Symbol.dispose]();
  old.giveUp(0, 1, "never");
  old.giveUp(1, 0, "never");
  await waitFor(() => old.informed.length > 0, { what: "the end" });
  assertEquals(old.closed(), [true, true, true]);
  assertEquals(openDescriptors(), before);
});

Deno.test("connection move: what a worker gives up that was about to retire is not lost", async () => {
  const before = openDescriptors();
  const old = new Old(50, 0, [{ isServing: true }, { isServing: false }]);
  old.giveUp(1, 2, "never");
  const reader = new RecordReader();
  const taken: number[] = [];
  await waitFor(() => {
    const packet = old.theirs.receive();
    for (const { descriptor } of packet ? reader.take(packet) : []) taken.push(descriptor);
    return taken.length === 2;
  }, { what: "its connections" });
  old.theirs.send(answerTo(2));
  old.giveUp(0, 0, "never");
  await waitFor(() => old.informed.length > 0, { what: "the end" });
  old.theirs[Symbol.dispose]();
  for (const descriptor of taken) os.close(descriptor);
  // The old server has ended: who is late is closed.
  old.giveUp(1, 1, "never");
  await waitFor(() => old.clients[2]!.receive() === null, { what: "the end of the late one" });
  assertEquals(old.closed(), [true, true, true]);
  assertEquals(openDescriptors(), before);
});

Deno.test("connection move: what comes from the old server is there when the workers have taken it", async () => {
  const obeyed: (() => void)[] = [];
  const order = () => new Promise<void>((resolve) => void obeyed.push(() => resolve()));
  const move = new ConnectionMove({
    state: { descriptors: { claim: () => true } },
    loading: { during: (action: () => Promise<unknown>) => action() },
    threads: [{ isServing: true, blockedTime: -1, order }],
  } as unknown as ConnectionMoveParts);
  await move.arrived(); // there is no old server
  const ended = Promise.withResolvers<void>();
  move.receive({
    receiveAll: async (take) => {
      const record = new Uint8Array(64);
      void take([{ descriptor: -1, record } satisfies ArrivedRecord]);
      await ended.promise;
    },
    [Symbol.dispose]() {},
  });
  let isThere = false;
  const arrived = move.arrived().then(() => isThere = true);
  ended.resolve();
  await waitFor(() => obeyed.length === 1, { what: "an order" });
  assertEquals(isThere, false);
  obeyed[0]!();
  await arrived;
});

Deno.test("connection move: a worker that pauses is told when all go on, and one that does not when most do", async () => {
  const before = openDescriptors();
  const old = new Old(undefined, 2);
  const isTold = async (what: string) => {
    await waitFor(() => old.rung.length > 0, { what });
    assertEquals(old.taken, old.rung);
    return old.rung.splice(0).length + old.taken.splice(0).length === 2;
  };
  old.giveUp(0, 2, "after most");
  assertEquals(await isTold("the first ones, of which none must go on yet"), true);
  old.giveUp(0, 1, "at once");
  old.giveUp(0, 1, "after all");
  old.theirs.send(answerTo(3));
  await waitFor(() => old.sender.taken === 3, { what: "the answer" });
  assertEquals(old.rung, []);
  old.theirs.send(answerTo(1));
  assertEquals(await isTold("the last one"), true);
  old.giveUp(0, 0, "never");
  old.giveUp(1, 0, "never");
  await waitFor(() => old.informed.length > 0, { what: "the end" });
  old.theirs[Symbol.dispose]();
  assertEquals(old.closed(), Array(4).fill(true));
  assertEquals(openDescriptors(), before);
});

Deno.test("connection move: what only one worker can go on with goes to it, the others to all in turn", async () => {
  const got: [worker: number, descriptors: readonly number[]][] = [];
  const thread = (worker: number, isServing = true) => ({
    isServing,
    blockedTime: -1,
    order: ({ connections }: { readonly connections: MovedConnections }) => {
      got.push([worker, connections.descriptors]);
      return Promise.resolve();
    },
  });
  const move = new ConnectionMove({
    state: { descriptors: { claim: () => true } },
    loading: { during: (action: () => Promise<unknown>) => action() },
    threads: [thread(0), thread(1), thread(2, false)],
  } as unknown as ConnectionMoveParts);
  const place = { address: "", port: 0, endpoint: "/echo", windowBits: 0 };
  const bytes = { state: NONE, unread: NONE, unsent: NONE };
  const batch = [1, undefined, 1, undefined, 1, 2].map((worker, descriptor) => {
    const all = [{ kind: "stream" as const, descriptor, worker, ...place, ...bytes }];
    return { descriptor, record: encodeConnections(all).records };
  });
  await move.receive({ receiveAll: (take) => take(batch), [Symbol.dispose]() {} });
  assertEquals(got, [[0, [1, 5]], [1, [0, 2, 3, 4]]]);
});
