/** Subscriptions with deltas: which publications are whole, and that each delta belongs to what the client has. */

import { assert, assertEquals } from "@std/assert";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { DeltaReader } from "../../../support/delta_reader.ts";
import { Random } from "../../../support/random.ts";
import { Stores } from "../../channels/stores.ts";
import { type BenchClient, ClientBench, type Reply, SLOW_BYTES } from "./client_bench.ts";

const DELTA = {
  ...OPEN,
  presence: false,
  allowedDeltaTypes: ["fossil"],
  deltaPublish: true,
} as const;
const JOINS = { ...DELTA, presence: true, joinLeave: true, forcePushJoinLeave: true };
const SKIP = { ...DELTA, slowPolicy: "skip" } as const;
const LIVE = { ...SKIP, historySize: 0, historyTime: 0 };
const ASKED = { ...DELTA, deltaPublish: false };
const NAMESPACES = { delta: DELTA, joins: JOINS, skip: SKIP, live: LIVE, asked: ASKED, chat: OPEN };

function start(): ClientBench {
  return new ClientBench({
    config: { namespaces: NAMESPACES },
    stores: new Stores(16 * 1024 * 1024),
    limits: { commandsPerSecond: 1_000_000 },
  });
}

const LONG = Array.from({ length: 40 }, (_, i) => `part ${i}`).join(", ");

/** A document that differs from the others a little. */
function document(i: number) {
  return { i, text: LONG, end: `é${i}` };
}

/** A client with a subscription, and what it has read. */
class Reader {
  readonly client: BenchClient;
  readonly channel: string;
  readonly read: unknown[] = [];
  readonly offsets: (number | undefined)[] = [];
  reader = new DeltaReader();
  result: Reply;

  constructor(client: BenchClient, channel: string) {
    this.client = client;
    this.channel = channel;
  }

  static async subscribe(
    bench: ClientBench,
    channel: string,
    more: object = {},
  ): Promise<Reader> {
    const reader = new Reader(await bench.client().connect(), channel);
    await reader.again(more);
    return reader;
  }

  /** Subscribes; what the client has stays its base, as in `centrifuge`. */
  async again(more: object = {}): Promise<void> {
    const subscribe = { channel: this.channel, delta: "fossil", ...more };
    this.note(await this.client.send({ subscribe }));
  }

  note(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.subscribe !== undefined) this.result = reply.subscribe;
      for (const publication of reply.subscribe?.publications ?? []) this.#take(publication);
      if (reply.push?.pub !== undefined) this.#take(reply.push.pub);
    }
  }

  take(): this {
    this.note(this.client.take());
    return this;
  }

  get deltas(): number {
    return this.reader.deltas;
  }

  #take(publication: Reply): void {
    this.read.push(this.reader.read(publication));
    this.offsets.push(publication.offset);
  }
}

/** Publishes, with a turn of the loop after each. */
async function publish(
  bench: ClientBench,
  publisher: BenchClient,
  channel: string,
  ...all: readonly unknown[]
): Promise<void> {
  for (const data of all) {
    await publisher.send({ publish: { channel, data } });
    bench.settle();
  }
}

Deno.test("deltas: the first publication is whole, the others are deltas, also several in one message", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const one = await Reader.subscribe(bench, "delta:a");
  assertEquals(one.result.delta, true);
  const plain = await bench.client().connect();
  await plain.send({ subscribe: { channel: "delta:a" } });
  for (let i = 0; i < 3; i++) {
    await publisher.send({ publish: { channel: "delta:a", data: document(i) } });
  }
  bench.settle();
  const other = await Reader.subscribe(bench, "delta:a", { flag: 1 });
  await publish(bench, publisher, "delta:a", document(3), document(4));
  assertEquals(one.take().read, [0, 1, 2, 3, 4].map(document));
  assertEquals(other.take().read, [3, 4].map(document));
  assertEquals([one.deltas, other.deltas], [4, 1]);
  assertEquals(plain.take().map(({ push }) => push.pub.data), [0, 1, 2, 3, 4].map(document));
  assertEquals(bench.counters.get(CHANNEL_COLUMN.deltaDeliveries), 5);
  const saved = bench.counters.get(CHANNEL_COLUMN.deltaSavedBytes);
  assert(saved > 5 * 300 && saved < 5 * 450, String(saved));
});

