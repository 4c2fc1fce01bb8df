/** A full store: errors for publishers, no loss for others, and whose history gives way. */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../support/random.ts";
import { randomOperation } from "./random_operation.ts";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NOISY = utf8("noisy");
const QUIET = utf8("quiet");
const BOUNDS = { limit: 100_000, maxBytes: 2 ** 24 };
const KIB = "k".repeat(1024);
const ENDLESS = { historySize: 1_000_000, historyTtlMs: 3_600_000 };

Deno.test("room: a busy channel gives up its own history, never that of a quiet one", () => {
  const stores = new Stores(2 ** 20);
  for (let i = 1; i <= 20; i++) stores.first.publish(QUIET, publication(`q${i}`, ENDLESS));
  for (let i = 1; i <= 5000; i++) {
    assertEquals(stores.first.publish(NOISY, publication(KIB, ENDLESS)).offset, i);
  }
  const sink = new TextSink();
  assertEquals(stores.main.recover(QUIET, { offset: 0 }, BOUNDS, sink).status, "read");
  assertEquals(sink.take().length, 20);
  // Beside the noisy channel, the quiet one can still publish, and loses nothing by it.
  for (let i = 21; i <= 40; i++) {
    assertEquals(stores.first.publish(QUIET, publication(KIB, ENDLESS)).offset, i);
  }
  stores.main.recover(QUIET, { offset: 0 }, BOUNDS, sink);
  assertEquals(sink.take().length, 40);
  const { status } = stores.main.history(NOISY, { ...BOUNDS, limit: 300 }, sink);
  assertEquals([status, sink.take().length], ["read", 300]);
  assert(stores.main.figures().usedBytes <= stores.main.figures().usableBytes);
  stores.check();
});

Deno.test("room: a full store is an error for the publisher, and nothing is lost", () => {
  const stores = new Stores(2 ** 18);
  const names = Array.from({ length: 400 }, (_, i) => utf8(`channel-${i}`));
  const stored = names.filter((name) => {
    return stores.first.publish(name, publication(KIB, ENDLESS)).status === "stored";
  });
  assert(stored.length > 100 && stored.length < 300, `${stored.length} channels`);
  assertEquals(stores.first.publish(utf8("one more"), publication(KIB)).status, "full");
  const before = stores.first.publish(stored[0]!, publication(KIB + KIB, ENDLESS));
  assertEquals(before.status, "full", "its own history would not be enough");
  assertEquals(
    stores.first.join(utf8("x".repeat(255)), {
      client: utf8("c"),
      user: utf8("u"),
      info: utf8(KIB),
      announce: true,
    }),
    "full",
  );
  const sink = new TextSink();
  for (const name of stored) {
    assertEquals(stores.first.recover(name, { offset: 0 }, BOUNDS, sink).status, "read");
    assertEquals(sink.take().length, 1);
  }
  assert(stores.main.figures().refused >= 3);
  stores.check();
});

Deno.test("room: a refused publication costs the largest channel nothing", () => {
  const stores = new Stores(2 ** 18);
  // The noisy channel has a little more than an eighth, and the rest gives nothing.
  const { usableBytes } = stores.main.figures();
  const used = () => stores.main.figures().usedBytes;
  for (let i = 0; used() < usableBytes * 7 / 8 - 2500; i++) {
    stores.first.publish(utf8(`channel-${i}`), publication(KIB, ENDLESS));
  }
  while (used() < usableBytes - 1200) stores.first.publish(NOISY, publication(KIB, ENDLESS));
  const before = stores.main.figures();
  assertEquals(stores.first.publish(QUIET, publication(KIB.repeat(3), ENDLESS)).status, "full");
  assertEquals(stores.main.figures().publications, before.publications);
  assertEquals(stores.main.figures().evicted, before.evicted);
  stores.check();
});

Deno.test("room: what has expired makes room without a sweep of the main thread", () => {
  const stores = new Stores(2 ** 18);
  const brief = { historySize: 1000, historyTtlMs: 1000 };
  for (let i = 0; i < 1000; i++) {
    stores.first.publish(utf8(`channel-${i % 100}`), publication(KIB, brief));
  }
  stores.now += 2000;
  let full = 0;
  for (let i = 0; i < 100; i++) {
    // Each try visits a part of the table; a few suffice.
    const name = utf8(`fresh-${i}`);
    for (let tries = 0; tries < 20; tries++) {
      if (stores.first.publish(name, publication(KIB, ENDLESS)).status === "stored") break;
      full++;
    }
  }
  assert(full < 20, `full ${full} times`);
  stores.check();
});

Deno.test("room: channels without history publish in a full store", () => {
  const stores = new Stores(2 ** 18);
  const feed = stores.first.openFeed();
  stores.first.subscribe(QUIET);
  for (let i = 0; i < 400; i++) {
    stores.first.publish(utf8(`channel-${i}`), publication(KIB, ENDLESS));
  }
  assertEquals(stores.first.publish(utf8("one more"), publication(KIB, ENDLESS)).status, "full");
  const sink = new TextSink();
  for (let i = 1; i <= 300; i++) {
    const live = publication(`${KIB}${i}`, { historySize: 0 });
    assertEquals(stores.first.publish(QUIET, live).offset, i);
    feed.poll(sink, 100);
  }
  assertEquals(sink.take().length, 300);
  stores.check();
});

Deno.test("room: 100,000 channels in 64 MiB, and their memory is given back", () => {
  const stores = new Stores(64 * 2 ** 20);
  for (let i = 0; i < 100_000; i++) {
    const name = utf8(`personal:user-${i}`);
    assertEquals(
      stores.first.publish(name, publication("{}", { historySize: 5 })).status,
      "stored",
    );
  }
  assertEquals(stores.main.figures().channels, 100_000);
  stores.now += 120_000;
  stores.main.sweep(1);
  stores.now += 120_000;
  stores.main.sweep(1);
  const { channels, usedBytes } = stores.main.figures();
  assertEquals([channels, usedBytes], [0, 0]);
  stores.check();
});

Deno.test("room: publications of any length find a free block in a store that is full of others", () => {
  const stores = new Stores(2 ** 18);
  const random = new Random(7);
  for (let i = 0; i < 30_000; i++) {
    const length = random.below(random.below(10) === 0 ? 2000 : 300);
    const name = utf8(`noisy-${random.below(5)}`);
    const result = stores.first.publish(name, publication("x".repeat(length), ENDLESS));
    assertEquals(result.status, "stored", `${length} bytes`);
  }
  assert(stores.main.figures().evicted > 25_000);
  stores.check();
});

for (const seed of [1, 2, 3]) {
  Deno.test(`room: the invariants hold through random operations, seed ${seed}`, () => {
    const stores = new Stores(2 ** 17);
    const random = new Random(seed);
    const feed = stores.first.openFeed();
    for (let i = 0; i < 20_000; i++) {
      stores.now += random.below(300);
      randomOperation(stores.threads[random.below(2)]!, random);
      if (i % 7 === 0) feed.poll(new TextSink(), 1000);
      if (i % 500 === 0) stores.check();
    }
    stores.check();
  });
}
