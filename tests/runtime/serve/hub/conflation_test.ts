/** Publications that are merged by their keys before anybody gets them: which ones, in which order, and when. */

import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../../../runtime/channels/mod.ts";
import { Random } from "../../../support/random.ts";
import { publication, Stores, textOf, utf8 } from "../../channels/stores.ts";
import { HubWorker } from "./hub_worker.ts";

const INTERVAL = 100;

interface Bench {
  readonly stores: Stores;
  readonly worker: HubWorker;
  readonly counts: { merged: number; endedEarly: number };
  now: number;
  /** Publishes `key=value`, or a value without a key, and lets the worker read it. */
  publish(...texts: string[]): void;
  pass(milliseconds: number): void;
}

/** The channels that begin with `c` are conflated. */
function bench(bytes = 1024 * 1024): Bench {
  const stores = new Stores(bytes);
  const counts = { merged: 0, endedEarly: 0 };
  const worker = new HubWorker(stores.first, {
    intervalOf: (name) => name.startsWith("c") ? INTERVAL : 0,
    keyOf: (entry: Entry) => /^(.*?)=/.exec(textOf(entry.data))?.[1],
    now: () => made.now,
    merged: () => counts.merged++,
    endedEarly: () => counts.endedEarly++,
  });
  const made: Bench = {
    stores,
    worker,
    counts,
    now: 5_000,
    publish: (...texts) => {
      for (const text of texts) stores.main.publish(utf8("c"), publication(text));
      worker.settle();
    },
    pass: (milliseconds) => {
      made.now += milliseconds;
      worker.settle();
    },
  };
  return made;
}

Deno.test("conflation: the first one at once, then the newest of each key, once an interval", () => {
  const on = bench();
  const { subscriber: { messages } } = on.worker.subscribe("c");
  on.publish("a=1");
  assertEquals(messages, ["1 a=1"]);
  assertEquals(on.worker.hub.flushBy, Infinity);
  on.publish("a=2", "b=1");
  on.publish("a=3", "c=1", "b=2");
  on.pass(INTERVAL - 1);
  assertEquals([messages.length, on.worker.hub.flushBy], [1, 5_000 + INTERVAL]);
  on.pass(1);
  assertEquals(messages.slice(1), ["4 a=3|5 c=1|6 b=2"]);
  on.publish("a=4");
  assertEquals(messages.length, 2, "another interval has begun");
  on.pass(INTERVAL);
  assertEquals(messages.slice(2), ["7 a=4"]);
  on.pass(10 * INTERVAL);
  on.publish("a=5", "a=6");
  assertEquals(messages.slice(3), ["9 a=6"], "what one look at the feed brings is merged too");
  assertEquals(on.counts, { merged: 3, endedEarly: 0 });
});

Deno.test("conflation: what has no key waits for its turn, and nothing takes its place", () => {
  const on = bench();
  const { subscriber: { messages } } = on.worker.subscribe("c");
  on.publish("start");
  on.publish("a=1", "x", "x", "a=2", "y");
  on.pass(INTERVAL);
  assertEquals(messages, ["1 start", "3 x|4 x|5 a=2|6 y"]);
});

Deno.test("conflation: other channels do not wait, and joins and leaves never do", () => {
  const on = bench();
  const live = on.worker.subscribe("live").subscriber;
  const { subscriber: { messages } } = on.worker.subscribe("c");
  on.publish("a=1");
  on.publish("a=2");
  const member = { client: utf8("ann"), user: utf8(""), info: utf8("ann"), announce: true };
  on.stores.first.join(utf8("c"), member);
  for (let i = 0; i < 3; i++) on.stores.main.publish(utf8("live"), publication("a=1"));
  on.worker.settle();
  assertEquals(live.messages, ["1 a=1|2 a=1|3 a=1"]);
  assertEquals(messages, ["1 a=1", "0 ann"]);
  on.pass(INTERVAL);
  assertEquals(messages.slice(2), ["2 a=2"]);
});

