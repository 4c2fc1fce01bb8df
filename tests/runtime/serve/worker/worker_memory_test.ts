/** Who is ended when memory is short, who is refused, and what other workers see. */

import { assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../../../protocol/mod.ts";
import { OutgoingBatch, TimerWheel } from "../../../../runtime/net/mod.ts";
import { COLUMN, createSharedState, openSharedState } from "../../../../runtime/ring/mod.ts";
import { type MemoryHolder, WorkerMemory } from "../../../../runtime/serve/worker/worker_memory.ts";
import { type ThreadMessage, Warnings } from "../../../../runtime/thread/mod.ts";

const MIB = 1024 * 1024;

/** Holds a buffer of the pool until it is shed. */
class Holder {
  readonly #bench: Bench;
  readonly #buffer: Uint8Array<ArrayBuffer>;

  constructor(bench: Bench, readonly name: string, bytes: number, readonly heldSince: number) {
    this.#bench = bench;
    this.#buffer = bench.messages.take(bytes);
    bench.connections.add(this);
  }

  get heldBytes(): number {
    return this.#buffer.length;
  }

  shed(): void {
    this.#bench.ended.push(this.name);
    this.#bench.connections.delete(this);
    this.#bench.messages.give(this.#buffer);
  }
}

/** The first of two workers, with a bound of 16 MiB. */
class Bench {
  readonly state = openSharedState(createSharedState({ workers: 2, inboxBytes: 256 }));
  readonly counters = this.state.counters(0);
  readonly messages = new MessageBufferPool(0);
  readonly connections = new Set<Holder>();
  readonly refused: MemoryHolder[] = [];
  socketBytes = 0;
  readonly ended: string[] = [];
  readonly warnings: ThreadMessage[] = [];
  readonly loop = { now: 100_000, timers: new TimerWheel(100_000) };
  readonly memory = new WorkerMemory({
    bound: 16 * MIB,
    share: 16 * MIB / this.state.workers,
    loop: this.loop,
    state: this.state,
    counters: this.counters,
    messages: this.messages,
    outgoing: new OutgoingBatch(this.messages),
    connections: this.connections,
    sockets: { heldBytes: () => this.socketBytes, refused: () => this.refused },
    warnings: new Warnings((message) => this.warnings.push(message), () => this.loop.now),
  });

  hold(name: string, mebibytes: number, age: number): Holder {
    return new Holder(this, name, mebibytes * MIB, this.loop.now - age);
  }

  otherHolds(mebibytes: number): void {
    this.state.counters(1).set(COLUMN.heldBytes, mebibytes * MIB);
  }

  pass(milliseconds: number): void {
    this.loop.now += milliseconds;
    this.loop.timers.expire(this.loop.now);
  }
}

Deno.test("worker memory: what is held is published, and nobody is ended below the bound", () => {
  const bench = new Bench();
  const holder = bench.hold("one", 15, 1_000);
  bench.memory.judge();
  assertEquals(bench.counters.get(COLUMN.heldBytes), 15 * MIB);
  holder.shed();
  bench.memory.judge();
  assertEquals(bench.counters.get(COLUMN.heldBytes), 0);
  assertEquals(bench.warnings, []);
});

Deno.test("worker memory: input that connections keep in buffers of their own counts", () => {
  const bench = new Bench();
  bench.messages.keptBytes += 300_000;
  bench.memory.judge();
  assertEquals(bench.counters.get(COLUMN.heldBytes), 300_000);
});

Deno.test("worker memory: above the bound the largest and slowest are ended, and no more than needed", () => {
  const bench = new Bench();
  bench.hold("large and fast", 6, 100);
  bench.hold("large and slow", 6, 9_000);
  bench.hold("small and slow", 1, 9_000);
  bench.hold("small and fast", 4, 100);
  bench.memory.judge();
  assertEquals(bench.ended, ["large and slow"]);
  assertEquals(bench.counters.get(COLUMN.heldBytes), 11 * MIB);
  assertEquals(bench.counters.get(COLUMN.endedByMemory), 1);
  assertEquals(bench.warnings.length, 1);
});

Deno.test("worker memory: within its share a worker leaves it to the others, up to a tolerance", () => {
  const bench = new Bench();
  bench.otherHolds(14);
  bench.hold("mine", 3, 1_000);
  bench.memory.judge();
  assertEquals(bench.ended, []);
  bench.hold("one more", 2, 2_000);
  bench.memory.judge();
  assertEquals(bench.ended, ["one more", "mine"]);
});

Deno.test("worker memory: above its share it looks again, as the others may have grown", () => {
  const bench = new Bench();
  bench.hold("mine", 12, 1_000);
  bench.memory.judge();
  bench.pass(500);
  assertEquals(bench.ended, []);
  bench.otherHolds(7);
  bench.pass(500);
  assertEquals(bench.ended, ["mine"]);
});

Deno.test("worker memory: new work is refused, unless a connection has been slow for long", () => {
  const bench = new Bench();
  bench.hold("young", 12, 1_000);
  assertEquals([bench.memory.admits(4 * MIB), bench.memory.admits(5 * MIB)], [true, false]);
  assertEquals([bench.ended, bench.counters.get(COLUMN.refusedByMemory)], [[], 1]);
  bench.pass(10_000);
  assertEquals([bench.memory.admits(5 * MIB), bench.ended], [true, ["young"]]);
  assertEquals(bench.memory.admits(17 * MIB), false);
  assertEquals(bench.warnings.length, 2, "one in ten seconds");
});

Deno.test("worker memory: what sockets hold counts, and refused connections are ended first", () => {
  const bench = new Bench();
  bench.socketBytes = 15 * MIB;
  bench.memory.judge();
  assertEquals(bench.counters.get(COLUMN.heldBytes), 15 * MIB);
  bench.hold("served", 2, 1_000);
  bench.refused.push({
    heldBytes: 2 * MIB,
    heldSince: 0,
    shed() {
      bench.ended.push("refused");
      bench.socketBytes -= 2 * MIB;
    },
  });
  bench.memory.judge();
  assertEquals(bench.ended, ["refused"]);
});
