/** A store that goes over to another process: everything that clients know goes on, and what was of the old threads is gone. */

import { assert, assertEquals } from "@std/assert";
import { createChannelMemory, heirOf, storeIdentity } from "../../../runtime/channels/mod.ts";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");
const BOUNDS = { limit: 1000, maxBytes: 2 ** 20 };
const WORKERS = 2;
const BYTES = 64 * 1024;

function member(client: string) {
  return { client: utf8(client), user: utf8(client), info: utf8(`"${client}"`), announce: true };
}

Deno.test("store move: offsets, epoch, history, keys, versions and members go on", () => {
  const before = new Stores(BYTES, WORKERS);
  before.threads[1]!.openFeed();
  const { epoch } = before.threads[1]!.subscribe(NAME);
  for (const data of ["one", "two"]) before.first.publish(NAME, publication(data));
  const keyed = publication("three", { idempotencyKey: utf8("k") });
  before.first.publish(NAME, keyed);
  before.first.publish(
    NAME,
    publication("four", { version: { version: 7, versionEpoch: utf8("") } }),
  );
  before.first.join(NAME, member("stays"));
  before.threads[1]!.join(NAME, member("goes"));
  assert(before.main.seal());
  assertEquals(before.first.publish(NAME, publication("lost")).status, "busy");
  assertEquals(before.first.subscribe(NAME).status, "busy");
  assert(before.main.removeWorker(1).step());

  const after = before.heir();
  // A worker that has died and was replaced at the start.
  const removal = after.main.removeWorker(1);
  while (!removal.step());
  after.first.publish(NAME, publication("forgotten"));
  assert(after.main.seal());
  after.adopt(before);
  assertEquals(after.main.isSealed, false);
  after.check();
  assertEquals(after.main.subscriberCount(NAME), 0);
  assertEquals(after.main.epochText(epoch), before.main.epochText(epoch));
  assertEquals(after.main.sharedKey, before.main.sharedKey);
  const feed = after.first.openFeed();
  assertEquals(after.first.subscribe(NAME), { status: "subscribed", offset: 4, epoch });
  const sink = new TextSink();
  assertEquals(after.first.recover(NAME, { offset: 1, epoch }, BOUNDS, sink).status, "read");
  assertEquals(sink.take(), ["2 two", "3 three", "4 four"]);
  const again = after.first.publish(NAME, keyed);
  assertEquals([again.status, again.offset], ["repeated", 3]);
  const old = publication("old", { version: { version: 6, versionEpoch: utf8("") } });
  assertEquals(after.first.publish(NAME, old).status, "skipped");
  assertEquals(after.open(1).publish(NAME, publication("five")).offset, 5);

  assert(after.first.rejoin(NAME, utf8("stays")));
  assertEquals(after.first.rejoin(NAME, utf8("a stranger")), false);
  const left = after.main.removeLeft();
  while (!left.step());
  assertEquals(after.main.presenceStats(NAME), { status: "read", clients: 1, users: 1 });
  feed.poll(sink, 1000);
  assertEquals(sink.take(), ["5 five", 'leave "goes"']);
  after.check();
});

Deno.test("store move: the feed has what is published before the subscribers have come", () => {
  const before = new Stores(BYTES, WORKERS);
  const plain = { historySize: 0 };
  before.threads[1]!.openFeed();
  const { epoch } = before.threads[1]!.subscribe(NAME);
  before.first.publish(NAME, publication("before", plain));
  assert(before.main.seal());
  const after = before.heir();
  assert(after.main.seal());
  after.adopt(before);
  const feed = after.first.openFeed();
  after.threads[1]!.publish(NAME, publication("between", plain));
  assertEquals(after.main.subscriberCount(NAME), 0);
  assertEquals(after.first.subscribe(NAME).offset, 2);
  after.threads[1]!.publish(NAME, publication("after", plain));
  const sink = new TextSink();
  assertEquals(after.first.readSinceMove(epoch, feed.end, sink), true);
  assertEquals(sink.take(), ["2 between", "3 after"]);
  assertEquals(after.main.subscriberCount(NAME), 1);
  const left = after.main.removeLeft();
  while (!left.step());
  after.first.unsubscribe(NAME);
  after.threads[1]!.publish(NAME, publication("for nobody", plain));
  assertEquals(after.first.readSinceMove(epoch, feed.end, sink), true);
  assertEquals(sink.take(), ["2 between", "3 after"]);
  after.check();
});

