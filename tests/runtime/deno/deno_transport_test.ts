import { assert, assertEquals } from "@std/assert";
import { DenoLoop, DenoTransport } from "../../../runtime/deno/mod.ts";
import { MessageBufferPool } from "../../../protocol/mod.ts";
import { LINGER_SILENCE, OutgoingBatch, type Session } from "../../../runtime/net/mod.ts";
import { FakeConn, turn } from "../../support/fake_conn.ts";
import { within } from "../../support/wait_for.ts";

/** A session that records its calls. */
class Recorder implements Session {
  readonly calls: string[] = [];
  directBytes: Uint8Array = new Uint8Array(0);
  directStart = 0;
  directEnd = 0;
  onReceive: (text: string) => void = () => {};
  heldBytes = 0;
  heldSince = 0;

  shed(): void {
    this.calls.push("shed");
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    this.calls.push(text.length > 40 ? `${text.length} bytes` : text);
    this.onReceive(text);
  }
  receiveEnd(): void {
    this.calls.push("end");
  }
  drained(): void {
    this.calls.push("drained");
  }
  deadline(): void {
    this.calls.push("deadline");
  }
  closed(): void {
    this.calls.push("closed");
  }
  drain(): void {
    this.calls.push("drain");
  }
  wantsDirect(): boolean {
    return this.directEnd > this.directStart;
  }
  receivedDirect(count: number): void {
    this.calls.push(`direct ${count}`);
    this.directStart += count;
  }
}

const loops: DenoLoop[] = [];

/** A test whose loops are closed at its end: a timer that is still set would be a leak. */
function transportTest(name: string, run: () => Promise<void>): void {
  Deno.test(`deno transport: ${name}`, async () => {
    try {
      await run();
    } finally {
      for (const loop of loops.splice(0)) loop.close();
    }
  });
}

function bench() {
  const loop = new DenoLoop();
  loops.push(loop);
  const messages = new MessageBufferPool();
  const outgoing = new OutgoingBatch(messages);
  loop.gather(outgoing);
  const counts = { received: 0, sent: 0, queued: 0, stalled: 0, closing: 0 };
  const conn = new FakeConn();
  const transport = new DenoTransport(conn, 7, {
    loop,
    messages,
    outgoing,
    writeStall: 50,
    traffic: {
      received: (count) => void (counts.received += count),
      sent: (count) => void (counts.sent += count),
      queued: (count) => void (counts.queued += count),
      unqueued: (count) => void (counts.queued -= count),
      stalled: () => void counts.stalled++,
    },
    onClosing: () => void counts.closing++,
  });
  const session = new Recorder();
  transport.setSession(session);
  const write = (text: string, constant = false) => {
    const bytes = new TextEncoder().encode(text);
    if (constant) transport.out.appendConstant(bytes, 0, bytes.length);
    else transport.out.append(bytes);
  };
  return { loop, messages, counts, conn, transport, session, write };
}

transportTest("input is delivered, one read at a time", async () => {
  const { conn, transport, session, counts } = bench();
  transport.start();
  await conn.arrive("one");
  await conn.arrive("two");
  assertEquals(session.calls, ["one", "two"]);
  await conn.arrive(null);
  assertEquals(session.calls, ["one", "two", "end"]);
  assertEquals([conn.reading, counts.received], [null, 6]);
});

transportTest("while reading is off nothing is delivered, and nothing is lost", async () => {
  const { conn, transport, session } = bench();
  transport.start();
  transport.setReading(false);
  await conn.arrive("kept");
  assertEquals([session.calls, conn.reading], [[], null]);
  transport.setReading(true);
  assertEquals(session.calls, [], "not within the session's own call");
  await turn();
  assertEquals(session.calls, ["kept"]);
  transport.setReading(false);
  await conn.arrive(null);
  assertEquals(session.calls, ["kept"]);
  transport.setReading(true);
  await turn();
  assertEquals(session.calls, ["kept", "end"]);
});

transportTest(
  "the session's direct range is filled first, the rest is delivered as usual",
  async () => {
    const { conn, transport, session } = bench();
    session.directBytes = new Uint8Array(4);
    session.directEnd = 4;
    transport.start();
    await conn.arrive("abcdef");
    assertEquals(session.calls, ["direct 4", "ef"]);
    assertEquals(new TextDecoder().decode(session.directBytes), "abcd");
  },
);

transportTest("a full read is followed by a longer one", async () => {
  const { conn, transport, messages } = bench();
  transport.start();
  const short = conn.reading!.bytes.length;
  await conn.arrive("x".repeat(short));
  assert(conn.reading!.bytes.length > short);
  assertEquals(messages.lentBytes, conn.reading!.bytes.length);
  await conn.arrive("short");
  assertEquals([conn.reading!.bytes.length, messages.lentBytes], [short, 0]);
});

