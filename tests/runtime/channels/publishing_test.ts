/** Publications: offsets, history by number and age, idempotency keys, versions, and what is not kept. */
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { createChannelMemory, openChannelStore } from "../../../runtime/channels/mod.ts";
import { publication, Stores, TextSink, utf8 } from "./stores.ts";

const NAME = utf8("chat:index");
const BOUNDS = { limit: 10_000, maxBytes: 2 ** 20 };

Deno.test("channels: offsets are 1, 2, 3 whichever thread publishes", () => {
  const stores = new Stores();
  const offsets = Array.from({ length: 9 }, (_, i) => {
    return stores.threads[i % 3]!.publish(NAME, publication(`p${i}`));
  });
  assertEquals(offsets.map(({ offset }) => offset), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(new Set(offsets.map(({ epoch }) => epoch)).size, 1);
  assertEquals(offsets[0]!.status, "stored");
  stores.check();
});

Deno.test("channels: the order and the offset go on beyond 2^32", () => {
  const stores = new Stores();
  stores.first.publish(NAME, publication("a", { historySize: 0 }));
  // The offset is the only word with the value 1 whose neighbour is 0 in the channel's record.
  setOffset(stores, 2 ** 32 - 2);
  const sink = new TextSink();
  for (const data of ["b", "c", "d"]) stores.first.publish(NAME, publication(data));
  const result = stores.first.recover(NAME, { offset: 2 ** 32 - 2 }, BOUNDS, sink);
  assertEquals(result.status, "read");
  assertEquals(sink.take(), [`${2 ** 32 - 1} b`, `${2 ** 32} c`, `${2 ** 32 + 1} d`]);
  stores.check();
});

function setOffset(stores: Stores, offset: number): void {
  const bytes = new Uint8Array(stores.memory);
  const name = findBytes(bytes, NAME);
  const channel = name / 4 - 2 - 16; // two workers, sixteen fixed words: records.ts
  stores.words[channel + 4] = offset | 0;
  stores.words[channel + 5] = Math.floor(offset / 2 ** 32);
}

function findBytes(bytes: Uint8Array, wanted: Uint8Array): number {
  return bytes.findIndex((_, at) => wanted.every((byte, i) => bytes[at + i] === byte));
}

Deno.test("channels: the history keeps so many publications, in order, with fields and data", () => {
  const stores = new Stores();
  for (let i = 1; i <= 10; i++) {
    stores.first.publish(NAME, publication(`p${i}`, { historySize: 3, fields: utf8(`f${i}`) }));
  }
  const sink = new TextSink();
  const result = stores.threads[1]!.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), ["8 p8 (f8)", "9 p9 (f9)", "10 p10 (f10)"]);
  assertEquals([result.status, result.offset], ["read", 10]);
  stores.check();
});

Deno.test("channels: the history keeps a publication for its time, and not much longer", () => {
  const stores = new Stores();
  const sink = new TextSink();
  stores.first.publish(NAME, publication("a", { historyTtlMs: 1000 }));
  stores.now += 1000;
  stores.first.publish(NAME, publication("b", { historyTtlMs: 1000 }));
  stores.first.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), ["1 a", "2 b"]);
  stores.now += 150;
  stores.first.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), ["2 b"]);
  stores.check();
});

Deno.test("channels: a clock that is set back expires nothing early and keeps nothing forever", () => {
  const stores = new Stores();
  const sink = new TextSink();
  stores.first.publish(NAME, publication("a", { historyTtlMs: 1000 }));
  stores.now -= 3_600_000;
  stores.first.publish(NAME, publication("b", { historyTtlMs: 1000 }));
  stores.first.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), ["1 a", "2 b"]);
  stores.now += 3_600_000 + 1150;
  stores.first.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), []);
  stores.check();
});

