import { assertEquals } from "@std/assert";
import { RingSender } from "../../../runtime/native/ring_sender.ts";
import { SocketTransport } from "../../../runtime/native/mod.ts";
import { SharedPart } from "../../../runtime/net/mod.ts";
import { ECANCELED, EINVAL, ENOBUFS } from "../../../runtime/os/mod.ts";
import { COLUMN, createSharedState, openSharedState } from "../../../runtime/ring/mod.ts";
import { FakeRing, type FakeRingOptions } from "../../support/fake_ring.ts";
import { FakeSocket } from "../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";
import { Bench, Recorder } from "./socket_bench.ts";

interface Client {
  readonly socket: FakeSocket;
  readonly session: Recorder;
  readonly transport: SocketTransport;
}

/** Several sockets of one worker; `results` are what the ring's sends return, by the number of the client. */
function bench(count: number, options: FakeRingOptions = {}, results: Record<number, number> = {}) {
  const counters = openSharedState(createSharedState({ workers: 1 })).counters(0);
  let fake!: FakeRing;
  const clients: Client[] = [];
  const bench = new Bench(4096, (os) => {
    fake = new FakeRing((descriptor, bytes) => {
      const client = clients.findIndex(({ transport }) => transport.descriptor === descriptor);
      return results[client] ?? os.send(descriptor, bytes, bytes.length, false);
    }, options);
    return new RingSender(fake.ring, counters);
  });
  for (let i = 0; i < count; i++) {
    const socket = new FakeSocket({ sendBuffer: 4096 });
    const transport = new SocketTransport(bench.os.adopt(socket), bench);
    const session = new Recorder();
    transport.setSession(session);
    clients.push({ socket, session, transport });
  }
  const say = (i: number, text: string) => clients[i]!.transport.out.append(bytesOf(text));
  /** What each client reads. */
  const heard = () =>
    clients.map(({ socket }) => {
      const bytes = new Uint8Array(100_000);
      const count = socket.readAsPeer(bytes);
      return count < 0 ? count : textOf(bytes.subarray(0, count));
    });
  const flush = () => bench.outgoing.flush();
  const joint = () => counters.get(COLUMN.jointSends);
  return { bench, clients, fake, flush, heard, joint, say };
}

function each(count: number, text: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => text(i));
}

Deno.test("ring sender: eight queues are one call, and their memory is returned", () => {
  const { bench: { outgoing }, fake, flush, heard, joint, say } = bench(8);
  for (let i = 0; i < 8; i++) say(i, `for ${i}`);
  flush();
  assertEquals(heard(), each(8, (i) => `for ${i}`));
  assertEquals([fake.calls, joint(), outgoing.lentBytes], [1, 8, 0]);
});

Deno.test("ring sender: three queues are sent one by one", () => {
  const { fake, flush, heard, say } = bench(3);
  for (let i = 0; i < 3; i++) say(i, `for ${i}`);
  flush();
  assertEquals(heard(), each(3, (i) => `for ${i}`));
  assertEquals(fake.calls, 0);
});

Deno.test("ring sender: more queues than entries take several calls", () => {
  const { fake, flush, heard, say } = bench(10, { entries: 4 });
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 10; i++) say(i, `for ${i}`);
    flush();
    assertEquals(heard(), each(10, (i) => `for ${i}`));
    assertEquals(fake.calls, round * 3);
  }
});

Deno.test("ring sender: a part that all queues hold is copied once", () => {
  const { clients, flush, fake, heard } = bench(9);
  const message = bytesOf("published to all");
  const part = new SharedPart(message, 0, message.length);
  for (const { transport } of clients) transport.out.appendPart(part);
  flush();
  assertEquals(heard(), each(9, () => "published to all"));
  assertEquals([fake.calls, part.holders], [1, 0]);
  const copies = textOf(fake.ring.bytes.subarray(0, 1000)).split("published to all").length - 1;
  assertEquals(copies, 1);
});