Deno.test("deltas: only what is smaller is one", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const one = await Reader.subscribe(bench, "delta:a");
  const all = [1, 2, "x", document(1), 3, document(1), document(1)];
  await publish(bench, publisher, "delta:a", ...all);
  assertEquals(one.take().read, all);
  assertEquals(one.deltas, 1, "the one that is the same again");
});

Deno.test("deltas: a namespace without them, and another kind", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const plain = await bench.client().connect();
  const [reply] = await plain.send({ subscribe: { channel: "chat:a", delta: "fossil" } });
  assertEquals(reply.subscribe.delta, undefined);
  await publish(bench, publisher, "chat:a", document(1), document(2));
  assertEquals(plain.take().map(({ push }) => push.pub.data), [1, 2].map(document));
  await plain.send({ subscribe: { channel: "delta:a", delta: "xdelta" } });
  assertEquals(plain.link.ended?.code, 3501);
});

Deno.test("deltas: without being asked for, publications are strings", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const one = await Reader.subscribe(bench, "asked:a");
  await publish(bench, publisher, "asked:a", document(1), document(2));
  assertEquals(one.take().read, [1, 2].map(document));
  assertEquals(one.deltas, 0);
});

Deno.test("deltas: joins and leaves in between change nothing", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const one = await Reader.subscribe(bench, "joins:a");
  for (let i = 0; i < 4; i++) {
    const guest = await bench.client().connect();
    await guest.send({ subscribe: { channel: "joins:a" } });
    bench.settle();
    await publish(bench, publisher, "joins:a", document(i));
    await guest.send({ unsubscribe: { channel: "joins:a" } });
    bench.settle();
  }
  assertEquals(one.take().read, [0, 1, 2, 3].map(document));
  assertEquals(one.deltas, 3);
});

Deno.test("deltas: a recovery begins whole, and what follows it builds on it", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const keeper = await Reader.subscribe(bench, "delta:a");
  await publish(bench, publisher, "delta:a", document(0), document(1), document(2));
  const [{ history: { epoch } }] = await publisher.send({ history: { channel: "delta:a" } });
  const one = await Reader.subscribe(bench, "delta:a", {
    recover: true,
    recoverable: true,
    offset: 1,
    epoch,
  });
  assertEquals([one.result.recovered, one.result.delta, one.deltas], [true, true, 1]);
  const nothing = await Reader.subscribe(bench, "delta:a", {
    recover: true,
    recoverable: true,
    offset: 3,
    epoch,
  });
  await publish(bench, publisher, "delta:a", document(3), document(4));
  assertEquals(one.take().read, [1, 2, 3, 4].map(document));
  assertEquals(one.deltas, 3);
  // It may have named a position without having got the publication there.
  assertEquals(nothing.take().read, [3, 4].map(document));
  assertEquals(nothing.deltas, 1);
  assertEquals(keeper.take().deltas, 4);
});

Deno.test("deltas: a publication without an offset is the base of the next one", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const one = await Reader.subscribe(bench, "delta:a", { recoverable: true });
  await publish(bench, publisher, "delta:a", document(0));
  const name = new TextEncoder().encode("delta:a");
  const data = new TextEncoder().encode(JSON.stringify(document(1)));
  const options = { form: 4, historySize: 10, historyTtlMs: 60_000 } as const;
  bench.context.broker.publish(name, { ...options, data, skipHistory: true });
  bench.settle();
  const [{ history: { epoch } }] = await publisher.send({ history: { channel: "delta:a" } });
  // Its base is the publication before that one.
  const late = await Reader.subscribe(bench, "delta:a", {
    recover: true,
    recoverable: true,
    offset: 0,
    epoch,
  });
  await publish(bench, publisher, "delta:a", document(2));
  assertEquals(one.take().read, [0, 1, 2].map(document));
  assertEquals(one.deltas, 2);
  assertEquals(late.take().read, [0, 2].map(document));
});

