import { assert, assertEquals, assertMatch } from "@std/assert";
import { DISCONNECTS, UNSUBSCRIBES } from "../../../../protocol/centrifuge/mod.ts";
import { CHANNEL_OPTIONS } from "../../../../runtime/config/mod.ts";
import type { Publication } from "../../../../runtime/channels/mod.ts";
import { encodeFields } from "../../../../runtime/serve/centrifuge/publication_fields.ts";
import { Refusal } from "../../../../runtime/serve/channel_streams/refusal.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { type BenchOptions, ClientBench } from "../centrifuge/client_bench.ts";
import { StreamBench } from "./stream_bench.ts";

/** One worker with streams. */
class Worker extends ClientBench {
  readonly streams: StreamBench;

  constructor(options: BenchOptions = {}) {
    super(options);
    this.streams = new StreamBench(this);
  }

  publish(channel: string, data: unknown, more: Partial<Publication> = {}): void {
    const { status } = this.stores.main.publish(
      utf8(channel),
      publication(JSON.stringify(data), more),
    );
    assertEquals(status, "stored");
  }

  /** How many clients without a user there are. */
  get clients(): number {
    return this.directory.find("", "").length;
  }

  /** Nothing is left of any stream. */
  assertEmpty(): void {
    assertEquals([this.context.hub.channelCount, this.clients], [0, 0]);
  }
}

Deno.test("channel stream: begins with a spread retry and its position, and has a comment every 25 s", () => {
  const worker = new Worker();
  const one = worker.streams.open(["chat:a"]);
  assertMatch(one.answer.unread, /^retry: 3000\nid: [0-9a-z]+\.[0-9a-z]+-[0-9a-z]+\.0\n\n$/);
  const seen = one.read();
  assertEquals([seen.events, seen.retry], [[], 3000]);
  worker.pass(19_000); // 25 s × 0.75
  assertEquals(one.answer.unread, ":\n"); // an empty line is a message for @microsoft/fetch-event-source 2.0
  assertEquals(one.read().comments, 1);
  worker.pass(25_000);
  assertEquals(one.read().comments, 2);
  one.cut();
  worker.assertEmpty();
});

Deno.test("channel stream: a tag names the event, unless the name means something else", () => {
  const worker = new Worker();
  const one = worker.streams.open(["chat:a"]);
  const names = [
    "typing",
    "größer",
    "",
    "message",
    "lost",
    "error",
    "open",
    "a\nb",
    "a\rb",
    "a\0b",
  ];
  const tagged = (event: string) => encodeFields({ tags: new Map([["a", "b"], ["event", event]]) });
  names.forEach((name, i) => worker.publish("chat:a", i, { fields: tagged(name) }));
  const info = { user: "", client: "", connectionInfo: utf8("[".repeat(64) + "]".repeat(64)) };
  const deep = encodeFields({ info, tags: new Map([["event", "deep"]]) });
  worker.publish("chat:a", names.length, { fields: deep });
  worker.settle();
  const { events } = one.read();
  assertEquals(events.map(({ type }) => type), [
    "typing",
    "größer",
    ...Array(names.length - 2).fill("message"),
    "deep",
  ]);
  assertEquals(JSON.parse(events[0]!.data), {
    channel: "chat:a",
    offset: 1,
    data: 0,
    tags: { a: "b", event: "typing" },
  });
});

Deno.test("channel stream: data passes as it is, and what is in no history has no id", () => {
  const worker = new Worker();
  const [one, two] = [["chat:a"], ["chat:a", "chat:b"]].map((names) => worker.streams.open(names));
  const data = utf8('{"price":1.0,"big":12345678901234567890}');
  worker.publish("chat:a", 0, { data });
  worker.publish("chat:a", 0, { data, skipHistory: true });
  worker.settle();
  for (const { answer } of [one!, two!]) {
    const [, first, second, end] = answer.unread.split("\n\n");
    assertMatch(
      first!,
      /^data: \{"channel":"chat:a","offset":1,"data":\{"price":1\.0,"big":12345678901234567890\}\}\nid: /,
    );
    assertEquals(
      second,
      'data: {"channel":"chat:a","data":{"price":1.0,"big":12345678901234567890}}',
    );
    assertEquals(end, "");
  }
});