Deno.test("ring sender: appended bytes are sent from where they are, and copied if no memory is left for that", () => {
  const count = 80; // there is memory for 64
  const { bench: { outgoing }, flush, fake, heard, joint, say } = bench(count);
  const copies = () => textOf(fake.ring.bytes.subarray(0, 64 * 4096)).split("for ").length - 1;
  const lent = Array.from({ length: 70 }, () => outgoing.takeSegment(1));
  for (let i = 0; i < 4; i++) say(i, `for ${i}`);
  flush();
  assertEquals([joint(), copies()], [4, 4]);
  for (const segment of lent) outgoing.giveSegment(segment);
  fake.ring.bytes.fill(0, 0, 64 * 4096);
  for (let i = 4; i < 64; i++) say(i, `for ${i}`);
  flush();
  assertEquals([joint(), copies()], [64, 0]);
  assertEquals(heard(), each(count, (i) => i < 64 ? `for ${i}` : ""));
});

Deno.test("ring sender: after the ring has failed, memory that the kernel may still read is not used again", () => {
  // The kernel has the first four entries, and gives no results.
  let calls = 0;
  const made = bench(8, {
    submits: () => 4,
    completions: 8,
    fails: () => calls++ > 0 ? -EINVAL : 0,
  });
  const { bench: { outgoing }, clients, flush, say } = made;
  made.fake.withhold = true;
  for (let i = 0; i < 8; i++) say(i, `for ${i}`);
  const inFlight = clients.slice(0, 4).map(({ transport }) => transport.out.bytes);
  flush();
  assertEquals(clients.map(({ transport }) => transport.closed), clients.map((_, i) => i < 4));
  const later = new Set(Array.from({ length: 200 }, () => outgoing.takeSegment(1)));
  assertEquals(inFlight.map((segment) => later.has(segment)), [false, false, false, false]);
});

Deno.test("ring sender: a long part that all queues hold is one call, whatever they have together", () => {
  const { bench: { outgoing }, clients, flush, fake, heard, joint } = bench(9);
  const message = bytesOf("x".repeat(20_000));
  const part = new SharedPart(message, 0, message.length);
  for (const { transport } of clients) {
    outgoing.relieve();
    transport.out.appendPart(part);
  }
  assertEquals(fake.calls, 0);
  flush();
  assertEquals(heard(), each(9, () => "x".repeat(4096)));
  assertEquals([fake.calls, joint()], [1, 9]);
});

Deno.test("ring sender: a long part is sent by the socket itself if few have it, or no room is left", () => {
  const { clients, flush, heard, joint } = bench(20, { entries: 32 });
  const lengths = [4097, 20_000, 100_000];
  const alone = new SharedPart(new Uint8Array(lengths[0]!), 0, lengths[0]!);
  clients[0]!.transport.out.appendPart(alone);
  const [long, longer] = lengths.slice(1).map((length) =>
    new SharedPart(new Uint8Array(length), 0, length)
  );
  for (let i = 1; i < 7; i++) clients[i]!.transport.out.appendPart(long!);
  for (let i = 7; i < 20; i++) clients[i]!.transport.out.appendPart(longer!);
  flush();
  assertEquals(heard().map((text) => String(text).length), Array(20).fill(4096));
  // 13 holders are 52 KiB: the longer one is sent by themselves.
  assertEquals(joint(), 6);
});

Deno.test("ring sender: parts and appended bytes of one queue are sent in order", () => {
  const { clients, flush, heard, joint, say } = bench(8);
  for (let i = 0; i < 8; i++) {
    say(i, "head, ");
    clients[i]!.transport.out.appendConstant(bytesOf("body, "), 0, 6);
    say(i, "tail");
  }
  flush();
  assertEquals(heard(), each(8, () => "head, body, tail"));
  assertEquals(joint(), 8);
});

