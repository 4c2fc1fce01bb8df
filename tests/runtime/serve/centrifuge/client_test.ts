import { assert, assertEquals } from "@std/assert";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import type { ClientHooks } from "../../../../runtime/serve/centrifuge/client_hooks.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { waitFor } from "../../../support/wait_for.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { ClientBench, type Reply } from "./client_bench.ts";

/** The code of a reply's error. */
function codeOf({ error }: Reply): number | undefined {
  return error?.code;
}

Deno.test("client: connect and subscribes of one message are answered together, in order", async () => {
  const bench = new ClientBench();
  const one = bench.client();
  const replies = await one.send(
    { connect: {} },
    { subscribe: { channel: "chat:a", flag: 1 } },
    { subscribe: { channel: "closed:b" } },
    { subscribe: { channel: "chat:a" } },
  );
  assertEquals(replies.map(({ id }) => id), [1, 2, 3, 4]);
  const { connect } = replies[0];
  assertEquals([connect.ping, connect.pong, connect.client.length], [25, true, 36]);
  assertEquals(replies[1].subscribe, { id: 1 });
  assertEquals([codeOf(replies[2]), codeOf(replies[3])], [103, 105]);
});

Deno.test("client: without a connect command within its time, 3502", async () => {
  const bench = new ClientBench();
  const [silent, prompt] = [bench.client(), bench.client()];
  await prompt.connect();
  bench.pass(9_900);
  assertEquals(silent.link.ended, undefined);
  bench.pass(300);
  assertEquals(silent.link.ended?.code, 3502);
  assertEquals(prompt.link.ended, undefined);
});

Deno.test("client: another command before connect, a second connect, and what is no command: 3501", async () => {
  for (
    const text of [
      '{"id":1,"publish":{"channel":"chat:a","data":1}}',
      '{"id":1,"connect":{}}\n{"id":2,"connect":{}}',
      '{"id":1,"connect":{}}\n{"id":2}',
      "x",
      "",
    ]
  ) {
    const one = new ClientBench().client();
    await one.sendText(text);
    assertEquals(one.link.ended?.code, 3501, text);
  }
});

Deno.test("client: pinged within 25 s; who does not answer has 3012", async () => {
  const bench = new ClientBench();
  const [polite, rude] = [await bench.client().connect(), await bench.client().connect()];
  bench.pass(19_000); // 25 s × 0.75
  assertEquals([polite.take(), rude.take()], [[{}], [{}]]);
  await polite.sendText("{}");
  bench.pass(8_200);
  assertEquals(rude.link.ended?.code, 3012);
  assertEquals(polite.link.ended, undefined);
  bench.pass(17_000);
  assertEquals(polite.take(), [{}]);
});

Deno.test("client: the time for a pong begins when what stands before the ping was read", async () => {
  const bench = new ClientBench();
  const one = await bench.client().connect();
  one.link.queuedBytes = 1_000_000;
  bench.pass(19_000);
  assertEquals(one.take(), [{}]);
  bench.pass(20_000);
  assertEquals(one.link.ended, undefined);
  await one.read();
  bench.pass(8_200);
  assertEquals(one.link.ended?.code, 3012);
});

Deno.test("client: without a token, if tokens are needed, 3500", async () => {
  const bench = new ClientBench({ config: { allowAnonymousConnect: false } });
  const one = await bench.client().connect();
  assertEquals(one.link.ended?.code, 3500);
});

Deno.test("client: commands above the rate get 111, and far above it 3013", async () => {
  const bench = new ClientBench({ limits: { commandsPerSecond: 5 } });
  const one = await bench.client().connect();
  const stats = { presence_stats: { channel: "chat:a" } };
  assertEquals((await one.send(...Array(6).fill(stats))).map(codeOf), [
    ...Array(4).fill(undefined),
    111,
    111,
  ]);
  bench.pass(1_000);
  assertEquals((await one.send(stats)).map(codeOf), [undefined]);
  await one.send(...Array(20).fill(stats));
  assertEquals(one.link.ended?.code, 3013);
});

