/** The feed: each worker reads all entries in one order, knows how many it missed, and is rung once until it looks. */
import { assert, assertEquals } from "@std/assert";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");
const OTHER = utf8("chat:other");

Deno.test("feed: every worker gets the entries of all channels in one order", () => {
  const stores = new Stores();
  const feeds = [0, 1].map((worker) => stores.threads[worker]!.openFeed());
  for (const name of [NAME, OTHER]) {
    for (const worker of [0, 1]) stores.threads[worker]!.subscribe(name);
  }
  for (let i = 0; i < 6; i++) {
    const name = i % 2 === 0 ? NAME : OTHER;
    stores.threads[i % 3]!.publish(name, publication(`p${i}`, { fields: utf8("f") }));
  }
  const expected = ["1 p0 (f)", "1 p1 (f)", "2 p2 (f)", "2 p3 (f)", "3 p4 (f)", "3 p5 (f)"];
  for (const feed of feeds) {
    const sink = new TextSink();
    assertEquals(feed.poll(sink, 100), true);
    assertEquals(sink.take(), expected);
    assertEquals(feed.poll(sink, 100), true);
    assertEquals(sink.take(), []);
  }
  stores.check();
});

Deno.test("feed: a worker copies only what it wants, and begins at its present end", () => {
  const stores = new Stores();
  stores.first.subscribe(OTHER);
  const { epoch } = stores.first.subscribe(NAME);
  stores.main.publish(NAME, publication("before"));
  const feed = stores.first.openFeed();
  stores.main.publish(OTHER, publication("unwanted"));
  stores.main.publish(NAME, publication("wanted"));
  const sink = new TextSink((found) => found === epoch);
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["2 wanted"]);
});

Deno.test("feed: a channel without subscribers is not in the feed", () => {
  const stores = new Stores();
  const feed = stores.first.openFeed();
  stores.main.publish(NAME, publication("a"));
  stores.first.subscribe(NAME);
  stores.first.unsubscribe(NAME);
  stores.main.publish(NAME, publication("b"));
  const sink = new TextSink();
  feed.poll(sink, 100);
  assertEquals(sink.take(), []);
  assertEquals(stores.main.figures().feedBytes, 0);
});

Deno.test("feed: subscribe returns the offset from which on the feed has everything", () => {
  const stores = new Stores();
  const feed = stores.first.openFeed();
  stores.main.publish(NAME, publication("a"));
  assertEquals(stores.first.subscribe(NAME).offset, 1);
  stores.main.publish(NAME, publication("b"));
  const sink = new TextSink();
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["2 b"]);
});

Deno.test("feed: a worker that comes late knows how many entries it missed", () => {
  for (const [count, data] of [[65, "d"], [1000, "d"], [129, "d".repeat(400)]] as const) {
    const stores = new Stores();
    const feed = stores.first.openFeed();
    stores.first.subscribe(NAME);
    for (let i = 0; i < count; i++) stores.main.publish(NAME, publication(data));
    const sink = new TextSink();
    while (!feed.poll(sink, 1));
    const texts = sink.take();
    const [word, missed] = texts.shift()!.split(" ");
    assertEquals(word, "missed");
    assertEquals(Number(missed) + texts.length, count);
    assert(texts.length > 0);
    assertEquals(texts.map((text) => parseInt(text)), texts.map((_, i) => Number(missed) + i + 1));
    stores.check();
  }
});

Deno.test("feed: entry numbers wrap around", () => {
  const stores = new Stores();
  // The feed's numbers: tail, head, next, released (layout.ts).
  for (const word of [76, 108, 140, 141]) stores.words[word] = -100;
  const feed = stores.first.openFeed();
  stores.first.subscribe(NAME);
  const sink = new TextSink();
  for (let i = 1; i <= 300; i++) {
    stores.main.publish(NAME, publication("d"));
    if (i % 20 === 0) feed.poll(sink, 1000);
  }
  assertEquals(
    sink.take().map((text) => parseInt(text)),
    Array.from({ length: 300 }, (_, i) => i + 1),
  );
  stores.check();
});

Deno.test("bells: only workers with subscribers are rung, once until they look", () => {
  const stores = new Stores(64 * 1024, 3);
  const feeds = [0, 1].map((worker) => stores.threads[worker]!.openFeed());
  stores.threads[0]!.subscribe(NAME);
  stores.threads[1]!.subscribe(NAME);
  stores.threads[2]!.subscribe(OTHER);
  for (let i = 0; i < 5; i++) stores.main.publish(NAME, publication("d"));
  assertEquals(stores.rung.splice(0), [0, 1]);
  feeds[1]!.poll(new TextSink(), 100);
  stores.main.publish(NAME, publication("d"));
  assertEquals(stores.rung.splice(0), [1]);
  stores.threads[1]!.unsubscribe(NAME);
  for (const feed of feeds) feed.poll(new TextSink(), 100);
  stores.threads[0]!.publish(NAME, publication("d"));
  assertEquals(stores.rung.splice(0), [0], "a worker rings itself");
});

Deno.test("feed: a poll reads no more entries than it is asked for", () => {
  const stores = new Stores(256 * 1024);
  const feed = stores.first.openFeed();
  stores.first.subscribe(NAME);
  for (let i = 1; i <= 140; i++) stores.main.publish(NAME, publication(`${i}`));
  const sink = new TextSink();
  assertEquals([feed.poll(sink, 5), sink.take().length], [false, 5]);
  assertEquals([feed.poll(sink, 130), sink.take().length], [false, 130]);
  assertEquals([feed.poll(sink, 5), sink.take().length], [true, 5]);
});

Deno.test("feed: a poll without news lets the bell ring again", () => {
  const stores = new Stores();
  const feed = stores.first.openFeed();
  stores.first.subscribe(NAME);
  // Rings every worker, although there is nothing to read.
  stores.main.removeWorker(1);
  assertEquals(stores.rung.includes(0), true);
  for (let i = 0; i < 2; i++) {
    assertEquals(feed.poll(new TextSink(), 100), true);
    stores.rung.length = 0;
    stores.main.publish(NAME, publication("a"));
    assertEquals(stores.rung, [0]);
  }
});