Deno.test("conflation: who comes gets what waits; who leaves, nothing; the last one ends the waiting", () => {
  const on = bench();
  const first = on.worker.subscribe("c");
  on.publish("a=1");
  on.publish("a=2");
  const second = on.worker.subscribe("c");
  on.worker.hub.leave(first.channel, first.subscriber);
  on.pass(INTERVAL);
  assertEquals([first.subscriber.messages, second.subscriber.messages], [["1 a=1"], ["2 a=2"]]);
  on.publish("a=3");
  on.worker.hub.leave(second.channel, second.subscriber);
  on.pass(INTERVAL);
  assertEquals(second.subscriber.messages, ["2 a=2"]);
  assertEquals([on.worker.hub.flushBy, on.worker.hub.channelCount], [Infinity, 0]);
});

Deno.test("conflation: a gap in the feed is read from the history, and merged as well", () => {
  const on = bench(64 * 1024);
  const { subscriber: { messages, losses } } = on.worker.subscribe("c");
  on.publish("a=0");
  const long = "x".repeat(200);
  for (let i = 1; i <= 100; i++) on.stores.main.publish(utf8("c"), publication(`a=${i}${long}`));
  on.worker.settle();
  on.pass(INTERVAL);
  assertEquals([messages.length, losses], [2, 0]);
  assertEquals(messages[1], `101 a=100${long}`);
});

Deno.test("conflation: if too much waits, all of it goes out, and nothing is lost", () => {
  const on = bench(8 * 1024 * 1024);
  const { subscriber } = on.worker.subscribe("c");
  on.publish("start");
  for (let i = 0; i < 5_000; i += 100) {
    on.publish(...Array.from({ length: 100 }, (_, j) => `key ${i + j}=${i}`));
  }
  assertEquals(on.counts, { merged: 0, endedEarly: 1 });
  assertEquals(subscriber.offsets.length, 1 + 4096);
  const long = "x".repeat(50_000);
  for (let i = 0; i < 30; i++) on.publish(`long ${i}=${long}`);
  assertEquals(on.counts.endedEarly, 2, "bytes count too");
  on.pass(INTERVAL);
  assertEquals(subscriber.offsets, Array.from({ length: 5_031 }, (_, i) => i + 1));
});

Deno.test("conflation: at random, offsets rise, and each key has its newest value in time", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const on = bench();
    const { subscriber } = on.worker.subscribe("c");
    const newest = new Map<string, string>();
    let [published, unkeyed] = [0, 0];
    for (let step = 0; step < 200; step++) {
      const texts = Array.from({ length: random.below(4) }, () => {
        published++;
        if (random.below(5) === 0) return `plain ${++unkeyed}`;
        const key = `k${random.below(5)}`;
        newest.set(key, `${key}=${published}`);
        return `${key}=${published}`;
      });
      on.publish(...texts);
      on.pass(random.below(60));
    }
    on.pass(INTERVAL);
    const { offsets, entries, messages } = subscriber;
    assert(offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]!), `seed ${seed}`);
    assertEquals(entries.filter((entry) => entry.includes("plain")).length, unkeyed);
    assertEquals(offsets.length + on.counts.merged, published);
    for (const message of messages) {
      const keys = [...message.matchAll(/k\d(?==)/g)].map(([key]) => key);
      assertEquals(new Set(keys).size, keys.length, "a key once in an interval");
    }
    for (const value of newest.values()) {
      assert(entries.findLast((entry) => entry.includes(value.split("=")[0]!))?.endsWith(value));
    }
  }
});

Deno.test("conflation: a key that cannot be read ends the subscriptions, and not the worker", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first, {
    intervalOf: () => INTERVAL,
    keyOf: () => {
      throw new Error("a fault of ours");
    },
    now: () => 0,
    merged: () => {},
    endedEarly: () => {},
  });
  const { subscriber } = worker.subscribe("c");
  stores.main.publish(utf8("c"), publication("a=1"));
  worker.settle();
  assertEquals([subscriber.losses, worker.reported.length], [1, 1]);
  assertEquals(worker.hub.channelCount, 0);
});