Deno.test("client: the limits of channels, names and publications", async () => {
  const limits = { channelsPerConnection: 2, publicationBytes: 100 };
  const bench = new ClientBench({ limits });
  const one = await bench.client().connect();
  const subscribe = (channel: string) => ({ subscribe: { channel } });
  const publish = (data: unknown) => ({ publish: { channel: "chat:a", data } });
  const replies = await one.send(
    subscribe("chat:a"),
    subscribe("chat:b"),
    subscribe("chat:c"),
    { unsubscribe: { channel: "chat:b" } },
    subscribe("chat:c"),
    subscribe(`chat:${"x".repeat(251)}`),
    publish("x".repeat(98)),
    publish("x".repeat(99)),
  );
  assertEquals(replies.map(codeOf), [
    undefined,
    undefined,
    106,
    undefined,
    undefined,
    107,
    undefined,
    107,
  ]);
});

Deno.test("client: rpc has 108, and send ends the connection with 3508, as nothing handles them", async () => {
  const one = await new ClientBench().client().connect();
  assertEquals((await one.send({ rpc: { method: "m", data: 1 } })).map(codeOf), [108]);
  await one.sendText('{"send":{"data":1}}');
  assertEquals(one.link.ended?.code, 3508);
});

Deno.test("client: a full store is a temporary error, and nothing is left of the subscription", async () => {
  const stores = new Stores(64 * 1024);
  const bench = new ClientBench({ stores });
  const one = await bench.client().connect();
  let i = 0;
  while (stores.main.publish(utf8(`x${i++}`), publication("")).status === "stored");
  const [subscribed, published] = await one.send(
    { subscribe: { channel: "chat:new" } },
    { publish: { channel: "chat:new", data: 1 } },
  );
  assertEquals([subscribed.error.code, subscribed.error.temporary], [100, true]);
  assertEquals(published.error.code, 100);
  assertEquals(bench.context.hub.channelCount, 0);
});

Deno.test("client: a recovery has everything behind its position, or nothing", async () => {
  const bench = new ClientBench();
  const one = await bench.client().connect();
  for (let i = 1; i <= 3; i++) bench.stores.main.publish(utf8("chat:a"), publication(`${i}`));
  const subscribe = async (recover: Record<string, unknown>) => {
    await one.send({ unsubscribe: { channel: "chat:a" } });
    const request = { channel: "chat:a", recoverable: true, ...recover };
    const [{ subscribe: result }] = await one.send({ subscribe: request });
    const data = (result.publications ?? []).map(({ data }: Reply) => data);
    return { data, ...result, publications: undefined };
  };
  const { epoch } = await subscribe({});
  const fresh = await subscribe({ recover: true });
  assertEquals([fresh.data, fresh.recovered, fresh.offset], [[1, 2, 3], true, 3]);
  const behind = await subscribe({ recover: true, offset: 2, epoch });
  assertEquals([behind.data, behind.recovered], [[3], true]);
  const there = await subscribe({ recover: true, offset: 3, epoch });
  assertEquals([there.data, there.recovered], [[], true]);
  for (const since of [{ offset: 4, epoch }, { offset: 1, epoch: "other" }]) {
    const lost = await subscribe({ recover: true, ...since });
    const { recovered, was_recovering: wasRecovering } = lost;
    assertEquals([lost.data, recovered, wasRecovering, lost.offset], [[], undefined, true, 3]);
  }
  bench.stores.main.publish(utf8("chat:a"), publication("4"));
  bench.settle();
  assertEquals(one.take().map(({ push }) => push.pub), [{ offset: 4, data: 4 }]);
});