Deno.test("channels: a publication with a used idempotency key gets the first answer for five minutes", () => {
  const stores = new Stores();
  const keyed = (data: string) => publication(data, { idempotencyKey: utf8("k1") });
  const first = stores.first.publish(NAME, keyed("a"));
  stores.main.publish(NAME, publication("b"));
  const again = stores.main.publish(NAME, keyed("a"));
  assertEquals(again, { ...first, status: "repeated" });
  // The key holds for its channel only, and another key is another publication.
  assertEquals(stores.first.publish(utf8("other"), keyed("a")).status, "stored");
  assertEquals(
    stores.first.publish(NAME, publication("c", { idempotencyKey: utf8("k2") })).offset,
    3,
  );
  stores.now += 5 * 60_000 - 1;
  assertEquals(stores.first.publish(NAME, keyed("a")).status, "repeated");
  stores.now += 200;
  assertEquals(stores.first.publish(NAME, keyed("a")), { ...first, offset: 4 });
  stores.check();
});

Deno.test("channels: a version that is not newer is skipped, unless the version epoch is another", () => {
  const stores = new Stores();
  const publish = (version: number, epoch: string) =>
    stores.first.publish(
      NAME,
      publication("s", { version: { version, versionEpoch: utf8(epoch) } }),
    );
  const rows: [version: number, epoch: string, status: string, offset: number][] = [
    [5, "a", "stored", 1],
    [5, "a", "skipped", 1],
    [4, "a", "skipped", 1],
    [4, "", "skipped", 1],
    [6, "a", "stored", 2],
    [1, "bb", "stored", 3],
    [1, "bb", "skipped", 3],
    [2, "", "stored", 4],
    [2 ** 53 - 1, "", "stored", 5],
    [2 ** 53 - 2, "", "skipped", 5],
  ];
  for (const [version, epoch, status, offset] of rows) {
    const result = publish(version, epoch);
    assertEquals([result.status, result.offset], [status, offset], `${version} ${epoch}`);
    stores.check();
  }
});

Deno.test("channels: a publication that skips the history has no offset and is live only", () => {
  const stores = new Stores();
  const feed = stores.first.openFeed();
  stores.first.subscribe(NAME);
  stores.main.publish(NAME, publication("a"));
  const result = stores.main.publish(NAME, publication("b", { skipHistory: true }));
  stores.main.publish(NAME, publication("c"));
  assertEquals([result.status, result.offset], ["stored", 0]);
  const sink = new TextSink();
  feed.poll(sink, 100);
  assertEquals(sink.take(), ["1 a", "b", "2 c"]);
  stores.first.history(NAME, BOUNDS, sink);
  assertEquals(sink.take(), ["1 a", "2 c"]);
  stores.check();
});

Deno.test("channels: a channel without history counts offsets, and turning history on leaves no hole", () => {
  const stores = new Stores();
  const sink = new TextSink();
  stores.first.publish(NAME, publication("a"));
  stores.first.publish(NAME, publication("b", { historySize: 0 }));
  assertEquals(stores.first.recover(NAME, { offset: 0 }, BOUNDS, sink).status, "unrecoverable");
  assertEquals(stores.first.publish(NAME, publication("c")).offset, 3);
  assertEquals(stores.first.recover(NAME, { offset: 0 }, BOUNDS, sink).status, "unrecoverable");
  assertEquals(stores.first.recover(NAME, { offset: 2 }, BOUNDS, sink).status, "read");
  assertEquals(sink.take(), ["3 c"]);
  stores.check();
});

