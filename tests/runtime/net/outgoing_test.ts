/** The outgoing queue: one owner, bytes in order, one send per batch, and all memory returned. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MessageBufferPool } from "../../../protocol/mod.ts";
import {
  FULL_BYTES,
  Outgoing,
  OutgoingBatch,
  OutgoingPart,
  type OutgoingSink,
} from "../../../runtime/net/mod.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";

/** Sends everything at once, and records each send. */
class Recorder implements OutgoingSink {
  readonly batch: OutgoingBatch;
  readonly out: Outgoing;
  readonly sends: string[] = [];
  onSend = () => {};

  constructor(batch: OutgoingBatch) {
    this.batch = batch;
    this.out = new Outgoing(this);
  }

  sendQueued(): void {
    const { out } = this;
    out.seal();
    while (out.first !== null) {
      const { nextLength } = out;
      const target = new Uint8Array(nextLength);
      out.gather(target, nextLength);
      out.taken(nextLength);
      this.sends.push(textOf(target));
      this.onSend();
    }
  }

  sendNow(bytes: Uint8Array, start: number, end: number): void {
    this.sendQueued();
    this.sends.push(textOf(bytes.subarray(start, end)));
  }
}

function bench() {
  const messages = new MessageBufferPool();
  const batch = new OutgoingBatch(messages);
  return { messages, batch, peer: () => new Recorder(batch) };
}

Deno.test("outgoing: what a batch appends is one send", () => {
  const { batch, peer } = bench();
  const { out, sends } = peer();
  for (const text of ["one ", "two ", "three"]) out.append(bytesOf(text));
  assertEquals([sends, out.size], [[], 13]);
  batch.flush();
  batch.flush();
  assertEquals([sends, out.size], [["one two three"], 0]);
});

Deno.test("outgoing: a half-built frame keeps its place while other queues are appended to", () => {
  const { batch, peer } = bench();
  const [a, b] = [peer(), peer()];
  // As an encoder does it: it reserves room, writes bytes, and sets the length last.
  const at = a.out.reserve(8);
  a.out.bytes.set(bytesOf("fra"), at);
  b.out.append(bytesOf("to another"));
  const other = b.out.reserve(4);
  a.out.bytes.set(bytesOf("me of A"), at + 3);
  a.out.length = at + 8;
  b.out.bytes.set(bytesOf("!"), other);
  b.out.length = other + 1;
  batch.flush();
  assertEquals([a.sends, b.sends], [["frame of"], ["to another!"]]);
});

Deno.test("outgoing: outside of a batch one microtask sends everything", async () => {
  const { peer } = bench();
  const [a, b] = [peer(), peer()];
  a.out.append(bytesOf("a1 "));
  b.out.append(bytesOf("b1"));
  a.out.append(bytesOf("a2"));
  assertEquals(a.sends, []);
  await undefined;
  assertEquals([a.sends, b.sends], [["a1 a2"], ["b1"]]);
});

Deno.test("outgoing: parts keep their place between appended bytes", () => {
  const { batch, peer } = bench();
  const { out, sends } = peer();
  const long = "x".repeat(5000);
  out.append(bytesOf("head "));
  out.appendConstant(bytesOf(`..${long}..`), 2, 5002);
  out.append(bytesOf("middle "));
  out.appendConstant(bytesOf("short "), 0, 6);
  out.append(bytesOf("tail"));
  assertEquals(out.size, 5 + 5000 + 7 + 6 + 4);
  batch.flush();
  assertEquals(sends, ["head ", long, "middle short tail"]);
});

Deno.test("outgoing: bytes that are valid only during the call follow what is queued", () => {
  const { batch, peer } = bench();
  const { out, sends } = peer();
  out.append(bytesOf("first"));
  out.write(bytesOf("--second--"), 2, 8);
  out.write(bytesOf("nothing"), 3, 3);
  out.append(bytesOf("third"));
  batch.flush();
  assertEquals(sends, ["first", "second", "third"]);
});

Deno.test("outgoing: one frame is in a thousand queues without a copy", () => {
  const { messages, batch, peer } = bench();
  const frame = new OutgoingPart(bytesOf("the same for all"), 4, 16);
  const peers = Array.from({ length: 1000 }, peer);
  for (const { out } of peers) {
    out.waits = true; // the peers read slowly: the frame stays queued
    out.appendPart(frame);
  }
  for (const { out } of peers) {
    out.seal();
    assert(out.first === frame);
    assertEquals(out.bytes.length, 0);
  }
  assertEquals(messages.lentBytes, 0);
  // Each queue has its own progress.
  const [a, b] = peers as [Recorder, Recorder];
  a.out.taken(5);
  assertEquals([a.out.size, a.out.firstStart, b.out.size], [7, 9, 12]);
  batch.flush();
  assertEquals([a.sends, b.sends], [["for all"], ["same for all"]]);
});

