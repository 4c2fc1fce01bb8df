/** A hub whose store goes over to another process, and the hub there: its subscribers go on without a gap. */

import { assert, assertEquals } from "@std/assert";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { HubWorker, TextSubscriber } from "./hub_worker.ts";

const BYTES = 256 * 1024;
const CHANNELS = ["kept", "plain"];

function publish(stores: Stores, name: string, data: string, more = {}): void {
  const history = name === "plain" ? { historySize: 0 } : {};
  const given = publication(data, { ...history, ...more });
  assertEquals(stores.threads[1]!.publish(utf8(name), given).status, "stored");
}

/** Two subscribers who have the first publication of their channels, and the store that is sealed then. */
function before() {
  const stores = new Stores(BYTES);
  const worker = new HubWorker(stores.first);
  const all = CHANNELS.map((name) => worker.subscribe(name));
  for (const name of CHANNELS) publish(stores, name, "one");
  assert(stores.main.seal());
  worker.hub.finish();
  const positions = all.map(({ channel, subscriber }) => {
    assertEquals(subscriber.messages, ["1 one"]);
    return { name: channel.name, epoch: channel.epoch, offset: channel.passedUpTo };
  });
  return { stores, positions };
}

Deno.test("hub move: what is published before the subscriber has come reaches it once, with and without a history", () => {
  const { stores, positions } = before();
  const after = stores.heir();
  const worker = new HubWorker(after.first);
  const { subscriber: early } = worker.subscribe("early");
  assert(after.main.seal());
  worker.hub.awaitStore();
  assertEquals([early.losses, worker.hub.isAwaitingStore], [1, true]);
  const calls: string[] = [];
  worker.hub.whenThere(() => calls.push("there"));
  worker.turn();
  assertEquals([worker.hub.enter("kept", utf8("kept")), calls], ["busy", []]);
  after.adopt(stores);
  worker.turn();
  assertEquals([worker.hub.isAwaitingStore, calls], [false, ["there"]]);
  for (const { name, epoch, offset } of positions) {
    publish(after, name, "two");
    publish(after, name, "without an offset", { skipHistory: true });
    worker.hub.catchUp();
    publish(after, name, "three"); // after the feed was read
    const entrance = worker.enter(name);
    assertEquals(entrance.channel.epoch, epoch);
    const subscriber = new TextSubscriber(worker.face);
    assert(worker.hub.resume(entrance, subscriber, offset));
    worker.settle();
    publish(after, name, "four");
    worker.settle();
    assertEquals(
      subscriber.entries,
      ["2 two", "0 without an offset", "3 three", "4 four"],
      name,
    );
    // Another one comes to the same worker, which is further than the other one was.
    const later = new TextSubscriber(worker.face);
    assert(worker.hub.resume(worker.enter(name), later, 3));
    worker.settle();
    assertEquals(later.entries.at(-1), "4 four");
  }
  after.check();
});

Deno.test("hub move: who has missed more than the feed has needs the history", () => {
  const { stores, positions } = before();
  const after = stores.heir();
  assert(after.main.seal());
  after.adopt(stores);
  const worker = new HubWorker(after.first);
  for (const { name } of positions) publish(after, name, "two");
  for (let i = 0; i < 4_000; i++) publish(after, "plain", "x".repeat(100));
  for (const { name, offset } of positions) {
    const entrance = worker.enter(name);
    const subscriber = new TextSubscriber(worker.face);
    const hasAll = worker.hub.resume(entrance, subscriber, offset);
    assertEquals(subscriber.messages, hasAll ? ["2 two"] : []);
    assertEquals(hasAll, name === "kept");
    worker.hub.leave(entrance.channel, hasAll ? subscriber : undefined);
  }
  // A position that the channel has not reached.
  const entrance = worker.enter("kept");
  const subscriber = new TextSubscriber(worker.face);
  assertEquals(worker.hub.resume(entrance, subscriber, 100), false);
  worker.hub.leave(entrance.channel);
  assertEquals(worker.hub.channelCount, 0);
});

Deno.test("hub move: where the worker is behind, what has no offset comes once too, and in its place", () => {
  const { stores, positions } = before();
  const after = stores.heir();
  assert(after.main.seal());
  after.adopt(stores);
  const worker = new HubWorker(after.first);
  for (const { name, offset } of positions) {
    const { subscriber: early } = worker.subscribe(name);
    publish(after, name, "two");
    worker.settle();
    // Not read yet.
    publish(after, name, "without an offset", { skipHistory: true });
    publish(after, name, "three");
    const subscriber = new TextSubscriber(worker.face);
    assert(worker.hub.resume(worker.enter(name), subscriber, offset, { needsAll: true }));
    assertEquals(subscriber.entries, ["2 two"]);
    worker.settle();
    const all = ["2 two", "0 without an offset", "3 three"];
    assertEquals([subscriber.entries, early.entries], [all, all], name);
  }
});

Deno.test("hub move: who needs what no history has cannot go on without all of the feed", () => {
  const { stores, positions } = before();
  const after = stores.heir();
  assert(after.main.seal());
  after.adopt(stores);
  const worker = new HubWorker(after.first);
  for (let i = 0; i < 4_000; i++) publish(after, "plain", "x".repeat(100));
  const [{ name, offset }] = positions as [(typeof positions)[0]];
  const entrance = worker.enter(name);
  const subscriber = new TextSubscriber(worker.face);
  assertEquals(worker.hub.resume(entrance, subscriber, offset, { needsAll: true }), false);
  assert(worker.hub.resume(entrance, subscriber, offset));
});