Deno.test("channel stream: who comes back gets what it missed of each channel, and what is lost is told first", () => {
  const worker = new Worker();
  const names = ["chat:a", "chat:b", "chat:c"];
  const first = worker.streams.open(names);
  for (const name of names) worker.publish(name, 1);
  worker.settle();
  first.read();
  const id = first.cut();
  worker.publish("chat:a", 2);
  worker.publish("chat:a", 3);
  worker.publish("chat:b", 2);
  worker.publish("chat:b", 3, { historySize: 1 }); // the second one is removed
  worker.settle();
  const { events } = worker.streams.open(names, id).read();
  assertEquals(events.map(({ type }) => type), ["lost", "message", "message"]);
  const [lost, ...rest] = events.map(({ data }) => JSON.parse(data));
  assertEquals(
    lost.channels.map(({ channel, offset }: Record<string, unknown>) => [channel, offset]),
    [
      ["chat:b", 3],
    ],
  );
  assertEquals(rest.map(({ channel, offset }) => [channel, offset]), [["chat:a", 2], [
    "chat:a",
    3,
  ]]);
  const offsets = (text: string) => text.split(",").map((entry) => Number(entry.split(".")[2]));
  assertEquals(events.map(({ id }) => offsets(id)), [[1, 3, 1], [2, 3, 1], [3, 3, 1]]);
});

Deno.test("channel stream: a position that is none, of another run or of the future is lost", () => {
  const worker = new Worker();
  const one = worker.streams.open(["chat:a"]);
  const id = one.read().lastEventId;
  const ids = ["x", "42", id.replace(/\.\d/, ".0-1"), `${id}9`, id.replace(".", ".x")];
  for (const wrong of ids) {
    const { events } = worker.streams.open(["chat:a"], wrong).read();
    assertEquals(events.map(({ type }) => type), ["lost"], wrong);
  }
  // A channel that was not in the list begins now.
  assertEquals(worker.streams.open(["chat:a", "chat:new"], id).read().events, []);
});

Deno.test("channel stream: without the right to recover, it is only told whether it missed anything", () => {
  const live = {
    ...OPEN,
    allowRecovery: false,
    access: { ...OPEN.access, history: CHANNEL_OPTIONS.access.history },
  };
  const none = { ...live, historySize: 0 };
  const worker = new Worker({ config: { namespaces: { live, none } } });
  for (const name of ["live:a", "none:a"]) {
    const one = worker.streams.open([name]);
    worker.publish(name, 1);
    worker.settle();
    assertEquals(one.read().events.length, 1);
    const id = one.cut();
    assertEquals(worker.streams.open([name], id).read().events, []);
    worker.publish(name, 2);
    const { events } = worker.streams.open([name], id).read();
    assertEquals(events.map(({ type }) => type), ["lost"]);
  }
});

Deno.test("channel stream: what the hub does not recover, the stream does, once", () => {
  const worker = new Worker({ stores: new Stores(4 * 1024 * 1024) });
  const streams = [["chat:a"], ["chat:b", "chat:a"]].map((names) => worker.streams.open(names));
  const count = 6_000; // the feed has room for less, and the hub recovers 4,096
  for (let i = 0; i < 3; i++) worker.publish("chat:a", 0);
  worker.settle();
  for (let i = 3; i < count; i++) worker.publish("chat:a", 0, { historySize: 10_000 });
  worker.settle();
  const expected = Array.from({ length: count }, (_, i) => i + 1);
  for (const stream of streams) {
    const { events } = stream.read();
    assertEquals(events.map(({ data }) => JSON.parse(data).offset), expected);
  }
});

Deno.test("channel stream: a loss in mid-stream is told, and the stream goes on", () => {
  const worker = new Worker();
  const streams = [["chat:a"], ["chat:b", "chat:a"]].map((names) => worker.streams.open(names));
  for (let i = 0; i < 2_000; i++) worker.publish("chat:a", "x".repeat(50), { historySize: 5 });
  worker.settle();
  worker.publish("chat:a", "last");
  worker.settle();
  for (const stream of streams) {
    const seen = stream.read();
    const [lost] = seen.dataOf("lost");
    assertEquals([lost.channels[0].channel, lost.channels[0].offset], ["chat:a", 2000]);
    assertEquals(seen.dataOf("message").map(({ offset }) => offset), [2001]);
  }
});

Deno.test("channel stream: a client that does not read is cut off, and leaves nothing", () => {
  const worker = new Worker();
  const [slow, other] = [worker.streams.open(["chat:a"]), worker.streams.open(["chat:a"])];
  slow.answer.isFull = true;
  worker.publish("chat:a", 1);
  worker.settle();
  assertEquals([slow.answer.fate, other.answer.fate], ["aborted", undefined]);
  assertEquals(other.read().events.length, 1);
  assertEquals(worker.clients, 1);
  const quiet = worker.streams.open(["chat:b"]);
  quiet.answer.isFull = true;
  worker.pass(25_000);
  assertEquals(quiet.answer.fate, "aborted");
});

