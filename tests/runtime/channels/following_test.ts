/** Channels that are copies of those of an engine: offsets and epochs of there, subscribers that are told, nothing swept. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createChannelMemory, ENTRY_KIND, type Replica } from "../../../runtime/channels/mod.ts";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");
const BOUNDS = { limit: 1000, maxBytes: 2 ** 20 };
const AT_7 = { epoch: "1abc-9z", offset: 7 };

function engineStores(bytes = 64 * 1024): Stores {
  const random = new Uint32Array([1, 2, 3, 4, 5, 6, 7]);
  return new Stores(bytes, 2, createChannelMemory({ bytes, workers: 2, random, engine: true }));
}

function replica(offset: number, text = `m${offset}`, more: Partial<Replica> = {}): Replica {
  return { offset, data: utf8(text), historySize: 100, historyTtlMs: 60_000, ...more };
}

Deno.test("following: a channel goes on with the offsets and the epoch of the engine", () => {
  const stores = engineStores();
  const { main, first } = stores;
  const sink = new TextSink();
  const feed = first.openFeed();
  assertEquals(first.subscribe(NAME).status, "absent");
  assertEquals(main.follow(NAME, AT_7), "followed");
  const { status, offset, epoch } = first.subscribe(NAME);
  assertEquals([status, offset], ["subscribed", 7]);
  assertEquals(first.epochText(epoch), "1abc-9z");
  assertEquals(main.replicate(NAME, replica(8)), "stored");
  assertEquals(main.replicate(NAME, replica(9)), "stored");
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["8 m8", "9 m9"]);
  assertEquals(first.recover(NAME, { offset: 7, epoch }, BOUNDS, sink).status, "read");
  assertEquals(sink.take(), ["8 m8", "9 m9"]);
  assertEquals(first.recover(NAME, { offset: 6, epoch }, BOUNDS, sink).status, "unrecoverable");
  stores.check();
});

Deno.test("following: only the next offset is stored", () => {
  const stores = engineStores();
  const { main } = stores;
  assertEquals(main.replicate(NAME, replica(1)), "absent");
  main.follow(NAME, AT_7);
  const rows: [offset: number, expected: string][] = [
    [9, "gap"],
    [7, "known"],
    [1, "known"],
    [8, "stored"],
    [8, "known"],
    [10, "gap"],
    [9, "stored"],
  ];
  for (const [offset, expected] of rows) {
    assertEquals(main.replicate(NAME, replica(offset)), expected, `offset ${offset}`);
  }
  const long = "x".repeat(main.maxEntryBytes + 1);
  assertEquals(main.replicate(NAME, replica(10, long)), "full");
  stores.check();
});

Deno.test("following: offsets above 2^32", () => {
  const stores = engineStores();
  const { main, first } = stores;
  const offset = 2 ** 32 - 1;
  main.follow(NAME, { epoch: "a-b", offset });
  assertEquals(main.replicate(NAME, replica(offset + 1)), "stored");
  assertEquals(main.replicate(NAME, replica(offset + 2)), "stored");
  assertEquals(first.subscribe(NAME).offset, offset + 2);
  stores.check();
});

Deno.test("following: joins, leaves and publications without an offset are live only", () => {
  const stores = engineStores();
  const { main, first } = stores;
  const sink = new TextSink();
  const feed = first.openFeed();
  main.follow(NAME, AT_7);
  first.subscribe(NAME);
  const kinds = [ENTRY_KIND.publication, ENTRY_KIND.join, ENTRY_KIND.leave];
  for (const kind of kinds) assertEquals(main.replicate(NAME, replica(0, "i", { kind })), "stored");
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["i", "join i", "leave i"]);
  assertEquals(main.figures().publications, 0);
  stores.check();
});

Deno.test("following: the same position again changes nothing, another one begins a new epoch", () => {
  const stores = engineStores();
  const { main, first } = stores;
  main.follow(NAME, AT_7);
  const { epoch } = first.subscribe(NAME);
  main.replicate(NAME, replica(8));
  assertEquals(main.follow(NAME, { ...AT_7, offset: 8 }), "followed");
  assertEquals(first.subscribe(NAME).epoch, epoch);
  for (const other of [{ ...AT_7, offset: 20 }, { epoch: "other-1", offset: 20 }]) {
    const feed = first.openFeed();
    const before = first.subscribe(NAME).epoch;
    assertEquals(main.follow(NAME, other), "followed");
    const told: number[] = [];
    feed.poll({
      wants: () => true,
      missed: () => {},
      entry: (entry) => void told.push(entry.kind, entry.epoch),
    }, 100);
    assertEquals(told, [ENTRY_KIND.lost, before]);
    assertEquals(first.subscriberCount(NAME), 0);
    const after = first.subscribe(NAME);
    assertEquals([after.status, after.offset], ["subscribed", 20]);
    assertNotEquals(after.epoch, before);
    assertEquals(first.epochText(after.epoch), other.epoch);
    // A late reader of the feed finds that it is lost.
    const since = { offset: 8, epoch: before };
    assertEquals(first.recover(NAME, since, BOUNDS, new TextSink()).status, "unrecoverable");
    assert(!["1abc-9z", "other-1"].includes(first.epochText(before)), "a position of it is lost");
  }
  stores.check();
});

Deno.test("following: a lost channel has no subscribers, and is absent", () => {
  const stores = engineStores();
  const { main, first } = stores;
  const sink = new TextSink();
  main.follow(NAME, AT_7);
  const feed = first.openFeed();
  first.subscribe(NAME);
  stores.rung.length = 0;
  assertEquals(main.lose(NAME), "lost");
  assertEquals(stores.rung, [0]);
  feed.poll(sink, 100);
  assertEquals(sink.texts.length, 1);
  assertEquals(first.subscribe(NAME).status, "absent");
  assertEquals(main.replicate(NAME, replica(8)), "absent");
  assertEquals(main.lose(utf8("unknown")), "lost");
  stores.check();
});

Deno.test("following: it ends if nobody is subscribed, and not by sweeping", () => {
  const stores = engineStores();
  const { main, first } = stores;
  main.follow(NAME, AT_7);
  main.replicate(NAME, replica(8));
  first.subscribe(NAME);
  assertEquals(main.unfollow(NAME), "used");
  first.unsubscribe(NAME);
  stores.now += 10 * 60_000;
  main.sweep(1);
  assertEquals(main.follow(NAME, { ...AT_7, offset: 8 }), "followed");
  assertEquals(main.figures().channels, 1);
  assertEquals(main.unfollow(NAME), "unfollowed");
  assertEquals(main.figures().channels, 0);
  assertEquals(main.unfollow(NAME), "unfollowed");
  assertEquals(first.subscribe(NAME).status, "absent");
  stores.check();
});

Deno.test("following: a full store delivers, and keeps no history with a hole", () => {
  const stores = engineStores();
  const { main, first } = stores;
  const sink = new TextSink();
  // Own channels fill the store, each with less than what gives way.
  for (let i = 0; i < 400; i++) {
    const own = new Uint8Array([0xff, 9, i >> 8, i & 255]);
    main.publish(own, publication("y".repeat(200)));
  }
  main.follow(NAME, AT_7);
  const feed = first.openFeed();
  const { epoch } = first.subscribe(NAME);
  for (let offset = 8; offset < 40; offset++) {
    assertEquals(main.replicate(NAME, replica(offset, "z".repeat(400))), "stored");
    stores.check();
  }
  feed.poll({ wants: (one) => one === epoch, missed() {}, entry: (e) => sink.entry(e) }, 1000);
  assert(sink.take().some((text) => text.startsWith("39 ")), "the newest one was delivered");
  const { status } = first.recover(NAME, { offset: 39, epoch }, BOUNDS, sink);
  assertEquals(status, "read");
});

Deno.test("following: the server's own channels need none, and a store without an engine neither", () => {
  const own = new Uint8Array([0xff, 0, 0]);
  assertEquals(engineStores().first.subscribe(own).status, "subscribed");
  assertEquals(new Stores().first.subscribe(NAME).status, "subscribed");
});

Deno.test("following: what an epoch can be", () => {
  const { main } = engineStores();
  for (const epoch of ["", "x".repeat(33), "ā"]) {
    assertThrows(() => main.follow(NAME, { epoch, offset: 0 }), RangeError, "an epoch has");
  }
});
