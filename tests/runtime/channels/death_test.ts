/**
 * A thread that dies before any step of an operation leaves nothing broken. Each operation is run again and again, and stopped
 * before its first access to the shared memory, its second, and so on. The main thread then removes the worker.
 * After that every invariant of the memory holds, the operation has happened or it has not, and the store goes on.
 */
import { assert, assertEquals } from "@std/assert";
import { ChannelStore } from "../../../runtime/channels/channel_store.ts";
import { MemoryRecorder } from "../ring/memory_recorder.ts";
import { Random } from "../../support/random.ts";
import { randomOperation } from "./random_operation.ts";
import { publication, Stores, textOf, TextSink, utf8 } from "./stores.ts";

class Death extends Error {}

const NAME = utf8("chat:index");
const OTHER = utf8("other");
const BOUNDS = { limit: 10_000, maxBytes: 2 ** 20 };
const LONG = "x".repeat(200);

interface Operation {
  name: string;
  /** What happened before, on other threads or this one. */
  before?: (stores: Stores) => void;
  /** What the dying worker does. */
  action: (worker: ChannelStore) => void;
}

const member = (client: string, user: string, info = "info") => {
  return { client: utf8(client), user: utf8(user), info: utf8(info), announce: true };
};

/** Follows another channel from offset 7 on, with subscribers and a publication. */
function followOther({ main, threads }: Stores): void {
  main.follow(OTHER, { epoch: "1-a", offset: 7 });
  threads[0]!.subscribe(OTHER);
  main.replicate(OTHER, { ...publication("a"), offset: 8 });
}

/** Fills the feed and the history of the channel. */
function fill(stores: Stores, count: number, data = "d"): void {
  for (let i = 0; i < count; i++) {
    stores.main.publish(NAME, publication(data, { historySize: 100_000 }));
  }
}

const OPERATIONS: Operation[] = [
  { name: "publish to a new channel", action: (w) => w.publish(utf8("new"), publication("a")) },
  {
    name: "publish",
    before: (stores) => fill(stores, 3),
    action: (w) => w.publish(NAME, publication(LONG)),
  },
  {
    name: "publish beyond the size of the history",
    before: (stores) => fill(stores, 5),
    action: (w) => w.publish(NAME, publication("a", { historySize: 3 })),
  },
  {
    name: "publish when the feed is full",
    before: (stores) => fill(stores, 64),
    action: (w) => w.publish(NAME, publication("a", { historySize: 100_000 })),
  },
  {
    name: "publish when the store is full of this channel",
    before: (stores) => fill(stores, 200, LONG),
    action: (w) => w.publish(NAME, publication(LONG, { historySize: 100_000 })),
  },
  {
    name: "publish when the store is full of another channel",
    before: (stores) => fill(stores, 200, LONG),
    action: (w) => w.publish(utf8("other"), publication(LONG)),
  },
  {
    name: "publish with a key and a version",
    before: (stores) => {
      const version = { version: 1, versionEpoch: utf8("a") };
      stores.main.publish(NAME, publication("a", { version, idempotencyKey: utf8("1") }));
    },
    action: (w) => {
      const version = { version: 1, versionEpoch: utf8("bb") };
      w.publish(NAME, publication("b", { version, idempotencyKey: utf8("2") }));
    },
  },
  {
    name: "publish with a key that has expired, and expired history",
    before: (stores) => {
      stores.main.publish(NAME, publication("a", { idempotencyKey: utf8("1") }));
      fill(stores, 3);
      stores.now += 6 * 60_000;
    },
    action: (w) => w.publish(NAME, publication("b", { idempotencyKey: utf8("1") })),
  },
  { name: "subscribe", action: (w) => w.subscribe(utf8("new")) },
  { name: "unsubscribe", action: (w) => w.unsubscribe(NAME) },
  { name: "join", action: (w) => w.join(NAME, member("c1", "u1")) },
  {
    name: "join again with another info",
    before: (stores) => {
      stores.threads[1]!.join(NAME, member("c0", "u0"));
      stores.first.join(NAME, member("c1", "u1"));
      stores.first.join(NAME, member("c2", "u1"));
    },
    action: (w) => w.join(NAME, member("c1", "u2", "longer info")),
  },
  {
    name: "leave, the last of a user",
    before: (stores) => {
      for (const client of ["c1", "c2", "c3"]) stores.first.join(NAME, member(client, client));
    },
    action: (w) => w.leave(NAME, utf8("c2")),
  },
  {
    name: "leave, one of two of a user, when the feed is full",
    before: (stores) => {
      for (const client of ["c1", "c2"]) stores.first.join(NAME, member(client, "u"));
      fill(stores, 64);
    },
    action: (w) => w.leave(NAME, utf8("c1")),
  },
  {
    name: "recover",
    before: (stores) => fill(stores, 5),
    action: (w) => w.recover(NAME, { offset: 0 }, BOUNDS, new TextSink()),
  },
  {
    name: "remove the history",
    before: (stores) => fill(stores, 5),
    action: (w) => w.removeHistory(NAME),
  },
  {
    name: "follow a new channel",
    action: (w) => w.follow(utf8("new"), { epoch: "1-a", offset: 7 }),
  },
  {
    name: "follow a channel with another epoch, subscribers, a history and a version",
    before: (stores) => {
      stores.main.publish(OTHER, publication("a", { version: { version: 1, versionEpoch: NAME } }));
      followOther(stores);
    },
    action: (w) => w.follow(OTHER, { epoch: "2-b", offset: 20 }),
  },
  {
    name: "lose a followed channel, when the feed is full",
    before: (stores) => {
      followOther(stores);
      fill(stores, 64);
    },
    action: (w) => w.lose(OTHER),
  },
  {
    name: "replicate",
    before: ({ main, threads }) => {
      main.follow(NAME, { epoch: "1-a", offset: 7 });
      for (const worker of [0, 1]) threads[worker]!.subscribe(NAME);
      main.replicate(NAME, { ...publication("a"), offset: 8 });
    },
    action: (w) => w.replicate(NAME, { ...publication("b"), offset: 9 }),
  },
  {
    name: "unfollow",
    before: (stores) => {
      followOther(stores);
      stores.first.unsubscribe(OTHER);
    },
    action: (w) => w.unfollow(OTHER),
  },
  {
    name: "take a token from a new bucket and from another one",
    before: ({ main }) => void main.takeTokens([{ key: OTHER, count: 9, time: 60_000 }]),
    action: (w) => void w.takeTokens([NAME, OTHER].map((key) => ({ key, count: 9, time: 60_000 }))),
  },
  {
    name: "take a token when the store is full and buckets have expired",
    before: (stores) => {
      for (let i = 0; i < 20; i++) {
        stores.main.takeTokens([{ key: utf8(`${i}`), count: 1, time: 1 }]);
      }
      fill(stores, 200, LONG);
      stores.now += 1000;
    },
    action: (w) => void w.takeTokens([{ key: NAME, count: 9, time: 60_000 }]),
  },
  {
    name: "sweep",
    before: (stores) => {
      fill(stores, 2);
      const version = { version: 1, versionEpoch: utf8("a") };
      const all = { historyTtlMs: 1, version, idempotencyKey: utf8("1") };
      for (const name of ["a", "b", "c"]) stores.main.publish(utf8(name), publication(name, all));
      stores.now += 10 * 60_000;
    },
    action: (w) => w.sweep(1),
  },
];