Deno.test("ring sender: long queues and files are sent by their own sockets", () => {
  const { bench: { os }, clients, flush, heard, joint, say } = bench(10);
  const long = "x".repeat(4097);
  say(0, long);
  const descriptor = os.openFile(bytesOf("file"));
  const file = { descriptor, read: () => 0, hold: () => {}, release: () => {} };
  clients[1]!.transport.out.appendConstant(file, 0, 4);
  for (let i = 2; i < 10; i++) say(i, "short");
  flush();
  const [first, second, ...others] = heard();
  assertEquals([first, second, joint()], [long.slice(0, 4096), "file", 8]);
  assertEquals(others, each(8, () => "short"));
});

Deno.test("ring sender: what a socket does not take waits, and is sent when the peer has read", () => {
  const { bench: { loop, os }, clients, flush, heard, say } = bench(8);
  // Two sockets are almost full, one is full: a short send, and EAGAIN.
  for (const [i, length] of [[0, 4090], [1, 4096]] as const) {
    os.send(clients[i]!.transport.descriptor, new Uint8Array(length).fill(46), length, false);
  }
  for (let i = 0; i < 8; i++) say(i, "0123456789");
  flush();
  assertEquals(clients.map(({ transport }) => transport.queuedBytes), [4, 10, 0, 0, 0, 0, 0, 0]);
  const before = heard();
  assertEquals([before[0], before[1], before[2]], [
    ".".repeat(4090) + "012345",
    ".".repeat(4096),
    "0123456789",
  ]);
  loop.turn(false);
  assertEquals(heard().slice(0, 3), ["6789", "0123456789", ""]);
  assertEquals(clients.slice(0, 3).map(({ session }) => session.calls), [["<drained>"], [
    "<drained>",
  ], []]);
});

Deno.test("ring sender: a canceled send is tried again, another error ends its connection only", () => {
  const { bench: { loop }, clients, flush, heard, say } = bench(8, {}, {
    3: -ENOBUFS,
    5: -ECANCELED,
  });
  for (let i = 0; i < 8; i++) say(i, `for ${i}`);
  flush();
  assertEquals(
    clients.map(({ transport }) => transport.closed),
    clients.map((_, i) => i === 3),
  );
  assertEquals(clients[3]!.session.calls, ["<closed>"]);
  loop.turn(false);
  const said = heard();
  assertEquals([said[3], said[5], said[6]], [-1, "for 5", "for 6"]);
});

Deno.test("ring sender: a session that writes to others while connections end sends nothing twice", () => {
  const { clients, flush, heard, say } = bench(8, {}, { 0: -ENOBUFS });
  clients[0]!.session.closed = () => {
    for (let i = 1; i < 8; i++) {
      const farewell = bytesOf(" left");
      clients[i]!.transport.out.write(farewell, 0, farewell.length);
    }
    say(7, " (appended)");
  };
  for (let i = 0; i < 8; i++) say(i, `for ${i}`);
  flush();
  const [_, ...others] = heard();
  assertEquals(others, each(7, (i) => `for ${i + 1} left${i === 6 ? " (appended)" : ""}`));
});

Deno.test("ring sender: a connection that another one's end closes is not sent to", () => {
  const { clients, flush, say } = bench(9, { entries: 8 }, { 0: -ENOBUFS });
  clients[0]!.session.closed = () => clients[8]!.transport.abort();
  for (let i = 0; i < 9; i++) say(i, `for ${i}`);
  flush(); // a send on a closed descriptor would throw
  assertEquals(clients[8]!.transport.closed, true);
});

Deno.test("ring sender: after the ring has failed each socket sends by itself, and nothing is lost", () => {
  const made = bench(8, { fails: () => -EINVAL });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 8; i++) made.say(i, `${round}`);
    made.flush();
    made.bench.loop.turn(false);
  }
  assertEquals(made.heard(), each(8, () => "01"));
  assertEquals(made.fake.calls, 1);
});