Deno.test("outgoing: each queue holds one reference to a file until it is sent or dropped", () => {
  const { batch, peer } = bench();
  let holders = 0;
  const file = {
    descriptor: 3,
    hold: () => void holders++,
    release: () => void holders--,
    read: () => 0,
  };
  const [a, b] = [peer(), peer()];
  const part = new OutgoingPart(file, 0, 10);
  a.out.appendPart(part);
  b.out.appendPart(part);
  b.out.appendConstant(file, 5, 5);
  assertEquals([holders, a.out.hasFiles, peer().out.hasFiles], [2, true, false]);
  a.out.taken(9);
  assertEquals(holders, 2);
  a.out.taken(1);
  b.out.clear();
  assertEquals([holders, a.out.size, b.out.size], [0, 0, 0]);
  batch.flush();
});

Deno.test("outgoing: grown memory is returned, whether sent or dropped", () => {
  for (const end of ["sent", "dropped"]) {
    const { messages, batch, peer } = bench();
    const { out, sends } = peer();
    let length = 0;
    for (let i = 1; i < 200; i++) {
      out.append(new Uint8Array(i * 20).fill(0x61 + i % 26));
      length += i * 20;
    }
    assertEquals(out.size, length);
    assert(messages.lentBytes > length);
    if (end === "sent") batch.flush();
    else out.clear();
    assertEquals([messages.lentBytes, out.size, sends.join("").length], [
      0,
      0,
      end === "sent" ? length : 0,
    ]);
    batch.flush();
  }
});

Deno.test("outgoing: small answers between parts for a slow peer take little more memory than their bytes", () => {
  const { messages, batch, peer } = bench();
  const { out } = peer();
  out.waits = true;
  const frame = new OutgoingPart(bytesOf("x".repeat(60)), 0, 60);
  const held = new Set<ArrayBufferLike>();
  for (let i = 0; i < 1000; i++) {
    out.append(bytesOf("pong"));
    out.appendPart(frame);
    held.add(out.bytes.buffer);
  }
  assertEquals([out.size, messages.lentBytes], [64_000, 0]);
  assert(held.size <= 2, "a segment for each");
  out.clear();
  batch.flush();
});

Deno.test("outgoing: after `end`, appended bytes are dropped and never sent", () => {
  const { messages, batch, peer } = bench();
  const { out, sends } = peer();
  out.append(bytesOf("last"));
  out.end();
  out.append(bytesOf("x".repeat(10_000)));
  out.appendConstant(bytesOf("more"), 0, 4);
  out.write(bytesOf("more"), 0, 4);
  assertEquals(out.size, 4);
  batch.flush();
  assertEquals([sends, out.size], [["last"], 0]);
  out.clear();
  assertEquals(messages.lentBytes, 0);
});

Deno.test("outgoing: a send may cause appends to any queue, which are sent too", () => {
  const { batch, peer } = bench();
  const [a, b] = [peer(), peer()];
  a.onSend = () => {
    a.onSend = () => {};
    b.out.append(bytesOf("last words"));
    a.out.append(bytesOf("second"));
    batch.flush();
    batch.relieve();
  };
  a.out.append(bytesOf("first"));
  batch.flush();
  assertEquals([a.sends, b.sends], [["first", "second"], ["last words"]]);
});

Deno.test("outgoing: at most 64 answers and 64 KiB wait for a common flush", () => {
  const { batch, peer } = bench();
  const peers = Array.from({ length: 66 }, peer);
  for (const { out } of peers) {
    batch.relieve();
    out.append(bytesOf("answer"));
  }
  assertEquals(peers.filter(({ sends }) => sends.length > 0).length, 64);
  batch.flush();
  const [a, b, c] = [peer(), peer(), peer()];
  for (const [{ out }, length] of [[a, FULL_BYTES], [b, 5], [c, 5]] as const) {
    batch.relieve();
    out.append(new Uint8Array(length));
  }
  assertEquals([a.sends.length, b.sends.length, c.sends.length], [1, 1, 0]);
  assert(!c.out.isFull);
  c.out.append(new Uint8Array(FULL_BYTES));
  assert(c.out.isFull);
  c.out.waits = true;
  assert(!c.out.isFull, "a flush would not help");
  batch.flush();
});

Deno.test("outgoing: an encoder that reserves and then throws leaves nothing behind, and later bytes are sent", () => {
  const { batch, peer } = bench();
  const { out, sends } = peer();
  out.reserve(100);
  batch.flush();
  assertEquals([sends, out.bytes.length], [[], 0]);
  out.append(bytesOf("500"));
  batch.flush();
  assertEquals(sends, ["500"]);
});

Deno.test("outgoing: a part beyond its source is refused", () => {
  for (const [start, end] of [[-1, 2], [3, 2], [0, 5], [NaN, 2]] as const) {
    assertThrows(() => new OutgoingPart(bytesOf("four"), start, end), RangeError);
  }
});