Deno.test("channels: pages of the history, both ways", () => {
  const stores = new Stores();
  for (let i = 1; i <= 6; i++) stores.first.publish(NAME, publication(`${i}`, { historySize: 5 }));
  const sink = new TextSink();
  const { epoch } = stores.first.history(NAME, { limit: 0, maxBytes: 1000 }, sink);
  const maxBytes = 2 ** 20;
  const rows: [query: object, status: string, offsets: string][] = [
    [{ limit: 0 }, "read", ""],
    [{ limit: 2 }, "read", "23"],
    [{ limit: 2, since: { offset: 3, epoch } }, "read", "45"],
    [{ limit: 9, since: { offset: 6, epoch } }, "read", ""],
    [{ limit: 9, since: { offset: 0, epoch } }, "unrecoverable", ""],
    [{ limit: 9, since: { offset: 3, epoch: epoch + 1 } }, "unrecoverable", ""],
    [{ limit: 2, reverse: true }, "read", "65"],
    [{ limit: 9, reverse: true }, "read", "65432"],
    [{ limit: 9, reverse: true, since: { offset: 4, epoch } }, "read", "32"],
    [{ limit: 9, reverse: true, since: { offset: 2, epoch } }, "read", ""],
  ];
  for (const [query, status, offsets] of rows) {
    const result = stores.first.history(NAME, { limit: 9, maxBytes, ...query }, sink);
    const found = sink.take().map((text) => text.split(" ")[0]).join("");
    assertEquals([result.status, found], [status, offsets], JSON.stringify(query));
    assertEquals(result.offset, 6);
  }
  assertEquals(stores.first.history(utf8("none"), { limit: 1, maxBytes }, sink).status, "missing");
});

Deno.test("channels: a page behind a position is refused if all that follows it is gone", () => {
  const stores = new Stores();
  for (const text of ["a", "b"]) stores.first.publish(NAME, publication(text));
  stores.main.removeHistory(NAME);
  const rows: [query: object, status: string][] = [
    [{ since: { offset: 1 } }, "unrecoverable"],
    [{ since: { offset: 0 } }, "unrecoverable"],
    [{ since: { offset: 2 } }, "read"],
    [{ since: { offset: 9 } }, "read"],
    // The position alone, and pages that go back.
    [{ since: { offset: 1 }, limit: 0 }, "read"],
    [{ since: { offset: 1 }, reverse: true }, "read"],
    [{}, "read"],
  ];
  for (const [query, status] of rows) {
    const found = stores.first.history(NAME, { ...BOUNDS, ...query }, new TextSink());
    assertEquals([found.status, found.offset], [status, 2], JSON.stringify(query));
  }
});

Deno.test("channels: a page has what fits into its bytes, and says that there is more", () => {
  const stores = new Stores(256 * 1024);
  // 36 bytes of each beside its data.
  for (let i = 1; i <= 300; i++) {
    stores.first.publish(NAME, publication("x".repeat(64), { historySize: 1_000 }));
  }
  const sink = new TextSink();
  const pages = (query: object) => {
    const { status, isCut } = stores.first.history(NAME, {
      limit: 1_000,
      maxBytes: 1_000,
      ...query,
    }, sink);
    return [status, isCut, ...sink.take().map((text) => Number(text.split(" ")[0]))];
  };
  const numbers = (from: number, step: number) =>
    Array.from({ length: 10 }, (_, i) => from + step * i);
  assertEquals(pages({}), ["read", true, ...numbers(1, 1)]);
  assertEquals(pages({ since: { offset: 150 } }), ["read", true, ...numbers(151, 1)]);
  assertEquals(pages({ reverse: true }), ["read", true, ...numbers(300, -1)]);
  assertEquals(pages({ since: { offset: 290 } }), ["read", undefined, ...numbers(291, 1)]);
  assertEquals(pages({ limit: 10 }), ["read", undefined, ...numbers(1, 1)]);
  assertEquals(pages({ maxBytes: 50 }), ["unrecoverable", true]);
  // A recovery is whole, or nothing, and says which bound was too narrow.
  const recovered = (offset: number, bounds: { limit: number; maxBytes: number }) => {
    const { status, exceeds } = stores.first.recover(NAME, { offset }, bounds, sink);
    return [status, exceeds, sink.take().length];
  };
  assertEquals(recovered(0, { limit: 1_000, maxBytes: 1_000 }), ["unrecoverable", "maxBytes", 0]);
  assertEquals(recovered(0, { limit: 299, maxBytes: 2 ** 20 }), ["unrecoverable", "limit", 0]);
  assertEquals(recovered(0, { limit: 300, maxBytes: 2 ** 20 }), ["read", undefined, 300]);
  assertEquals(recovered(301, { limit: 0, maxBytes: 0 }), ["unrecoverable", undefined, 0]);
  stores.check();
});