Deno.test("client: who is slow is closed with 3008 and out of all channels; others get everything", async () => {
  const bench = new ClientBench();
  const [slow, fast] = [await bench.client().connect(), await bench.client().connect()];
  for (const one of [slow, fast]) await one.send({ subscribe: { channel: "chat:a" } });
  slow.link.isFull = true;
  for (let i = 1; i <= 3; i++) {
    bench.stores.main.publish(utf8("chat:a"), publication(`${i}`));
    bench.settle();
  }
  assertEquals(slow.link.ended?.code, 3008);
  assertEquals(fast.take().map(({ push }) => push.pub.data), [1, 2, 3]);
  assertEquals(bench.context.hub.subscribersOf("chat:a").length, 1);
});

Deno.test("client: publications that cannot be recovered end the subscription with 2500", async () => {
  const bench = new ClientBench();
  const one = await bench.client().connect();
  await one.send({ subscribe: { channel: "chat:a", flag: 1 } });
  for (let i = 0; i < 4000; i++) {
    const more = { historySize: 3 };
    bench.stores.main.publish(utf8("chat:a"), publication(`"${"x".repeat(100)}"`, more));
  }
  bench.settle();
  const [{ push }] = one.take();
  assertEquals([push.channel, push.unsubscribe.code], ["chat:a", 2500]);
  const [{ subscribe }] = await one.send({ subscribe: { channel: "chat:a", flag: 1 } });
  assert(subscribe.id > 0);
});

Deno.test("client: joins and leaves are told to who asked, by name or by number", async () => {
  const options = { ...OPEN, joinLeave: true };
  const bench = new ClientBench({ config: { namespaces: { chat: options } } });
  const [named, numbered, quiet] = [bench.client(), bench.client(), bench.client()];
  const request = { channel: "chat:a", join_leave: true };
  await (await named.connect()).send({ subscribe: request });
  const [{ subscribe: { id } }] = await (await numbered.connect())
    .send({ subscribe: { ...request, flag: 1 } });
  await (await quiet.connect()).send({ subscribe: { channel: "chat:a" } });
  bench.settle();
  for (const one of [named, numbered, quiet]) one.take();
  const guest = await bench.client().connect();
  await guest.send({ subscribe: { channel: "chat:a" } });
  guest.client.closed();
  bench.settle();
  const info = { user: "", client: guest.client.identity.id };
  const pushes = (reference: Record<string, unknown>) => [
    { push: { ...reference, join: { info } } },
    { push: { ...reference, leave: { info } } },
  ];
  assertEquals(named.take(), pushes({ channel: "chat:a" }));
  assertEquals(numbered.take(), pushes({ id }));
  assertEquals(quiet.take(), []);
});

Deno.test("client: a server subscribes no connection that is ending", async () => {
  const bench = new ClientBench();
  const one = await bench.client().connect();
  const found = bench.context.rules.resolve("chat:a");
  if ("error" in found) throw new Error("chat:a");
  one.client.disconnect({ code: 3000, reason: "" });
  const grant = { info: undefined, data: undefined, override: {}, expireAt: undefined };
  one.client.subscribeByServer(found.channel, {}, { ...grant, isServerSide: true });
  assertEquals([bench.context.hub.channelCount, one.take()], [0, []]);
});

Deno.test("client: of more commands in a message than two seconds may have, none is left without an answer", async () => {
  const answers: (() => void)[] = [];
  const hooks = {
    rpc: () => new Promise((resolve) => answers.push(() => resolve({ data: utf8("1") }))),
  } as unknown as ClientHooks;
  const bench = new ClientBench({ limits: { commandsPerSecond: 2 }, hooks });
  const one = bench.client();
  const sent = one.send({ connect: {} }, ...Array(4).fill({ rpc: { method: "slow" } }));
  for (let i = 0; i < 3; i++) {
    await waitFor(() => answers.length === i + 1, { what: `the call ${i + 1}` });
    bench.pass(1_000);
    answers[i]!();
  }
  await sent;
  assertEquals(one.link.ended?.code, 3013);
  assertEquals([answers.length, bench.counters.get(CHANNEL_COLUMN.limitCommands)], [3, 1]);
});
