/** What an operator sees of channels, on a real store: rates, readings without a hole that is not told, publishing. */

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

const KEPT = { ...CHANNEL_OPTIONS, historySize: 5, historyTime: 60_000 };
const CHANNELS: ChannelsConfig = {
  options: CHANNEL_OPTIONS,
  namespaces: { kept: KEPT, plain: CHANNEL_OPTIONS },
  allowAnonymousConnect: false,
  token: NO_TOKENS,
  apiKey: undefined,
};

/** A desk on a store with one worker, and a clock. */
function makeDesk(channels = CHANNELS, publisher?: ChannelDeskParts["publish"]) {
  const random = crypto.getRandomValues(new Uint32Array(7));
  const memory = createChannelMemory({ bytes: 2 ** 20, workers: 1, random });
  const options = { now: () => 1_000_000, ring: () => {} };
  const store = openChannelStore(memory, { ...options, writer: 1 });
  const worker = openChannelStore(memory, { ...options, writer: 0 });
  worker.openFeed();
  const time = { now: 0 };
  const limits = { ...CHANNEL_LIMITS, publicationBytes: 100 };
  const ownPublish: ChannelDeskParts["publish"] = (...all) => store.publish(...all);
  const publishing = { publish: publisher ?? ownPublish };
  const desk = new ChannelDesk({ store, channels, limits, now: () => time.now, ...publishing });
  // The store answers at once.
  const publish = (channel: string, ...texts: string[]) =>
    texts.map((text) => (desk.publish(channel, text) as PublishOutcome).status);
  return { desk, worker, time, publish };
}

const dataOf = ({ publications }: ReturnType<ChannelDesk["read"]>) =>
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

Deno.test("channel desk: a reading goes on where the last one ended, and counts what is gone", () => {
  const { desk, publish } = makeDesk();
  assertEquals(desk.read("kept:a"), { position: undefined, publications: [], unseen: 0 });
  publish("kept:a", "1", "2");
  const first = desk.read("kept:a");
  assertEquals(dataOf(first), ["1 1", "2 2"]);
  const nothing = desk.read("kept:a", first.position);
  assertEquals([dataOf(nothing), nothing.unseen], [[], 0]);
  publish("kept:a", "3", "4");
  const second = desk.read("kept:a", nothing.position);
  assertEquals([dataOf(second), second.unseen], [["3 3", "4 4"], 0]);
  publish("kept:a", "5", "6", "7", "8", "9", "10", "11");
  const third = desk.read("kept:a", second.position);
  assertEquals(dataOf(third), ["7 7", "8 8", "9 9", "10 10", "11 11"]);
  assertEquals(third.unseen, 2);
  const other = desk.read("kept:a", { offset: 900, epoch: 4_000_000_000 });
  assertEquals(other.publications.length, 5);
});

Deno.test("channel desk: what a channel does not keep is counted", () => {
  const { desk, publish } = makeDesk();
  publish("plain:a", "1");
  const first = desk.read("plain:a");
  publish("plain:a", "2", "3");
  const second = desk.read("plain:a", first.position);
  assertEquals([dataOf(second), second.unseen], [[], 2]);
  assertEquals(desk.read("plain:a", second.position).unseen, 0);
});

Deno.test("channel desk: what cannot be published", () => {
  const { desk, publish } = makeDesk();
  assertEquals(publish("kept:a", '{"a":1.0,\n"b":12345678901234567890}'), [200]);
  assertEquals(dataOf(desk.read("kept:a")), ['1 {"a":1.0, "b":12345678901234567890}']);
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
