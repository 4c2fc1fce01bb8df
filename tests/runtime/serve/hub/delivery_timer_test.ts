/** How long publications take to their subscribers: what is counted, with which latency, and what is not. */

import { assertEquals } from "@std/assert";
import { stampOf } from "../../../../runtime/channels/mod.ts";
import {
  Counters,
  HISTOGRAM,
  LATENCY_BOUNDS,
  LATENCY_BUCKETS,
} from "../../../../runtime/ring/mod.ts";
import { COUNTER_COLUMNS } from "../../../../runtime/ring/layout.ts";
import { type ConflationRules, DeliveryTimer } from "../../../../runtime/serve/hub/mod.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker, TextFace, TextSubscriber } from "./hub_worker.ts";

/** Tells the timer what is delivered, as the faces of clients tell their meter. */
class TimedFace extends TextFace {
  readonly #timer: DeliveryTimer;

  constructor(timer: DeliveryTimer) {
    super();
    this.#timer = timer;
  }

  delivers(entries: number, _bytes: number, subscribers: number): void {
    this.#timer.passed(entries * subscribers);
  }
}

function bench(conflation?: ConflationRules, begin = 1_000_000) {
  const stores = new Stores(1024 * 1024);
  stores.now = begin;
  const counters = new Counters(new Float64Array(COUNTER_COLUMNS));
  let readings = 0;
  const os = { preciseMilliseconds: () => (readings++, stores.now) };
  const timer = new DeliveryTimer(os, counters);
  const worker = new HubWorker(stores.first, conflation, timer);
  const face = new TimedFace(timer);
  return {
    stores,
    worker,
    subscribe: (name: string, key = utf8(name)) => {
      const entrance = worker.hub.enter(name, key);
      if (typeof entrance === "string") throw new Error(entrance);
      worker.hub.join(entrance.channel, new TextSubscriber(face), entrance.offset);
    },
    publish: (name: string, writer = 2) => {
      stores.threads[writer]!.publish(utf8(name), publication("a"));
    },
    /** A turn that ends so many milliseconds after it began. */
    turn: (milliseconds: number) => {
      worker.settle();
      stores.now += milliseconds;
      timer.flush();
    },
    /** What was counted: for each bucket its bound in milliseconds and the number. */
    counted: () => {
      const buckets = Array.from({ length: LATENCY_BUCKETS }, (_, i) => {
        return [LATENCY_BOUNDS[i]! / 1000, counters.bucket(HISTOGRAM.deliveries, i)];
      });
      return buckets.filter(([_, count]) => count! > 0);
    },
    sum: () => counters.get(HISTOGRAM.deliveries.sum) / 1000,
    readings: () => readings,
  };
}

Deno.test("delivery timer: all deliveries of a turn take as long as its oldest entry", () => {
  const on = bench();
  for (let i = 0; i < 3; i++) on.subscribe("a");
  on.subscribe("b");
  on.publish("a", 1);
  on.stores.now += 5;
  on.publish("a");
  on.publish("b", 0);
  on.stores.now += 4;
  on.turn(1);
  assertEquals([on.counted(), on.sum()], [[[10, 7]], 70]);
  on.publish("b");
  on.turn(0.25);
  assertEquals([on.counted(), on.sum()], [[[0.25, 1], [10, 7]], 70.25]);
});

Deno.test("delivery timer: the clock is read once a turn, and only if something is delivered", () => {
  const on = bench();
  for (let i = 0; i < 100; i++) on.subscribe("a");
  on.turn(1);
  assertEquals(on.readings(), 0);
  for (let i = 0; i < 50; i++) on.publish("a");
  on.turn(1);
  assertEquals([on.readings(), on.counted()], [1, [[1, 5_000]]]);
});

Deno.test("delivery timer: what nobody gets does not count, and the server's own channels do not", () => {
  const on = bench();
  const nobody = new TextFace(); // tells nobody what it delivers
  const { channel, offset } = on.worker.enter("a");
  on.worker.hub.join(channel, new TextSubscriber(nobody), offset);
  on.publish("a");
  on.turn(50);
  on.subscribe("own", new Uint8Array([0xff, 1]));
  on.stores.main.publish(new Uint8Array([0xff, 1]), publication("a"));
  on.turn(50);
  assertEquals([on.readings(), on.counted()], [0, []]);
});

Deno.test("delivery timer: waiting for the end of an interval of conflation is a part of it", () => {
  const on = bench({
    intervalOf: () => 100,
    keyOf: () => "k",
    now: () => on.stores.now,
    merged: () => {},
    endedEarly: () => {},
  });
  on.subscribe("a");
  on.publish("a");
  on.turn(1);
  on.publish("a");
  on.turn(100);
  assertEquals(on.counted(), [[1, 1]]);
  on.turn(0);
  assertEquals(on.counted(), [[1, 1], [100, 1]]);
});

Deno.test("delivery timer: what is recovered from the history has its time too", () => {
  const on = bench();
  on.subscribe("a");
  on.publish("a");
  on.stores.now += 20;
  // More than the feed holds: the worker reads the rest from the history.
  on.subscribe("b");
  for (let i = 0; i < 5_000; i++) on.publish("b");
  on.turn(0);
  const counts = new Map(on.counted().map(([bound, count]) => [bound, count]));
  assertEquals([...counts.keys()].at(-1), 20);
});

Deno.test("delivery timer: stamps wrap", () => {
  const on = bench(undefined, 2 ** 32 / 1000 - 3);
  on.subscribe("a");
  on.publish("a");
  on.stores.now += 2;
  on.publish("a");
  on.turn(8);
  assertEquals(on.counted(), [[10, 2]]);
  assertEquals([stampOf(2 ** 31 / 1000), stampOf(2 ** 32 / 1000)], [-(2 ** 31), 0]);
});
