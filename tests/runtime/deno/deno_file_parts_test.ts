/** Files over Deno's sockets: in order, in slices, with back-pressure, and held as long as needed. */

import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../../protocol/mod.ts";
import { DenoLoop, DenoTransport } from "../../../runtime/deno/mod.ts";
import { type OpenFile, OutgoingBatch } from "../../../runtime/net/mod.ts";
import type { ReadPlace } from "../../../runtime/os/mod.ts";
import { RefusalSession } from "../../../runtime/serve/session/mod.ts";
import { FakeConn, turn } from "../../support/fake_conn.ts";

/** A file in memory that counts its references. */
class CountedFile implements OpenFile {
  readonly descriptor = 3;
  holders = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
  }

  read(bytes: Uint8Array, { start, end, offset }: ReadPlace): number {
    const part = this.#bytes.subarray(offset, offset + end - start);
    bytes.set(part, start);
    return part.length;
  }
}

class Recorder extends RefusalSession {
  readonly calls: string[] = [];

  override drained(): void {
    this.calls.push("drained");
  }

  override closed(): void {
    this.calls.push("closed");
  }
}

function bench() {
  const loop = new DenoLoop();
  const messages = new MessageBufferPool();
  const outgoing = new OutgoingBatch(messages);
  loop.gather(outgoing);
  const conn = new FakeConn();
  const counts = { queued: 0, stalled: 0 };
  const transport = new DenoTransport(conn, 7, {
    loop,
    messages,
    outgoing,
    writeStall: 50,
    traffic: {
      received() {},
      sent() {},
      queued: (count) => void (counts.queued += count),
      unqueued: (count) => void (counts.queued -= count),
      stalled: () => void counts.stalled++,
    },
    onClosing() {},
  });
  const session = new Recorder(transport);
  transport.setSession(session);
  transport.start();
  const write = (text: string) => transport.out.append(new TextEncoder().encode(text));
  return { loop, messages, conn, transport, session, counts, write };
}

/** Content in which every offset can be recognized. */
function content(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x61 + (i * 7 + (i >> 8)) % 26);
}

Deno.test("deno transport: a part of a file is sent in order, and held until it is sent", async () => {
  const { loop, conn, transport, write, messages } = bench();
  const file = new CountedFile(new TextEncoder().encode("0123456789abcdef"));
  write("head:");
  transport.out.appendConstant(file, 2, 12);
  write(":tail");
  transport.out.appendConstant(file, 15, 16);
  transport.out.appendConstant(file, 3, 3);
  await turn();
  assertEquals(file.holders, 2);
  while (conn.writing !== null) await conn.take(3);
  assertEquals(conn.taken, "head:23456789ab:tailf");
  assertEquals([file.holders, transport.queuedBytes], [0, 0]);
  assertEquals(messages.lentBytes, 0, "its memory is given back");
  loop.close();
});

Deno.test("deno transport: one slice of a large file is in memory, and the session is notified when all is sent", async () => {
  const { loop, conn, transport, session, counts } = bench();
  const bytes = content(700_000);
  const file = new CountedFile(bytes);
  transport.out.appendConstant(file, 0, bytes.length);
  assertEquals(transport.queuedBytes, bytes.length);
  await turn();
  assertEquals(counts.queued, bytes.length);
  while (conn.writing !== null) {
    assert(conn.writing.bytes.length <= 256 * 1024);
    assertEquals(session.calls, []);
    await conn.take(100_000);
  }
  assert(conn.taken === new TextDecoder().decode(bytes));
  assertEquals([session.calls, file.holders, counts.queued], [["drained"], 0, 0]);
  loop.close();
});

Deno.test("deno transport: a file that has become too short ends the connection", async () => {
  const { loop, conn, transport, session, counts } = bench();
  const file = new CountedFile(content(100));
  transport.out.appendConstant(file, 0, 200);
  await turn();
  await conn.take();
  assertEquals([conn.taken.length, conn.isClosed, file.holders], [100, true, 0]);
  assertEquals([session.calls, counts.queued], [["closed"], 0]);
  loop.close();
});

Deno.test("deno transport: a closed connection releases the file, but no memory that is being written", async () => {
  const { loop, conn, transport, messages } = bench();
  const file = new CountedFile(content(300_000));
  transport.out.appendConstant(file, 0, 300_000);
  await turn();
  transport.abort();
  assertEquals([file.holders, messages.spareBytes, conn.isClosed], [0, 0, true]);
  await conn.failWrite(new Deno.errors.Interrupted("closed"));
  loop.close();
});

Deno.test("deno transport: a peer that takes no bytes of a file is detected and closed", async () => {
  const { loop, conn, transport, session, counts } = bench();
  const closed = Promise.withResolvers<void>();
  session.closed = () => closed.resolve();
  transport.out.appendConstant(new CountedFile(content(300_000)), 0, 300_000);
  await closed.promise;
  assertEquals([counts.stalled, counts.queued, conn.isClosed], [1, 0, true]);
  loop.close();
});

Deno.test("deno loop: gathered bytes are sent at the end of the event, by each gatherer", () => {
  const loop = new DenoLoop();
  const flushed: string[] = [];
  loop.gather({ flush: () => void flushed.push("one") });
  loop.gather({ flush: () => void flushed.push("two") });
  loop.enter();
  assertEquals(flushed, []);
  loop.leave();
  assertEquals(flushed, ["one", "two"]);
  loop.close();
});

Deno.test("deno loop: the watch is notified of each sleep, by one clock", () => {
  const calls: [string, number][] = [];
  let now = 100;
  const watch = {
    sleeping: () => void calls.push(["sleeping", now]),
    woke: (at: number) => void calls.push(["woke", at]),
  };
  const loop = new DenoLoop({ watch, clock: () => now });
  loop.enter();
  now = 130;
  assertEquals(loop.now, 100);
  loop.leave();
  now = 500;
  loop.enter();
  loop.leave();
  assertEquals(calls, [["woke", 100], ["sleeping", 130], ["woke", 500], ["sleeping", 500]]);
  loop.close();
});