transportTest("writes of one turn are one write, later ones wait in order", async () => {
  const { conn, transport, session, write, counts } = bench();
  write("a");
  write("b");
  assertEquals(transport.queuedBytes, 0);
  await turn();
  assertEquals(conn.writing?.bytes.length, 2);
  write("c");
  write("d");
  assertEquals(transport.queuedBytes, 4, "the write in flight has not ended");
  await conn.take(1);
  assertEquals([conn.writing?.bytes.length, session.calls], [3, []]);
  await conn.take();
  assertEquals([conn.taken, session.calls, transport.queuedBytes], ["abcd", ["drained"], 0]);
  assertEquals([counts.sent, conn.writing], [4, null]);
});

transportTest("constants are not copied, and all memory returns to the pool", async () => {
  const { conn, messages, write } = bench();
  write("head");
  write("x".repeat(100_000), true);
  assert(messages.lentBytes < 10_000);
  while (await turn(), conn.writing !== null) await conn.take();
  assertEquals([conn.taken.length, messages.lentBytes], [100_004, 0]);
});

transportTest("finish sends what waits, then closes; lingering keeps reading", async () => {
  const plain = bench();
  plain.write("bye");
  plain.transport.finish(false);
  plain.write("too late");
  await turn();
  assertEquals(plain.conn.isClosed, false);
  await plain.conn.take();
  assertEquals([plain.conn.isClosed, plain.conn.taken], [true, "bye"]);
  assertEquals([plain.session.calls, plain.counts.closing], [["closed"], 1]);

  const lingering = bench();
  lingering.transport.start();
  lingering.write("bye");
  lingering.transport.finish(true);
  await turn();
  await lingering.conn.take();
  assertEquals([lingering.conn.isWriteClosed, lingering.conn.isClosed], [true, false]);
  await lingering.conn.arrive("dropped");
  await lingering.conn.arrive(null);
  assertEquals(lingering.conn.isClosed, true);
  assertEquals(lingering.session.calls, ["closed"]);
});

transportTest("lingering ends soon when the server stops, if the peer is silent, too", async () => {
  const { conn, session, transport } = bench();
  transport.start();
  transport.finish(true);
  await turn();
  const closed = Promise.withResolvers<void>();
  session.closed = closed.resolve;
  transport.drain();
  await within(closed.promise, { what: "the end", timeoutMs: LINGER_SILENCE - 1_000 });
  assertEquals(conn.isClosed, true);
});

transportTest("a peer that takes nothing is closed, and its write is left to Deno", async () => {
  const { conn, session, write, messages, transport } = bench();
  write("y".repeat(70_000));
  await turn();
  assertEquals(transport.queuedBytes, 70_000);
  const closed = Promise.withResolvers<void>();
  session.closed = closed.resolve;
  await closed.promise;
  await turn();
  assertEquals([conn.isClosed, transport.lastsBeyondClose], [true, true]);
  assertEquals(messages.spareBytes, 0, "memory that the write reads from is not reused");
  await conn.failWrite(new Deno.errors.Interrupted("closed"));
});

transportTest("a failed write or read closes once", async () => {
  const { conn, session, transport, write, counts } = bench();
  transport.start();
  write("x");
  await turn();
  await conn.failWrite(new Deno.errors.BrokenPipe("gone"));
  assertEquals([session.calls, conn.isClosed, counts.closing], [["closed"], true, 1]);
  await conn.arrive("late");
  transport.abort();
  assertEquals(session.calls, ["closed"]);
});

transportTest("a session that closes while it receives gets no further call", async () => {
  const { conn, session, transport } = bench();
  session.onReceive = () => transport.abort();
  transport.start();
  await conn.arrive("x");
  assertEquals([session.calls, conn.reading, conn.isClosed], [["x", "closed"], null, true]);
});

Deno.test("deno loop: one timer fires for the earliest deadline, in the order of deadlines", async () => {
  const loop = new DenoLoop();
  const rung: string[] = [];
  const done = Promise.withResolvers<void>();
  const late = loop.timers.timer({ onDeadline: () => (rung.push("late"), done.resolve()) });
  const early = loop.timers.timer({ onDeadline: () => void rung.push("early") });
  const never = loop.timers.timer({ onDeadline: () => void rung.push("never") });
  late.set(loop.now + 300);
  early.set(loop.now + 10);
  never.set(loop.now + 20);
  never.cancel();
  await done.promise;
  assertEquals(rung, ["early", "late"]);
  loop.close();
});

Deno.test("deno loop: `now` is constant within an event; a deferred call comes in a later turn", async () => {
  const loop = new DenoLoop();
  loop.enter();
  const { now } = loop;
  while (performance.now() < now + 2);
  assertEquals(loop.now, now);
  loop.leave();
  assert(loop.now > now);
  const turns: number[] = [];
  const done = Promise.withResolvers<void>();
  const second = { onTurn: () => (turns.push(2), done.resolve()) };
  loop.defer({ onTurn: () => (turns.push(1), loop.defer(second)) });
  await turn();
  assertEquals(turns, []);
  await done.promise;
  assertEquals(turns, [1, 2]);
});
