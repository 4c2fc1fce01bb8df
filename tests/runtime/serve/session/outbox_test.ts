import { assert, assertEquals } from "@std/assert";
import type { Transport, WriteOptions } from "../../../../runtime/net/mod.ts";
import { Outbox } from "../../../../runtime/serve/session/outbox.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";

/** A transport that writes down what it is given. */
class Recorder implements Transport {
  readonly descriptor = 1;
  closed = false;
  readonly peerAddress = "";
  readonly queuedBytes = 0;
  readonly writes: string[] = [];
  onWrite = () => {};

  write(bytes: Uint8Array, start: number, end: number, _options?: WriteOptions): void {
    this.writes.push(textOf(bytes.subarray(start, end)));
    this.onWrite();
  }

  writeFile(): void {}
  setReading(): void {}
  finish(): void {}
  abort(): void {}
  setSession(): void {}
  setDeadline(): void {}
}

Deno.test("outbox: a batch goes out in one write", () => {
  const outbox = new Outbox();
  const transport = new Recorder();
  for (const text of ["one ", "two ", "three"]) outbox.claim(transport).append(bytesOf(text));
  assertEquals(transport.writes, []);
  outbox.flush();
  assertEquals(transport.writes, ["one two three"]);
});

Deno.test("outbox: bytes of two connections never mix, and keep their order", () => {
  const outbox = new Outbox();
  const [a, b] = [new Recorder(), new Recorder()];
  outbox.claim(a).append(bytesOf("a1"));
  outbox.claim(b).append(bytesOf("b1"));
  outbox.claim(a).append(bytesOf("a2"));
  assertEquals([a.writes, b.writes], [[], []]);
  outbox.flush();
  assertEquals([a.writes, b.writes], [["a1", "a2"], ["b1"]]);
});

Deno.test("outbox: nothing gathered is nothing written", () => {
  const outbox = new Outbox();
  const transport = new Recorder();
  outbox.flush();
  outbox.claim(transport);
  outbox.flush();
  outbox.flush();
  assertEquals(transport.writes, []);
});

Deno.test("outbox: what a write leads to may claim and flush again", () => {
  const outbox = new Outbox();
  const [a, b] = [new Recorder(), new Recorder()];
  // A write that fails closes a session, which leads to another one's last words.
  a.onWrite = () => {
    a.onWrite = () => {};
    outbox.flush();
    outbox.claim(b).append(bytesOf("last words"));
    outbox.flush();
  };
  outbox.claim(a).append(bytesOf("first"));
  outbox.flush();
  assertEquals([a.writes, b.writes], [["first"], ["last words"]]);
});

Deno.test("outbox: a write that fails midway leaves the others' bytes whole and in order", () => {
  const outbox = new Outbox();
  const [a, b] = [new Recorder(), new Recorder()];
  a.onWrite = () => {
    a.onWrite = () => {};
    // Larger than the buffer: it is replaced while b's first bytes are still in the old one.
    outbox.claim(b).append(bytesOf("second".padEnd(300_000, ".")));
    outbox.flush();
  };
  outbox.claim(a).append(bytesOf("failed"));
  outbox.claim(b).append(bytesOf("first"));
  outbox.flush();
  assertEquals(b.writes.map((text) => text.slice(0, 6)), ["first", "second"]);
  outbox.claim(b).append(bytesOf("third"));
  outbox.flush();
  assertEquals(b.writes.at(-1), "third");
});

Deno.test("outbox: no more than 64 answers and 64 KiB wait for each other", () => {
  const outbox = new Outbox();
  const peers = Array.from({ length: 66 }, () => new Recorder());
  for (const peer of peers) outbox.claim(peer).append(bytesOf("answer"));
  assertEquals(peers.filter((peer) => peer.writes.length > 0).length, 64);
  outbox.flush();
  const [a, b] = [new Recorder(), new Recorder()];
  outbox.claim(a).append(new Uint8Array(64 * 1024));
  outbox.claim(b).append(bytesOf("small"));
  assertEquals([a.writes.length, b.writes.length], [1, 0]);
});

Deno.test("outbox: it says when it is full, and does not keep the memory of a large answer", () => {
  const outbox = new Outbox();
  const transport = new Recorder();
  outbox.claim(transport).append(new Uint8Array(64 * 1024 - 1));
  assert(!outbox.full);
  outbox.claim(transport).append(new Uint8Array(1));
  assert(outbox.full);
  outbox.claim(transport).append(new Uint8Array(2 * 1024 * 1024));
  outbox.flush();
  assert(!outbox.full);
  assert(outbox.buffer.bytes.length < 1024 * 1024);
});
