/** What a plain stream gets whose client does not read, if the policy of the channel is to skip. */

import { assert, assertEquals } from "@std/assert";
import type { Publication } from "../../../../runtime/channels/mod.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";
import { type BenchStream, StreamBench } from "./stream_bench.ts";

const SKIP = { ...OPEN, slowPolicy: "skip" } as const;
const LIVE = { ...SKIP, historySize: 0, historyTime: 0 };
/** More than a client may have unread before it is slow. */
const LONG = "x".repeat(600);
const SLOW_BYTES = 500;

/** One worker with streams of slow clients. */
class Worker extends ClientBench {
  readonly streams: StreamBench;

  constructor(stores?: Stores) {
    const config = { namespaces: { chat: OPEN, skip: SKIP, live: LIVE } };
    super({ config, slowBytes: SLOW_BYTES, ...(stores === undefined ? {} : { stores }) });
    this.streams = new StreamBench(this);
  }

  /** Publishes, with a turn of the loop after each. */
  publish(channel: string, all: readonly unknown[], more: Partial<Publication> = {}): void {
    for (const data of all) {
      const entry = publication(JSON.stringify(data), more);
      assertEquals(this.stores.main.publish(utf8(channel), entry).status, "stored");
      this.settle();
    }
  }

  /** A stream whose client has not read so much of the first channel that it is slow. */
  slow(names: readonly string[]): BenchStream {
    const stream = this.streams.open(names);
    stream.read();
    stream.answer.isQueueing = true;
    this.publish(names[0]!, [LONG]);
    return stream;
  }

  assertNothingKept(): void {
    assertEquals(this.context.newest.bytes, 0);
  }
}

/** Types, channels and offsets of what came since the last time. */
function since(stream: BenchStream, count: number): unknown[] {
  return stream.read().events.slice(count).map(({ type, data }) => {
    const value = JSON.parse(data);
    const { channel, offset } = type === "skipped" ? value.channels[0] : value;
    return [type, channel, offset];
  });
}

for (const more of [[], ["chat:other"]]) {
  const title = `slow stream of ${1 + more.length}`;

  Deno.test(`${title}: skips to the newest, says so, and has its position`, () => {
    const worker = new Worker();
    const stream = worker.slow(["skip:a", ...more]);
    worker.publish("skip:a", [2, 3, 4]);
    assert(worker.context.newest.bytes > 0);
    assertEquals(since(stream, 0), [
      ["message", "skip:a", 1],
      // What is sent after the client has read is read by the next call.
    ]);
    assertEquals(since(stream, 1), [["skipped", "skip:a", 3], ["message", "skip:a", 4]]);
    worker.publish("skip:a", [5]);
    assertEquals(since(stream, 3), [["message", "skip:a", 5]]);
    const ids = stream.read().events.map(({ id }) => Number(/\.(\d+)(?:,|$)/.exec(id)![1]));
    assertEquals(ids, [1, 3, 4, 5]);
    worker.assertNothingKept();
    assertEquals(worker.counters.get(CHANNEL_COLUMN.slowSkips), 3);
    // It comes back with what it was told, and has not missed more.
    const next = worker.streams.open(["skip:a", ...more], stream.cut());
    assertEquals(next.read().events, []);
  });

  Deno.test(`${title}: misses nothing, and is told nothing, if one message waited`, () => {
    const worker = new Worker();
    const stream = worker.slow(["skip:a", ...more]);
    worker.publish("skip:a", [2]);
    stream.read();
    worker.publish("skip:a", [3]);
    assertEquals(since(stream, 0), [1, 2, 3].map((offset) => ["message", "skip:a", offset]));
    worker.assertNothingKept();
  });

  Deno.test(`${title}: if it breaks meanwhile, the client recovers what was skipped`, () => {
    const worker = new Worker();
    const stream = worker.slow(["skip:a", ...more]);
    worker.publish("skip:a", [2, 3]);
    stream.read(stream.answer.unread.length);
    const next = worker.streams.open(["skip:a", ...more], stream.cut());
    assertEquals(since(next, 0), [["message", "skip:a", 2], ["message", "skip:a", 3]]);
    worker.assertNothingKept();
  });

  Deno.test(`${title}: what the hub loses meanwhile is recovered from where the client is`, () => {
    const worker = new Worker(new Stores(4 * 1024 * 1024));
    const stream = worker.slow(["skip:a", ...more]);
    worker.publish("skip:a", [2, 3]);
    // More than the hub recovers, without a turn in between.
    for (let i = 4; i <= 6_000; i++) {
      const entry = publication("0", { historySize: 10_000 });
      worker.stores.main.publish(utf8("skip:a"), entry);
    }
    worker.settle();
    stream.read();
    worker.settle();
    const offsets = stream.read().dataOf("message").map(({ offset }) => offset);
    assertEquals(offsets, Array.from({ length: 6_000 }, (_, i) => i + 1));
    assertEquals(stream.read().dataOf("skipped"), []);
    worker.assertNothingKept();
  });
}

Deno.test("slow stream: without a history, too; what is in no history waits as well", () => {
  const worker = new Worker();
  const stream = worker.slow(["live:a"]);
  worker.publish("live:a", [2, 3]);
  worker.publish("live:a", ["last"], { skipHistory: true });
  stream.read();
  assertEquals(since(stream, 1), [["skipped", "live:a", 3], ["message", "live:a", undefined]]);
});

Deno.test("slow stream: if nobody tells that the client has read, it is looked again", () => {
  const worker = new Worker();
  const stream = worker.slow(["skip:a"]);
  worker.publish("skip:a", [2, 3]);
  worker.pass(5_000);
  stream.answer.unread = "";
  worker.pass(1_200);
  assertEquals(since(stream, 0), [["skipped", "skip:a", 2], ["message", "skip:a", 3]]);
});

Deno.test("slow stream: other channels cut it off, and so does a message without room", () => {
  const worker = new Worker();
  const [one, two] = [worker.slow(["skip:a", "chat:a"]), worker.slow(["skip:b"])];
  worker.publish("skip:a", [2]);
  one.answer.isFull = true;
  worker.publish("chat:a", [1]);
  assertEquals([one.answer.fate, two.answer.fate], ["aborted", undefined]);
  worker.assertNothingKept();
  worker.publish("skip:b", [2]);
  worker.publish("skip:b", [LONG]);
  assertEquals(two.answer.fate, "aborted");
  worker.assertNothingKept();
  assertEquals(worker.context.hub.channelCount, 0);
});

Deno.test("slow stream: of a channel that a backend ends, nothing waits any more", () => {
  const worker = new Worker();
  const stream = worker.slow(["skip:a", "skip:b"]);
  worker.publish("skip:b", [1, 2]);
  stream.stream.unsubscribe("skip:b", { code: 2000, reason: "server" });
  worker.assertNothingKept();
  worker.publish("skip:a", [2, 3]);
  stream.cut();
  worker.assertNothingKept();
});