Deno.test("channel stream: backends end it, end a channel of it, and change when it expires", () => {
  const worker = new Worker();
  const one = worker.streams.open(["chat:a", "chat:b"]);
  const [client] = worker.directory.find("", "");
  client!.unsubscribe("chat:b", UNSUBSCRIBES.SERVER);
  client!.unsubscribe("chat:c", UNSUBSCRIBES.SERVER);
  worker.publish("chat:a", 1);
  worker.publish("chat:b", 1);
  worker.settle();
  assertEquals(one.read().dataOf("unsubscribe"), [
    { channel: "chat:b", code: 2000, reason: "server unsubscribe" },
  ]);
  assertEquals(one.read().dataOf("message").map(({ channel }) => channel), ["chat:a"]);
  client!.refreshByServer(1_700_000_000 + worker.now / 1000 + 5);
  worker.pass(4_000);
  assertEquals(one.answer.fate, undefined);
  worker.pass(1_500);
  assertEquals(one.answer.fate, "ended");
  assertEquals(one.read().dataOf("disconnect"), [{ code: 3005, reason: "connection expired" }]);
  const two = worker.streams.open(["chat:a"]);
  worker.directory.find("", "")[0]!.disconnect(DISCONNECTS.FORCE_NO_RECONNECT);
  assertEquals(two.read().dataOf("disconnect"), [{ code: 3503, reason: "force disconnect" }]);
  assertEquals(two.answer.fate, "ended");
  worker.assertEmpty();
});

Deno.test("channel stream: a full store ends it, with nothing left; the client comes back", () => {
  const stores = new Stores(64 * 1024);
  const worker = new Worker({ stores });
  let i = 0;
  while (stores.main.publish(utf8(`x${i++}`), publication("")).status === "stored");
  const one = worker.streams.open(["chat:new"]);
  assertEquals(one.answer.fate, "ended");
  const seen = one.read();
  assertEquals([seen.events, seen.comments, seen.retry, seen.lastEventId], [[], 1, 3000, ""]);
  worker.assertEmpty();
});

Deno.test("channel stream: a subscriber is present, and its coming is announced to others alone", async () => {
  const news = { ...OPEN, joinLeave: true };
  const worker = new Worker({ config: { namespaces: { news } } });
  const client = await worker.client().connect();
  await client.send({ subscribe: { channel: "news:a", join_leave: true } });
  const one = worker.streams.open(["news:a"]);
  worker.settle();
  const joined = client.take().filter(({ push }) => push?.join !== undefined);
  assertEquals(joined.length, 2); // its own, and the stream's
  assertEquals(one.read().events, []);
  const [{ presence_stats: stats }] = await client.send({ presence_stats: { channel: "news:a" } });
  assertEquals(stats.num_clients, 2);
  one.cut();
  const [{ presence_stats: after }] = await client.send({ presence_stats: { channel: "news:a" } });
  assertEquals(after.num_clients, 1);
});

Deno.test("channel stream: of many that come back in one turn, some are served, and the others in the next turns", () => {
  const worker = new Worker({ stores: new Stores(4 * 1024 * 1024) });
  const id = worker.streams.open(["chat:a"]).read().lastEventId;
  for (let i = 0; i < 300; i++) worker.publish("chat:a", "x".repeat(1_000));
  worker.beginTurn();
  const streams = Array.from({ length: 12 }, () => worker.streams.open(["chat:a"], id));
  const served = () => streams.filter(({ answer }) => answer.unread !== "").length;
  const first = served();
  assert(first > 0 && first < 6, `${first} in the first turn`);
  worker.turn();
  assert(served() > first && served() < 12, `${served()} in two turns`);
  worker.settle();
  for (const stream of streams) assertEquals(stream.read().events.length, 300);
});

Deno.test("channel stream: of many with many channels, each turn serves some", () => {
  const worker = new Worker({ stores: new Stores(4 * 1024 * 1024) });
  const names = Array.from({ length: 100 }, (_, i) => `chat:${i}`);
  worker.beginTurn();
  const streams = Array.from({ length: 12 }, () => worker.streams.open(names));
  const served = streams.filter(({ answer }) => answer.unread !== "").length;
  assert(served > 0 && served < 6, `${served} in the first turn`);
  worker.settle();
  for (const { answer } of streams) assert(answer.unread !== "");
});

