import { assert, assertEquals } from "@std/assert";
import {
  type ChannelStore,
  type Entry,
  openChannelStore,
} from "../../../../runtime/channels/mod.ts";
import { publication, Stores, textOf, utf8 } from "../../channels/stores.ts";
import { HubWorker, TextFace, TextSubscriber } from "./hub_worker.ts";

const ROOM = utf8("room");

function publish(stores: Stores, data: string, writer = 1, more = {}): void {
  assertEquals(
    stores.threads[writer]!.publish(ROOM, publication(data, more)).status,
    "stored",
  );
}

/** The first worker, whose own bell wakes its hub, as in a thread. */
function wokenWorker(stores: Stores): { worker: HubWorker; store: ChannelStore } {
  const ring = (number: number) => void (number === 0 && worker.hub.wake());
  const options = { writer: 0, now: () => stores.now, ring, graceMs: 0 };
  const store = openChannelStore(stores.memory, options);
  const worker = new HubWorker(store);
  return { worker, store };
}

/** The first worker, which rings others at the end of its turn. */
function patientWorker(
  stores: Stores,
): { worker: HubWorker; store: ChannelStore; rung: readonly number[] } {
  const rung: number[] = [];
  const ring = (number: number) => void rung.push(number);
  const onMarked = () => worker.hub.wake();
  const options = { writer: 0, now: () => stores.now, ring, onMarked, graceMs: 0 };
  const store = openChannelStore(stores.memory, options);
  const worker = new HubWorker(store);
  return { worker, store, rung };
}

Deno.test("hub: one message for all subscribers of a face, encoded once", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const all = [1, 2, 3].map(() => worker.subscribe("room").subscriber);
  publish(stores, "a");
  publish(stores, "b", 0);
  publish(stores, "c", 2);
  worker.settle();
  for (const { messages } of all) assertEquals(messages, ["1 a|2 b|3 c"]);
  assertEquals([worker.face.appended, worker.face.sealed], [3, 1]);
  worker.settle();
  assertEquals(all[0]!.messages.length, 1);
});

Deno.test("hub: no channel keeps the memory of a long message", () => {
  const stores = new Stores(1024 * 1024);
  const worker = new HubWorker(stores.first);
  const sizes: number[] = [];
  const face = new class extends TextFace {
    override append(...given: Parameters<TextFace["append"]>) {
      sizes.push(given[0].bytes.length);
      super.append(...given);
    }
  }();
  const subscriber = new TextSubscriber(face);
  const entrance = worker.enter("room");
  worker.hub.join(entrance.channel, subscriber, entrance.offset);
  for (const length of [10, 10_000, 10, 10]) {
    publish(stores, "x".repeat(length));
    worker.settle();
  }
  assertEquals(subscriber.offsets, [1, 2, 3, 4]);
  assert(sizes.every((size) => size <= 4096), `${sizes}`);
  assert(sizes.at(-1)! > 0, "the buffer of a short message is kept");
});

Deno.test("hub: subscribers of another face get messages of their own", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const one = worker.subscribe("room");
  const other = new TextSubscriber(new TextFace());
  const entrance = worker.enter("room");
  worker.hub.join(entrance.channel, other, entrance.offset);
  publish(stores, "a");
  worker.settle();
  assertEquals([one.subscriber.messages, other.messages], [["1 a"], ["1 a"]]);
});