Deno.test("channels: removing a history keeps the offset and the epoch", () => {
  const stores = new Stores();
  const sink = new TextSink();
  const before = stores.first.publish(NAME, publication("a"));
  assertEquals(stores.main.removeHistory(NAME), true);
  assertEquals(stores.main.removeHistory(utf8("none")), true);
  assertEquals(stores.first.recover(NAME, { offset: 0 }, BOUNDS, sink).status, "unrecoverable");
  assertEquals(stores.first.publish(NAME, publication("b")), { ...before, offset: 2 });
  stores.check();
});

Deno.test("channels: recovery is everything behind the position, or nothing", () => {
  const stores = new Stores();
  for (let i = 1; i <= 8; i++) stores.first.publish(NAME, publication(`${i}`, { historySize: 4 }));
  const sink = new TextSink();
  const { epoch } = stores.first.recover(NAME, { offset: 8 }, BOUNDS, sink);
  const rows: [offset: number, epoch: number | undefined, status: string, offsets: string][] = [
    [8, epoch, "read", ""],
    [6, epoch, "read", "78"],
    [4, epoch, "read", "5678"],
    [4, undefined, "read", "5678"],
    [3, epoch, "unrecoverable", ""],
    [0, undefined, "unrecoverable", ""],
    [9, epoch, "unrecoverable", ""],
    [8, epoch + 1, "unrecoverable", ""],
  ];
  for (const [offset, since, status, offsets] of rows) {
    const result = stores.first.recover(NAME, { offset, epoch: since }, BOUNDS, sink);
    const found = sink.take().map((text) => text.split(" ")[0]).join("");
    assertEquals([result.status, found], [status, offsets], `${offset} ${since}`);
  }
  const few = { limit: 3, maxBytes: 2 ** 20 };
  assertEquals(stores.first.recover(NAME, { offset: 4 }, few, sink).status, "unrecoverable");
  const small = { limit: 9, maxBytes: 20 };
  assertEquals(stores.first.recover(NAME, { offset: 4 }, small, sink).status, "unrecoverable");
  assertEquals(sink.take(), []);
  const none = stores.first.recover(utf8("none"), { offset: 0, epoch }, BOUNDS, sink);
  assertEquals(none.status, "unrecoverable");
});

Deno.test("channels: an idle channel is removed after a minute, and comes back with another epoch", () => {
  const stores = new Stores();
  const sink = new TextSink();
  const { epoch } = stores.first.publish(NAME, publication("a", { historyTtlMs: 1000 }));
  stores.now += 59_000;
  stores.main.sweep(1);
  assertEquals(stores.main.figures().channels, 1);
  assertEquals(stores.first.recover(NAME, { offset: 1, epoch }, BOUNDS, sink).status, "read");
  stores.now += 2000;
  stores.main.sweep(1);
  assertEquals(stores.main.figures().channels, 0);
  assertEquals(stores.main.figures().usedBytes, 0);
  stores.check();
  const again = stores.first.publish(NAME, publication("b"));
  assertEquals(again.offset, 1);
  assertNotEquals(again.epoch, epoch);
  const result = stores.first.recover(NAME, { offset: 1, epoch }, BOUNDS, sink);
  assertEquals([result.status, sink.take()], ["unrecoverable", []]);
});

