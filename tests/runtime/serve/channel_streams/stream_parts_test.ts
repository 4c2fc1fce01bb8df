/** What a stream has missed is sent a part at a time, as its client reads: everything that the history has, or what is gone is told. */

import { assert, assertEquals } from "@std/assert";
import { DISCONNECTS, UNSUBSCRIBES } from "../../../../protocol/centrifuge/mod.ts";
import type { Publication } from "../../../../runtime/channels/mod.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { publication, utf8 } from "../../channels/stores.ts";
import { type BenchOptions, ClientBench } from "../centrifuge/client_bench.ts";
import { StreamBench } from "./stream_bench.ts";

/** One worker with streams. */
class Worker extends ClientBench {
  readonly streams: StreamBench;

  constructor(options: BenchOptions = {}) {
    super(options);
    this.streams = new StreamBench(this);
  }

  publish(channel: string, data: unknown, more: Partial<Publication> = {}): void {
    const { status } = this.stores.main.publish(
      utf8(channel),
      publication(JSON.stringify(data), more),
    );
    assertEquals(status, "stored");
  }
}

Deno.test("stream parts: a client that comes back gets what it missed a part at a time, as it reads", () => {
  const limits = { historyBytes: 4_096 };
  const worker = new Worker({ limits, slowBytes: 3_000 });
  const ids = ["chat:a", "chat:b"].map((name) => worker.streams.open([name]).read().lastEventId);
  for (let i = 0; i < 60; i++) worker.publish("chat:a", "x".repeat(150));
  for (let i = 0; i < 90; i++) worker.publish("chat:b", "x".repeat(150));
  worker.settle();
  const stream = worker.streams.open(["chat:a", "chat:b"], ids.join(","));
  stream.answer.isQueueing = true;
  let longest = 0;
  let parts = 0;
  for (; parts < 200 && stream.answer.unread !== ""; parts++) {
    // Until it has read, nothing more comes.
    worker.settle();
    longest = Math.max(longest, stream.answer.unread.length);
    stream.read();
    if (parts % 5 === 0) worker.publish("chat:a", "meanwhile");
    worker.settle();
  }
  const { events } = stream.read();
  assert(parts > 8 && parts < 200, `${parts} parts`);
  assert(longest < 16_000, `${longest} bytes at once`);
  assertEquals([...new Set(events.map(({ type }) => type))], ["message"]);
  for (const [name, least] of [["chat:a", 60], ["chat:b", 90]] as const) {
    const offsets = events.map(({ data }) => JSON.parse(data))
      .filter(({ channel }) => channel === name).map(({ offset }) => offset);
    assertEquals(offsets, Array.from(offsets, (_, i) => i + 1));
    assert(offsets.length >= least, `${offsets.length} of ${name}`);
  }
  assertEquals(worker.counters.get(CHANNEL_COLUMN.recoveriesWhole), 2);
  assert(worker.counters.get(CHANNEL_COLUMN.recoveredPublications) >= 150);
  assertEquals(worker.counters.get(CHANNEL_COLUMN.limitRecoverySize), 0);
});

Deno.test("stream parts: a connection that breaks between two parts goes on behind what was read", () => {
  const worker = new Worker({ limits: { historyPublications: 10 } });
  const open = (id = "") => worker.streams.open(["chat:a", "chat:b"], id);
  const id = open().read().lastEventId;
  for (let i = 0; i < 45; i++) worker.publish("chat:a", i);
  worker.publish("chat:b", "other");
  const first = open(id);
  assertEquals(first.read().dataOf("message").length, 11);
  const second = open(first.cut());
  worker.settle();
  const offsets = [first, second].flatMap((stream) => stream.read().dataOf("message"))
    .filter(({ channel }) => channel === "chat:a").map(({ offset }) => offset);
  assertEquals(offsets, Array.from({ length: 45 }, (_, i) => i + 1));
});

Deno.test("stream parts: if the history leaves a client behind between two parts, the rest is lost", () => {
  const worker = new Worker({ limits: { historyPublications: 10 } });
  const id = worker.streams.open(["chat:a"]).read().lastEventId;
  for (let i = 0; i < 30; i++) worker.publish("chat:a", i);
  const stream = worker.streams.open(["chat:a"], id);
  worker.publish("chat:a", "newest", { historySize: 1 });
  worker.settle();
  const { events } = stream.read();
  assertEquals(events.map(({ type }) => type), [...Array(10).fill("message"), "lost"]);
  worker.publish("chat:a", "next");
  worker.settle();
  assertEquals(stream.read().dataOf("message").at(-1).offset, 32);
});

Deno.test("stream parts: a publication that is longer than a recovery is lost, and counted", () => {
  const worker = new Worker({ limits: { historyBytes: 1_024 } });
  const id = worker.streams.open(["chat:a"]).read().lastEventId;
  worker.publish("chat:a", "x".repeat(2_000));
  const seen = worker.streams.open(["chat:a"], id).read();
  assertEquals(seen.events.map(({ type }) => type), ["lost"]);
  assertEquals(worker.counters.get(CHANNEL_COLUMN.limitRecoverySize), 1);
});

Deno.test("stream parts: backends end it, and a channel of it, between two parts", () => {
  const worker = new Worker({ limits: { historyPublications: 5 } });
  const names = ["chat:a", "chat:b"];
  const since = worker.streams.open(names).read().lastEventId;
  for (let i = 0; i < 20; i++) for (const name of names) worker.publish(name, i);
  const [stream, other] = [0, 1].map(() => worker.streams.open(names, since));
  other!.cut();
  stream!.stream.unsubscribe("chat:b", UNSUBSCRIBES.SERVER);
  worker.settle();
  const seen = stream!.read();
  const count = (name: string) =>
    seen.dataOf("message").filter(({ channel }) => channel === name).length;
  assertEquals([count("chat:a"), count("chat:b") < 20], [20, true]);
  stream!.stream.disconnect(DISCONNECTS.FORCE_NO_RECONNECT);
  worker.settle();
});