Deno.test("hub: what is published between the steps of a subscription comes once", () => {
  for (const between of ["before", "after enter", "after recover", "after join"]) {
    const stores = new Stores();
    const worker = new HubWorker(stores.first);
    const early = worker.subscribe("room").subscriber;
    publish(stores, "a");
    publish(stores, "b");
    if (between === "before") publish(stores, "c");
    const entrance = worker.enter("room");
    if (between === "after enter") publish(stores, "c");
    const recovered: string[] = [];
    const sink = {
      entry: ({ offset, data }: Entry) => void recovered.push(`${offset} ${textOf(data)}`),
    };
    const bounds = { limit: 100, maxBytes: 1_000_000 };
    const { offset } = stores.first.recover(ROOM, { offset: 1 }, bounds, sink);
    if (between === "after recover") publish(stores, "c");
    const late = new TextSubscriber(worker.face);
    worker.hub.join(entrance.channel, late, offset);
    if (between === "after join") publish(stores, "c");
    worker.settle();
    publish(stores, "d");
    worker.settle();
    assertEquals(early.entries, ["1 a", "2 b", "3 c", "4 d"], between);
    assertEquals([...recovered, ...late.entries], ["2 b", "3 c", "4 d"], between);
  }
});

Deno.test("hub: a subscriber that is ahead of this worker's feed waits for it", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const { channel } = worker.subscribe("room");
  const ahead = new TextSubscriber(worker.face);
  worker.enter("room");
  worker.hub.join(channel, ahead, 2);
  for (const data of ["a", "b", "c"]) publish(stores, data);
  worker.settle();
  assertEquals(ahead.entries, ["3 c"]);
});

Deno.test("hub: a gap in the feed is read from the history, before what comes later", () => {
  const stores = new Stores(256 * 1024);
  const worker = new HubWorker(stores.first);
  const { subscriber } = worker.subscribe("room");
  const other = stores.first.subscribe(utf8("noise"));
  assertEquals(other.status, "subscribed");
  for (let i = 1; i <= 50; i++) publish(stores, `${i}`);
  // More than the feed holds, of a channel that keeps no history.
  for (let i = 0; i < 4000; i++) {
    stores.threads[1]!.publish(utf8("noise"), publication("x".repeat(100), { historySize: 0 }));
  }
  for (let i = 51; i <= 60; i++) publish(stores, `${i}`);
  worker.settle();
  assertEquals(subscriber.offsets, Array.from({ length: 60 }, (_, i) => i + 1));
  assertEquals(subscriber.losses, 0);
});

Deno.test("hub: if the history does not have it, all subscribers are told once, and are out", () => {
  const stores = new Stores(256 * 1024);
  const worker = new HubWorker(stores.first);
  const all = [1, 2].map(() => worker.subscribe("room"));
  for (let i = 1; i <= 4000; i++) publish(stores, "x".repeat(100), 1, { historySize: 5 });
  worker.settle();
  for (const { subscriber } of all) {
    assertEquals(subscriber.losses, 1);
    assertEquals(subscriber.entries, []);
  }
  assertEquals(worker.hub.channelCount, 0);
  let subscribers = -1;
  stores.main.channels((_, counts) => subscribers = counts.subscribers);
  assertEquals(subscribers, 0);
  // Their owners may leave in any order; it changes nothing.
  worker.hub.leave(all[0]!.channel, all[0]!.subscriber);
  const { subscriber } = worker.subscribe("room");
  publish(stores, "new");
  worker.settle();
  assertEquals(subscriber.entries, ["4001 new"]);
});