Deno.test("store move: who comes and goes before the subscribers have come is in the feed, too", () => {
  const before = new Stores(BYTES, WORKERS);
  before.threads[1]!.openFeed();
  const { epoch } = before.threads[1]!.subscribe(NAME);
  before.first.join(NAME, member("goes"));
  assert(before.main.seal());
  const after = before.heir();
  assert(after.main.seal());
  after.adopt(before);
  after.first.leave(NAME, utf8("goes"));
  after.threads[1]!.join(NAME, member("comes"));
  assertEquals(after.main.subscriberCount(NAME), 0);
  const sink = new TextSink();
  assertEquals(after.first.readSinceMove(epoch, after.first.openFeed().end, sink), true);
  assertEquals(sink.take(), ['leave "goes"', 'join "comes"']);
  after.check();
});

Deno.test("store move: what another process cannot use is refused, and nothing has happened if it was sealed in vain", () => {
  const stores = new Stores(BYTES, WORKERS);
  const identity = storeIdentity(stores.memory);
  const same = { bytes: BYTES, workers: WORKERS };
  assertEquals(heirOf(identity, { ...same, workers: 3 }), undefined);
  assertEquals(heirOf(identity, { ...same, bytes: 2 * BYTES }), undefined);
  assertEquals(heirOf({ ...identity, format: identity.format + 1 }, same), undefined);
  // Its own epochs, if the memory does not come, are none that clients know.
  const { lastEpoch } = heirOf(identity, same)!;
  assertEquals(lastEpoch !== identity.epoch, true);
  const random = new Uint32Array(7);
  const ofEngine = createChannelMemory({ ...same, random, engine: true });
  const engine = "redis://127.0.0.1";
  const shared = storeIdentity(ofEngine, engine);
  assertEquals(heirOf(shared, same), undefined);
  assertEquals(heirOf(shared, { ...same, engine: "nats://127.0.0.1" }), undefined);
  assertEquals(heirOf(identity, { ...same, engine }), undefined);
  assertEquals(heirOf(shared, { ...same, engine })?.random.length, 7);
  stores.first.subscribe(NAME);
  assert(stores.main.seal());
  stores.first.unsubscribe(NAME);
  assertEquals(stores.first.publish(NAME, publication("lost")).status, "busy");
  stores.main.unseal();
  assertEquals(stores.first.publish(NAME, publication("one")).status, "stored");
  stores.first.settle();
  assertEquals(stores.main.subscriberCount(NAME), 0);
});

Deno.test("store move: followed channels go on where they are, and the texts of their epochs stay known when the store was given", () => {
  const made = { bytes: BYTES, workers: WORKERS };
  const engine = "redis://127.0.0.1";
  const random = new Uint32Array(7);
  const replica = (data: string, offset: number) => ({ ...publication(data), offset });
  const memory = createChannelMemory({ ...made, random, engine: true });
  const before = new Stores(BYTES, WORKERS, memory);
  before.main.follow(NAME, { epoch: "abc", offset: 5 });
  before.first.openFeed();
  const { epoch } = before.first.subscribe(NAME);
  assertEquals(before.main.replicate(NAME, replica("six", 6)), "stored");
  assert(before.main.seal());
  assertEquals(before.first.epochText(epoch), "abc");

  const heir = heirOf(storeIdentity(memory, engine), { ...made, engine })!;
  const after = new Stores(
    BYTES,
    WORKERS,
    createChannelMemory({ ...made, engine: true, ...heir }),
  );
  assert(after.main.seal("awaiting"));
  after.adopt(before);
  assertEquals(after.first.epochText(epoch), "abc");
  assertEquals(after.main.follow(NAME, { epoch: "abc", offset: 6 }), "followed");
  const feed = after.first.openFeed();
  assertEquals(after.main.replicate(NAME, replica("seven", 7)), "stored");
  assertEquals(after.first.subscribe(NAME), { status: "subscribed", offset: 7, epoch });
  const sink = new TextSink();
  assertEquals(after.first.readSinceMove(epoch, feed.end, sink), true);
  assertEquals(sink.take(), ["7 seven"]);
  after.check();
});