Deno.test("channel stream: a channel that a backend ends before its stream has begun is not entered", () => {
  const worker = new Worker();
  worker.beginTurn();
  worker.context.turn.spend(100 * 1024 * 1024, worker.now);
  const one = worker.streams.open(["chat:a", "chat:b"]);
  worker.directory.find("", "")[0]!.unsubscribe("chat:b", UNSUBSCRIBES.SERVER);
  worker.settle();
  worker.publish("chat:a", 1);
  worker.publish("chat:b", 1);
  worker.settle();
  assertEquals(one.read().events.map(({ type }) => type), ["unsubscribe", "message"]);
  assertEquals(one.read().dataOf("message").map(({ channel }) => channel), ["chat:a"]);
  one.cut();
  worker.assertEmpty();
});

Deno.test("channel stream: of many that the hub has lost in one turn, each turn serves some", () => {
  const worker = new Worker({ stores: new Stores(4 * 1024 * 1024) });
  const streams = Array.from({ length: 12 }, () => worker.streams.open(["chat:a"]));
  for (const stream of streams) stream.read();
  const count = 6_000; // the hub recovers 4,096
  for (let i = 0; i < count; i++) worker.publish("chat:a", "x".repeat(30), { historySize: 10_000 });
  let served = 0;
  for (let turn = 0; served < streams.length; turn++) {
    assert(turn < 500, `${served} are served`);
    worker.turn();
    const now = streams.filter(({ answer }) => answer.unread.includes(`"offset":${count},`)).length;
    assert(now - served < 6, `${now - served} in one turn`);
    served = now;
  }
  for (const stream of streams) assertEquals(stream.read().events.length, count);
});

Deno.test("channel stream: has left everything when its connection takes the next request", () => {
  const worker = new Worker();
  const one = worker.streams.open(["chat:a"]);
  let left: number[] = [];
  one.answer.end = () => left = [worker.clients, worker.context.hub.channelCount];
  worker.directory.find("", "")[0]!.disconnect(DISCONNECTS.FORCE_NO_RECONNECT);
  assertEquals(left, [0, 0]);
});

Deno.test("channel stream: who names what it may not have is refused, with a reason", async () => {
  const limits = { channelsPerConnection: 2, nameBytes: 20 };
  const { streams } = new Worker({ limits });
  const rows: [names: string[], status: number, text: string][] = [
    [[], 400, "The channel is missing: ?channel=NAME"],
    [[""], 400, 'The name of the channel "" is empty'],
    [
      ["chat:ä"],
      400,
      'The name of the channel "chat:\\xe4" is too long, or not one that its namespace allows',
    ],
    [
      ["chat:0123456789abcdefg"],
      400,
      'The name of the channel "chat:0123456789abcdefg" is too long, or not one that its namespace allows',
    ],
    [["none:a"], 404, 'The channel "none:a" has a namespace that does not exist'],
    [["closed:a"], 403, 'You may not subscribe to "closed:a"'],
    [["chat:a", "$chat:b"], 403, 'You may not subscribe to "$chat:b"'],
    [["chat:a", "chat:b", "chat:c"], 400, "A request may name at most 2 channels"],
  ];
  for (const [names, status, text] of rows) {
    const { status: actual, text: reason } = await streams.access(names) as Refusal;
    assertEquals([actual, reason], [status, text]);
  }
  assert(!(await streams.access(["chat:a", "chat:b", "chat:a"]) instanceof Refusal));
});

Deno.test("channel stream: with a token whose expire_at is over there is none, as it would end at once", async () => {
  const past = { user: "ann", info: undefined, data: undefined, override: {}, client: "" };
  const claims = { ...past, expireAt: 1_700_000_000 - 1, meta: undefined, capabilities: [] };
  const verifier = {
    connection: (token: string) =>
      Promise.resolve({
        ...claims,
        subscriptions: new Map(),
        ...(token === "valid" ? { expireAt: undefined } : {}),
      }),
    subscription: () => Promise.resolve({ ...claims, channel: "chat:a" }),
  };
  const { streams } = new Worker({ verifier });
  const rows = [{ token: "past" }, { token: "valid", subscriptionTokens: ["past"] }];
  for (const credentials of rows) {
    const refused = await streams.access(["chat:a"], credentials);
    const told = refused instanceof Refusal ? [refused.status, refused.text] : [];
    assertEquals(told, [401, "The token has expired"]);
  }
  assertEquals(await streams.access(["chat:a"], { token: "valid" }) instanceof Refusal, false);
});