for (const operation of OPERATIONS) {
  Deno.test(`channels: a thread dies before every step of: ${operation.name}`, () => {
    const prepared = new Stores();
    for (const worker of [0, 1]) prepared.threads[worker]!.subscribe(NAME);
    operation.before?.(prepared);
    let step = 0;
    while (dies(prepared.copy(), operation, step)) step++;
    assert(step > 10, `only ${step} steps`);
  });
}

Deno.test("channels: a thread dies in a random operation in a random store, again and again", () => {
  const random = new Random(1);
  const stores = new Stores(2 ** 17);
  for (let round = 0; round < 300; round++) {
    for (let i = random.below(60); i > 0; i--) {
      stores.now += random.below(500);
      randomOperation(stores.threads[1]!, random);
      randomOperation(stores.open(0), random);
    }
    dieAt(stores, random.below(400), (worker) => randomOperation(worker, random));
    const removal = stores.main.removeWorker(0);
    while (!removal.step());
    stores.check();
  }
  assert(stores.main.figures().rolledBack > 50);
});

/** Runs the operation, dying before a step; returns false if it has fewer steps. */
function dies(stores: Stores, { action }: Operation, step: number): boolean {
  const sink = new TextSink();
  const feed = stores.threads[1]!.openFeed();
  const died = dieAt(stores, step, action);
  // Another worker looks before the main thread has noticed the death.
  feed.poll(sink, 10_000);
  const removal = stores.open(2).removeWorker(0);
  while (!removal.step());
  stores.check();
  goesOn(stores, () => {
    feed.poll(sink, 10_000);
    return sink.take();
  });
  return died;
}

/** A worker whose memory fails from a step on, as that of a dead thread. */
function dieAt(stores: Stores, step: number, action: Operation["action"]): boolean {
  const recorder = new MemoryRecorder();
  const words = recorder.watch(new Int32Array(stores.memory), () => "word");
  const bytes = recorder.watch(new Uint8Array(stores.memory), () => "byte");
  const options = { writer: 0, now: () => stores.now, ring: () => {} };
  const worker = recorder.record(() => new ChannelStore({ words, bytes }, options));
  recorder.steps = 0;
  recorder.before = (at) => {
    if (at >= step) throw new Death();
  };
  try {
    recorder.record(() => action(worker));
    return false;
  } catch (error) {
    if (!(error instanceof Death)) throw error;
    return true;
  }
}

/** After the removal, others publish, and what they read fits together. */
function goesOn(stores: Stores, live: () => string[]): void {
  const { main } = stores;
  const earlier = live();
  const sink = new TextSink();
  const { offset, epoch } = main.history(NAME, BOUNDS, sink);
  const offsets = earlier.map((text) => parseInt(text)).filter((number) => number > 0);
  // What the feed has shown is in the store: no offset is given a second time.
  assert(offsets.every((one) => one <= offset), `${offsets} above ${offset}`);
  sink.take();
  const result = main.publish(NAME, publication("after"));
  assertEquals(result, { status: "stored", offset: offset + 1, epoch, subscribers: 1 });
  assertEquals(live(), [`${offset + 1} after`]);
  main.recover(NAME, { offset, epoch }, BOUNDS, sink);
  assertEquals(sink.take(), [`${offset + 1} after`]);
  // The members of the dead worker are gone, that of the other one is not.
  const clients: string[] = [];
  main.presence(NAME, 10, (client) => clients.push(textOf(client)));
  assertEquals(clients.filter((client) => client !== "c0"), []);
  assert(stores.rung.includes(1), "the living worker was rung");
  stores.check();
}
