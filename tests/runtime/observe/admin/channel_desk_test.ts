/** What an operator sees of channels, on a real store: rates, looks at a channel without a hole that is not told, publishing. */

import { assert, assertEquals } from "@std/assert";
import { createChannelMemory, openChannelStore } from "../../../../runtime/channels/mod.ts";
import {
  CHANNEL_LIMITS,
  CHANNEL_OPTIONS,
  type ChannelsConfig,
  NO_TOKENS,
} from "../../../../runtime/config/mod.ts";
import {
  ChannelDesk,
  type ChannelDeskParts,
  type PublishOutcome,
} from "../../../../runtime/observe/admin/channel_desk.ts";
import type { ChannelReading } from "../../../../runtime/observe/admin/channel_watch.ts";

const KEPT = { ...CHANNEL_OPTIONS, historySize: 5, historyTime: 60_000 };
const CHANNELS: ChannelsConfig = {
  options: CHANNEL_OPTIONS,
  namespaces: { kept: KEPT, plain: CHANNEL_OPTIONS },
  allowAnonymousConnect: false,
  token: NO_TOKENS,
  apiKey: undefined,
};

/** A desk on a store with one worker, and a clock. */
function makeDesk(
  channels = CHANNELS,
  publisher?: ChannelDeskParts["publish"],
  publicationBytes = 100,
) {
  const random = crypto.getRandomValues(new Uint32Array(7));
  const memory = createChannelMemory({ bytes: 2 ** 20, workers: 1, random });
  const clock = { now: 1_000_000 };
  const options = { now: () => clock.now, ring: () => {} };
  const store = openChannelStore(memory, { ...options, writer: 1 });
  const worker = openChannelStore(memory, { ...options, writer: 0 });
  worker.openFeed();
  const time = { now: 0 };
  const limits = { ...CHANNEL_LIMITS, publicationBytes };
  const ownPublish: ChannelDeskParts["publish"] = (...all) => store.publish(...all);
  const publishing = { publish: publisher ?? ownPublish };
  const desk = new ChannelDesk({ store, channels, limits, now: () => time.now, ...publishing });
  // The store answers at once.
  const publish = (channel: string, ...texts: string[]) =>
    texts.map((text) => (desk.publish(channel, text) as PublishOutcome).status);
  return { desk, store, worker, clock, time, publish };
}

const PLAIN = new TextEncoder().encode("plain:a");
const NOTHING = { publications: [], unseen: 0 };

const textsOf = ({ publications }: ChannelReading) =>
  publications.map(({ offset, data }) => `${offset} ${data}`);

Deno.test("channel desk: the busiest channels, with rates since the last list", () => {
  const { desk, worker, time, publish } = makeDesk();
  publish("kept:a", "1", "2");
  worker.subscribe(new TextEncoder().encode("kept:b"));
  worker.subscribe(new Uint8Array([0xff, 0x01]));
  assertEquals(desk.list(), {
    total: 2,
    busiest: [
      { channel: "kept:b", subscribers: 1, members: 0, publications: null },
      { channel: "kept:a", subscribers: 0, members: 0, publications: null },
    ],
  });
  publish("kept:a", ...Array(6).fill("1"));
  time.now = 999;
  assertEquals(desk.list().busiest[0]!.channel, "kept:b");
  time.now = 2_000;
  const rates = desk.list().busiest.map(({ channel, publications }) => [channel, publications]);
  assertEquals(rates, [["kept:a", 3], ["kept:b", 0]]);
});

Deno.test("channel watch: a look goes on where the last one ended, and counts what is gone", () => {
  const { desk, publish } = makeDesk();
  const early = desk.watch("kept:a");
  assertEquals(early.look(), NOTHING);
  publish("kept:a", "1", "2");
  assertEquals(textsOf(early.look()), ["1 1", "2 2"], "the channel has come");
  const watch = desk.watch("kept:a");
  assertEquals(textsOf(watch.look()), ["1 1", "2 2"]);
  assertEquals(watch.look(), NOTHING);
  publish("kept:a", "3", "4");
  const second = watch.look();
  assertEquals([textsOf(second), second.unseen], [["3 3", "4 4"], 0]);
  publish("kept:a", "5", "6", "7", "8", "9", "10", "11");
  const third = watch.look();
  assertEquals(textsOf(third), ["7 7", "8 8", "9 9", "10 10", "11 11"]);
  assertEquals(third.unseen, 2);
});