Deno.test("deltas: who skips gets the newest whole, each time, and then deltas again", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const [one, slow] = [
    await Reader.subscribe(bench, "live:a"),
    await Reader.subscribe(bench, "live:a"),
  ];
  await publish(bench, publisher, "live:a", document(0), document(1));
  slow.client.link.isReading = false;
  slow.client.link.queuedBytes = SLOW_BYTES + 1;
  // The first message that is not sent is a delta for the others.
  await publish(bench, publisher, "live:a", document(2));
  slow.take();
  slow.note(await slow.client.read());
  assertEquals(slow.read, [0, 1, 2].map(document));
  slow.client.link.queuedBytes = SLOW_BYTES + 1;
  await publish(bench, publisher, "live:a", document(3), document(4), document(5));
  slow.take();
  slow.note(await slow.client.read());
  assertEquals(slow.read, [0, 1, 2, 5].map(document));
  assertEquals(slow.deltas, 1);
  slow.client.link.isReading = true;
  slow.client.link.queuedBytes = 0;
  await publish(bench, publisher, "live:a", document(6), document(7));
  assertEquals(slow.take().read, [0, 1, 2, 5, 6, 7].map(document));
  assertEquals(slow.deltas, 2);
  assertEquals([one.take().deltas, one.read.length], [7, 8]);
});

Deno.test("deltas: who skips and counts offsets subscribes again, and its recovery begins whole", async () => {
  const bench = start();
  const publisher = await bench.client().connect();
  const slow = await Reader.subscribe(bench, "skip:a", { recoverable: true });
  const { epoch } = slow.result;
  await publish(bench, publisher, "skip:a", document(0), document(1));
  slow.take();
  slow.client.link.queuedBytes = SLOW_BYTES + 1;
  await publish(bench, publisher, "skip:a", document(2), document(3));
  const [{ push }] = slow.client.take();
  assertEquals(push.unsubscribe.code, 2500);
  slow.client.link.queuedBytes = 0;
  await slow.again({ recover: true, recoverable: true, offset: 2, epoch });
  await publish(bench, publisher, "skip:a", document(4));
  assertEquals(slow.take().read, [0, 1, 2, 3, 4].map(document));
  // Without a subscriber in between, the worker has forgotten what came last.
  assertEquals(slow.deltas, 2);
});

Deno.test("deltas: at random, every client restores what was published", async () => {
  for (let seed = 0; seed < 60; seed++) {
    try {
      await randomRun(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

async function randomRun(random: Random): Promise<void> {
  const bench = start();
  const publisher = await bench.client().connect();
  const readers: Reader[] = [];
  const published: unknown[] = [];
  const channel = "live:a";
  for (let step = 0; step < 80; step++) {
    const reader = readers.length === 0 ? undefined : readers[random.below(readers.length)]!;
    const action = random.below(10);
    if (action < 5) {
      const data = random.below(8) === 0 ? step : document(step);
      published.push(data);
      await publisher.send({ publish: { channel, data } });
      if (random.below(2) === 0) bench.settle();
    } else if (action === 5 && readers.length < 6) {
      const flag = random.below(2);
      readers.push(await Reader.subscribe(bench, channel, { flag }));
    } else if (action === 6 && reader !== undefined) {
      reader.client.link.isReading = false;
      reader.client.link.queuedBytes = SLOW_BYTES + 1;
    } else if (action === 7 && reader !== undefined) {
      reader.client.link.isReading = true;
      reader.note(await reader.client.read());
    } else if (action === 8 && reader !== undefined) {
      reader.take();
    } else if (action === 9 && reader !== undefined && reader.client.link.queuedBytes === 0) {
      reader.take();
      reader.note(await reader.client.send({ unsubscribe: { channel } }));
      await reader.again();
    }
  }
  bench.settle();
  for (const reader of readers) {
    reader.take();
    reader.note(await reader.client.read());
    for (const [i, offset] of reader.offsets.entries()) {
      assertEquals(reader.read[i], published[offset! - 1]);
    }
    assertEquals(reader.client.link.ended, undefined);
  }
}