Deno.test("hub: while the store is busy a channel waits, and then nothing is missing", () => {
  const stores = new Stores(256 * 1024);
  let busy = 3;
  const store = Object.create(stores.first, {
    recover: {
      value: (...args: Parameters<typeof stores.first.recover>) =>
        busy-- > 0 ? { status: "busy", offset: 0, epoch: 0 } : stores.first.recover(...args),
    },
    subscribe: { value: stores.first.subscribe.bind(stores.first) },
    unsubscribe: { value: stores.first.unsubscribe.bind(stores.first) },
    openFeed: { value: stores.first.openFeed.bind(stores.first) },
    settle: { value: stores.first.settle.bind(stores.first) },
    isSealed: { value: false },
    ringBells: { value: stores.first.ringBells.bind(stores.first) },
  });
  const worker = new HubWorker(store);
  const { subscriber } = worker.subscribe("room");
  assertEquals(stores.first.subscribe(utf8("noise")).status, "subscribed");
  for (let i = 1; i <= 5; i++) publish(stores, `${i}`);
  for (let i = 0; i < 4000; i++) {
    stores.threads[1]!.publish(utf8("noise"), publication("x".repeat(100), { historySize: 0 }));
  }
  publish(stores, "6");
  worker.turn();
  assertEquals(subscriber.entries, []);
  assert(worker.wantsTurn);
  publish(stores, "7");
  worker.settle();
  publish(stores, "8");
  worker.settle();
  assertEquals(subscriber.offsets, [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("hub: subscribers may leave and come while a message is sent", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const first = worker.subscribe("room");
  const second = worker.subscribe("room");
  let third: ReturnType<HubWorker["subscribe"]> | undefined;
  first.subscriber.onReceive = () => {
    worker.hub.leave(second.channel, second.subscriber);
    third ??= worker.subscribe("room");
    worker.hub.flush(); // a turn within a turn does nothing
  };
  publish(stores, "a");
  worker.settle();
  publish(stores, "b");
  worker.settle();
  assertEquals(first.subscriber.entries, ["1 a", "2 b"]);
  assertEquals(second.subscriber.entries, []);
  assertEquals(third!.subscriber.entries, ["2 b"]);
});

Deno.test("hub: other workers are rung once for all that was published in a turn, before anything is sent", () => {
  const stores = new Stores();
  const other = new HubWorker(stores.threads[1]!);
  const { subscriber } = other.subscribe("room");
  const { worker, store, rung } = patientWorker(stores);
  for (const data of ["a", "b", "c"]) store.publish(ROOM, publication(data));
  assertEquals(rung, []);
  assert(worker.wantsTurn, "the loop would block, and nobody would ring");
  worker.turn();
  assertEquals(rung, [1]);
  other.settle();
  assertEquals(subscriber.messages, ["1 a|2 b|3 c"]);
  worker.settle();
  assertEquals(rung, [1]);
});

Deno.test("hub: what a worker published that is busy ever since does not keep others from ringing", () => {
  const stores = new Stores();
  const other = new HubWorker(stores.threads[1]!);
  const { subscriber } = other.subscribe("room");
  const { store } = patientWorker(stores);
  store.publish(ROOM, publication("a"));
  stores.main.publish(ROOM, publication("b"));
  assertEquals(stores.rung, [1]);
  other.settle();
  assertEquals(subscriber.entries, ["1 a", "2 b"]);
});

Deno.test("hub: what is published while messages are sent is read in the next turn, without an event", () => {
  const stores = new Stores();
  const { worker, store } = wokenWorker(stores);
  const { subscriber } = worker.subscribe("room");
  let published = false;
  subscriber.onReceive = () => {
    if (published) return;
    published = true;
    assertEquals(store.publish(ROOM, publication("answer")).status, "stored");
  };
  publish(stores, "question");
  worker.turn();
  assert(worker.wantsTurn, "the loop would block, and nobody would ring");
  worker.settle();
  assertEquals(subscriber.entries, ["1 question", "2 answer"]);
});

Deno.test("hub: what a promise publishes while the loop waits is read by a microtask", async () => {
  const stores = new Stores();
  const { worker, store } = wokenWorker(stores);
  const { subscriber } = worker.subscribe("room");
  store.publish(ROOM, publication("a"));
  store.publish(ROOM, publication("b"));
  await undefined;
  assertEquals(subscriber.messages, ["1 a|2 b"]);
});

Deno.test("hub: a publication without an offset comes to who is there", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const { subscriber } = worker.subscribe("room");
  publish(stores, "a");
  publish(stores, "live", 1, { skipHistory: true });
  publish(stores, "b");
  worker.settle();
  assertEquals(subscriber.entries, ["1 a", "0 live", "2 b"]);
});

Deno.test("hub: the last subscriber takes the worker out of the channel", () => {
  const stores = new Stores();
  const worker = new HubWorker(stores.first);
  const all = [1, 2].map(() => worker.subscribe("room"));
  for (const { channel, subscriber } of all) {
    worker.hub.leave(channel, subscriber);
    worker.hub.leave(channel, subscriber); // the second time it is not there
  }
  assertEquals(worker.hub.channelCount, 0);
  stores.rung.length = 0;
  publish(stores, "a");
  assertEquals(stores.rung, []);
  stores.check();
});

Deno.test("hub: a subscriber that reads a history while the hub recovers loses nothing of its own", () => {
  const stores = new Stores(16 * 1024 * 1024);
  const worker = new HubWorker(stores.first);
  const { subscriber } = worker.subscribe("room");
  const bait = utf8("bait");
  for (let i = 1; i <= 500; i++) stores.main.publish(bait, publication(`bait ${i}`));
  worker.settle();
  const bounds = { limit: 1000, maxBytes: 1_000_000 };
  const read: string[] = [];
  subscriber.onReceive = () => {
    subscriber.onReceive = () => {};
    stores.first.history(bait, bounds, { entry: ({ data }) => void read.push(textOf(data)) });
  };
  // So long that the first one is passed on before the others are.
  publish(stores, "x".repeat(66_000));
  for (let i = 2; i <= 6; i++) publish(stores, `${i}`);
  // More than the feed holds, so that the hub recovers.
  stores.first.subscribe(utf8("noise"));
  for (let i = 0; i < 3000; i++) {
    stores.main.publish(utf8("noise"), publication("x".repeat(2_000), { historySize: 0 }));
  }
  worker.settle();
  assertEquals(read.length, 500);
  assertEquals(subscriber.offsets, [1, 2, 3, 4, 5, 6]);
  publish(stores, "7");
  worker.settle();
  assertEquals(subscriber.entries.at(-1), "7 7");
});

Deno.test("hub: if the store has made a channel again, its new subscriber is counted", () => {
  const stores = new Stores(1024 * 1024);
  const worker = new HubWorker(stores.first);
  const old = [1, 2].map(() => worker.subscribe("room").subscriber);
  // As after the main thread took this worker for dead.
  for (const _ of old) stores.first.unsubscribe(ROOM);
  stores.now += 120_000;
  stores.main.sweep(1);
  const { subscriber } = worker.subscribe("room");
  worker.settle();
  publish(stores, "a");
  worker.settle();
  assertEquals(old.map(({ losses }) => losses), [1, 1]);
  assertEquals(subscriber.entries, ["1 a"]);
  let counted = -1;
  stores.first.channels((_name, { subscribers }) => void (counted = subscribers));
  assertEquals(counted, 1);
});

Deno.test("hub: after a gap, a turn recovers few channels, whether or not they have more in the feed", () => {
  const stores = new Stores(16 * 1024 * 1024);
  const worker = new HubWorker(stores.first);
  const names = Array.from({ length: 200 }, (_, i) => `room ${i}`);
  const all = names.map((name) => worker.subscribe(name).subscriber);
  const publishToAll = (data: string) => {
    for (const name of names) stores.main.publish(utf8(name), publication(data));
  };
  publishToAll("a");
  // More than the feed holds.
  stores.first.subscribe(utf8("noise"));
  for (let i = 0; i < 3000; i++) {
    stores.main.publish(utf8("noise"), publication("x".repeat(2_000), { historySize: 0 }));
  }
  // Most of what is left in the feed.
  const long = "b".repeat(9_000);
  publishToAll(long);
  const told = () => all.filter(({ messages }) => messages.length > 0).length;
  for (let turns = 0; told() < all.length; turns++) {
    const before = told();
    worker.turn();
    assert(told() - before <= 64, `${told() - before} channels`);
    assert(turns < 100);
  }
  worker.settle();
  for (const { entries } of all) assertEquals(entries, ["1 a", `2 ${long}`]);
});