Deno.test("channel watch: without a history it shows what subscribers get, and counts what nobody gets", () => {
  const { desk, worker, publish } = makeDesk();
  publish("plain:a", "1");
  const watch = desk.watch("plain:a");
  assertEquals(watch.look(), NOTHING);
  publish("plain:a", "2", "3");
  assertEquals(watch.look(), { publications: [], unseen: 2 });
  assertEquals(watch.look(), NOTHING);
  worker.subscribe(PLAIN);
  publish("plain:a", "4");
  publish("kept:a", "1");
  publish("plain:a", "5");
  const live = watch.look();
  assertEquals([textsOf(live), live.unseen], [["4 4", "5 5"], 0]);
  const late = desk.watch("plain:a");
  assertEquals(late.look(), NOTHING, "what was published before is gone");
  worker.publish(PLAIN, { data: PLAIN, historySize: 0, historyTtlMs: 0, skipHistory: true });
  for (const one of [watch, late]) {
    const event = one.look();
    assertEquals([textsOf(event), event.unseen], [["0 plain:a"], 0], "it has no offset");
  }
  publish("plain:a", ...Array.from({ length: 60 }, (_, i) => `${6 + i}`));
  const many = watch.look();
  assertEquals([many.publications.length, many.unseen], [50, 10]);
  assertEquals(textsOf(many).at(-1), "65 65");
});

Deno.test("channel watch: of a channel that begins again everything is new", () => {
  const { desk, worker, store, clock, publish } = makeDesk();
  worker.subscribe(PLAIN);
  publish("plain:a", "1", "2");
  const watch = desk.watch("plain:a");
  assertEquals(watch.look(), NOTHING);
  publish("plain:a", "3");
  worker.unsubscribe(PLAIN);
  clock.now += 120_000;
  store.sweep(1);
  assertEquals(watch.look(), NOTHING, "it is not there");
  worker.subscribe(PLAIN);
  publish("plain:a", '"new"');
  const again = watch.look();
  assertEquals([textsOf(again), again.unseen], [['1 "new"'], 0]);
});

Deno.test("channel desk: what cannot be published", () => {
  const { desk, publish } = makeDesk();
  assertEquals(publish("kept:a", '{"a":1.0,\n"b":12345678901234567890}'), [200]);
  assertEquals(textsOf(desk.watch("kept:a").look()), ['1 {"a":1.0, "b":12345678901234567890}']);
  assertEquals(publish("kept:a", "no json", `"${"x".repeat(100)}"`, ""), [400, 413, 400]);
  assertEquals(publish("unknown:a", "1"), [400]);
  assert(desk.faultOf("unknown:a")?.includes("unknown channel"));
  assertEquals(desk.faultOf("kept:a"), undefined);
});

Deno.test("channel desk: with an engine it publishes there, and says what the engine says", async () => {
  const channels = { ...CHANNELS, engine: {} as NonNullable<ChannelsConfig["engine"]> };
  const nowhere = { offset: 0, epoch: "", subscribers: 0 };
  const answers: Awaited<ReturnType<ChannelDeskParts["publish"]>>[] = [
    { ...nowhere, status: "stored", offset: 7, epoch: "abc" },
    { ...nowhere, status: "busy" },
    { ...nowhere, status: "full" },
  ];
  const asked: unknown[] = [];
  const { desk } = makeDesk(channels, (name, { data, historySize, historyTtlMs }) => {
    const texts = [name, data].map((bytes) => new TextDecoder().decode(bytes));
    asked.push([...texts, historySize, historyTtlMs]);
    return Promise.resolve(answers.shift()!);
  });
  assertEquals(await desk.publish("kept:a", "[1,\n2]"), {
    status: 200,
    text: "Published with offset 7",
  });
  assertEquals(await desk.publish("kept:a", "1"), {
    status: 503,
    text: "Not confirmed: the engine does not answer; it may have published this",
  });
  assertEquals(await desk.publish("kept:a", "1"), {
    status: 503,
    text: "Not published: the engine is full",
  });
  assertEquals(asked[0], ["kept:a", "[1, 2]", 5, 60_000]);
  assertEquals((await desk.publish("unknown:a", "1")).status, 400);
});

Deno.test("channel desk: what the store has no room for in one piece is refused, whatever --max-publication is", () => {
  const { desk, store } = makeDesk(CHANNELS, undefined, 2 ** 20);
  const ofLength = (length: number) =>
    desk.publish("kept:a", JSON.stringify("x".repeat(length - 2)));
  assertEquals(ofLength(store.maxEntryBytes + 1), {
    status: 413,
    text: `${
      store.maxEntryBytes + 1
    } bytes are more than --channels-memory has room for in one piece`,
  });
  assertEquals((ofLength(store.maxEntryBytes) as PublishOutcome).status, 200);
});
