/** The figures for metrics: what they count, and how far a worker is behind. */

import { assertEquals } from "@std/assert";
import { checkStore } from "./check_store.ts";
import { Stores, utf8 } from "./stores.ts";

const SINK = { wants: () => true, missed: () => {}, entry: () => {} };

Deno.test("figures: channels whose names are not UTF-8 are counted as the server's own", () => {
  const stores = new Stores();
  stores.first.subscribe(utf8("a"));
  stores.first.subscribe(new Uint8Array([0xff, 1]));
  const kept = { data: utf8("x"), historySize: 10, historyTtlMs: 1_000 };
  for (let i = 0; i < 3; i++) stores.main.publish(utf8("a"), kept);
  stores.main.publish(new Uint8Array([0xff, 1]), kept);
  const { channels, ownChannels, publications, ownPublications } = stores.main.figures();
  assertEquals([channels, ownChannels, publications, ownPublications], [2, 1, 4, 1]);
  stores.first.unsubscribe(utf8("a"));
  stores.first.unsubscribe(new Uint8Array([0xff, 1]));
  stores.now += 120_000;
  stores.main.sweep(1);
  const after = stores.main.figures();
  assertEquals([after.channels, after.ownChannels, after.ownPublications], [0, 0, 0]);
  checkStore(stores.words);
});

Deno.test("figures: a worker is behind by what it has to read, and not by what is for others", () => {
  const stores = new Stores(1024 * 1024);
  const feeds = [stores.threads[0]!, stores.threads[1]!].map((store) => store.openFeed());
  stores.first.subscribe(utf8("a"));
  const live = { data: utf8("x"), historySize: 0, historyTtlMs: 0 };
  for (let i = 0; i < 200; i++) stores.main.publish(utf8("a"), live);
  assertEquals(stores.main.figures().unread, [200, 0]);
  assertEquals(feeds[0]!.poll(SINK, 128), false);
  assertEquals(stores.main.figures().unread, [72, 0]);
  assertEquals(feeds[0]!.poll(SINK, 128), true);
  assertEquals(stores.main.figures().unread, [0, 0]);
});