Deno.test("channels: a channel with a subscriber, a member, a key or a history is kept", () => {
  const stores = new Stores();
  const [subscribed, joined, keyed, kept] = ["s", "j", "k", "h"].map(utf8);
  stores.first.subscribe(subscribed!);
  const member = { client: utf8("c"), user: utf8("u"), info: utf8("{}"), announce: false };
  stores.first.join(joined!, member);
  const brief = { historyTtlMs: 1 };
  stores.first.publish(keyed!, publication("a", { ...brief, idempotencyKey: utf8("key") }));
  stores.first.publish(kept!, publication("a", { historyTtlMs: 100_000 }));
  stores.now += 70_000;
  stores.main.sweep(1);
  assertEquals(stores.main.figures().channels, 4);
  stores.first.unsubscribe(subscribed!);
  stores.first.leave(joined!, utf8("c"));
  stores.now += 6 * 60_000;
  stores.main.sweep(1);
  stores.now += 60_000;
  stores.main.sweep(1);
  assertEquals(stores.main.figures().channels, 0);
  assertEquals(stores.main.figures().usedBytes, 0);
  stores.check();
});

Deno.test("channels: the text of an epoch leads back to it, and no other text does", () => {
  const stores = new Stores();
  const { epoch } = stores.first.publish(NAME, publication("a"));
  const text = stores.first.epochText(epoch);
  assertEquals(stores.main.epochOfText(text), epoch);
  for (const wrong of ["", "x", `0${text}`, `${text} `, text.replace(/^./, "9"), text + "0"]) {
    assertNotEquals(stores.main.epochOfText(wrong), epoch, wrong);
  }
});

Deno.test("channels: each epoch keeps its text, however many there are", () => {
  const stores = new Stores();
  const epochs = [0, ...Array.from({ length: 200 }, (_, i) => i + 1), 2 ** 31, 2 ** 32 - 1];
  const texts = epochs.map((epoch) => stores.first.epochText(epoch));
  assertEquals(new Set(texts).size, epochs.length);
  for (const store of [stores.first, stores.main]) {
    assertEquals(epochs.map((epoch) => store.epochText(epoch)), texts);
  }
  for (const [i, epoch] of epochs.entries()) {
    assertEquals(stores.main.epochOfText(texts[i]!), epoch);
  }
});

Deno.test("channels: wrong arguments are refused before anything happens", () => {
  const stores = new Stores();
  const { first, main } = stores;
  const wrong: (() => unknown)[] = [
    () => first.publish(new Uint8Array(0), publication("a")),
    () => first.publish(new Uint8Array(256), publication("a")),
    () => first.publish(NAME, publication("a".repeat(first.maxEntryBytes + 1))),
    () => first.publish(NAME, publication("a", { idempotencyKey: new Uint8Array(256) })),
    () => first.publish(NAME, publication("a", { version: { version: 0, versionEpoch: NAME } })),
    () => main.subscribe(NAME),
    () => main.openFeed(),
  ];
  for (const action of wrong) assertThrows(action);
  assertEquals(first.publish(new Uint8Array(255).fill(1), publication("a")).status, "stored");
  assertEquals(
    first.publish(NAME, publication("a".repeat(first.maxEntryBytes))).status,
    "stored",
  );
  stores.check();
});

Deno.test("channels: memory of a wrong size, or of something else, is refused", () => {
  const random = new Uint32Array(7);
  const rows: [bytes: number, workers: number, words: Uint32Array][] = [
    [64 * 1024 - 1, 1, random],
    [2 ** 31 + 1, 1, random],
    [2 ** 20 + 0.5, 1, random],
    [2 ** 20, 0, random],
    [2 ** 20, 257, random],
    [2 ** 20, 1, new Uint32Array(2)],
  ];
  for (const [bytes, workers, words] of rows) {
    assertThrows(() => createChannelMemory({ bytes, workers, random: words }), RangeError);
  }
  const options = { writer: 0, now: () => 0, ring: () => {} };
  for (const bytes of [0, 8, 2 ** 20]) {
    assertThrows(() => openChannelStore(new SharedArrayBuffer(bytes), options), TypeError);
  }
  const least = new Stores(64 * 1024, 256);
  assertEquals(least.main.publish(NAME, publication("a")).offset, 1);
  least.check();
});
