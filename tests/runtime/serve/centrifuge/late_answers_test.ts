/** Clients of channels that an engine keeps: it answers later, and clients see the same as from the store. */
import { assertEquals } from "@std/assert";
import { createChannelMemory } from "../../../../runtime/channels/mod.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "./client_bench.ts";
import { LateBroker } from "./late_broker.ts";

const NAME = "chat:a";

function bench() {
  const random = new Uint32Array([7, 6, 5, 4, 3, 2, 1]);
  const options = { bytes: 256 * 1024, workers: 2, random, engine: true };
  const stores = new Stores(options.bytes, 2, createChannelMemory(options));
  const engine = new LateBroker(stores.main);
  const publish = (text: string) => engine.engine.publish(utf8(NAME), publication(text));
  return { server: new ClientBench({ stores, engine }), engine, publish };
}

Deno.test("late answers: a subscription follows the channel, and gets the engine's offsets and epoch", async () => {
  const { server, engine, publish } = bench();
  const epoch = engine.engine.epochText(publish("1").epoch);
  const one = await server.client().connect();
  const [reply] = await one.send({ subscribe: { channel: NAME, recoverable: true } });
  assertEquals([reply.subscribe.epoch, reply.subscribe.offset], [epoch, 1]);
  await one.send({ publish: { channel: NAME, data: { n: 2 } } });
  server.settle();
  const [push] = one.take();
  assertEquals([push.push.pub.offset, push.push.pub.data], [2, { n: 2 }]);
  // The next one finds the channel followed: no promise.
  const other = await server.client().connect();
  const [second] = await other.send({ subscribe: { channel: NAME, recoverable: true } });
  assertEquals([second.subscribe.epoch, second.subscribe.offset], [epoch, 2]);
});

Deno.test("late answers: what was published before the channel is followed is recovered from the engine", async () => {
  const { server, engine, publish } = bench();
  const epoch = engine.engine.epochText(publish("1").epoch);
  for (const text of ["2", "3"]) publish(text);
  const one = await server.client().connect();
  const ask = { channel: NAME, recoverable: true, recover: true };
  const [reply] = await one.send({ subscribe: { ...ask, offset: 1, epoch } });
  const { recovered, publications, offset } = reply.subscribe;
  assertEquals([recovered, offset], [true, 3]);
  // deno-lint-ignore no-explicit-any -- a reply
  assertEquals(publications.map((one: any) => [one.offset, one.data]), [[2, 2], [3, 3]]);
  await one.send({ publish: { channel: NAME, data: 4 } });
  server.settle();
  assertEquals(one.take().map(({ push }) => push.pub.offset), [4]);
  // Behind what was followed, the store has it all.
  const other = await server.client().connect();
  const [second] = await other.send({ subscribe: { ...ask, offset: 3, epoch } });
  assertEquals([second.subscribe.recovered, second.subscribe.publications.length], [true, 1]);
});

Deno.test("late answers: what the engine does not have either is lost, and the client is told", async () => {
  const { server, engine, publish } = bench();
  const epoch = engine.engine.epochText(publish("1").epoch);
  for (const text of ["2", "3"]) publish(text);
  engine.engine.removeHistory(utf8(NAME));
  for (
    const position of [{ offset: 1, epoch }, { offset: 1, epoch: "other" }, { offset: 9, epoch }]
  ) {
    const one = await server.client().connect();
    const ask = { channel: NAME, recoverable: true, recover: true, ...position };
    const [reply] = await one.send({ subscribe: ask });
    const { recovered, publications, offset, epoch: now } = reply.subscribe;
    assertEquals([recovered, publications, offset, now], [undefined, undefined, 3, epoch]);
  }
});

Deno.test("late answers: a position that another server told before this one has it is recovered, or asked again", async () => {
  const { server, engine, publish } = bench();
  const epoch = engine.engine.epochText(publish("1").epoch);
  const one = await server.client().connect();
  await one.send({ subscribe: { channel: NAME } });
  const { offset } = publish("2"); // it has not come here yet
  const ask = { channel: NAME, recoverable: true, recover: true, offset, epoch };
  const other = await server.client().connect();
  const [early] = await other.send({ subscribe: ask });
  assertEquals(early.error?.code, 100);
  const answer = other.send({ subscribe: ask });
  server.stores.main.replicate(utf8(NAME), { ...publication("2"), offset });
  const [{ subscribe }] = await answer;
  assertEquals([subscribe.recovered, subscribe.offset, subscribe.publications], [
    true,
    offset,
    undefined,
  ]);
});

Deno.test("late answers: an engine that is away is a temporary error, and nobody is subscribed", async () => {
  const { server, engine } = bench();
  const one = await server.client().connect();
  for (const fault of ["busy", "full"] as const) {
    engine.fault = fault;
    const [subscribed] = await one.send({ subscribe: { channel: NAME } });
    const [published] = await one.send({ publish: { channel: NAME, data: 1 } });
    assertEquals([subscribed.error.code, published.error.code], [100, 100]);
  }
  assertEquals(server.context.hub.channelCount, 0);
  engine.fault = undefined;
  const [reply] = await one.send({ subscribe: { channel: NAME } });
  assertEquals(reply.error, undefined);
});

Deno.test("late answers: a client that leaves meanwhile is not subscribed", async () => {
  const { server } = bench();
  const one = await server.client().connect();
  const sent = one.send({ subscribe: { channel: NAME } });
  one.client.closed();
  await sent;
  server.settle();
  assertEquals([server.context.hub.channelCount, one.take()], [0, []]);
});

Deno.test("late answers: commands keep their order, and answers theirs", async () => {
  const { server } = bench();
  const one = await server.client().connect();
  const replies = await one.send(
    { subscribe: { channel: NAME } },
    { publish: { channel: NAME, data: 1 } },
    { history: { channel: NAME, limit: 10 } },
    { presence: { channel: NAME } },
    { presence_stats: { channel: NAME } },
    { unsubscribe: { channel: NAME } },
  );
  const names = replies.flatMap((reply) => Object.keys(reply).filter((key) => key !== "id"));
  assertEquals(names.filter((name) => name !== "push"), [
    "subscribe",
    "publish",
    "history",
    "presence",
    "presence_stats",
    "unsubscribe",
  ]);
  assertEquals(replies.find(({ history }) => history).history.publications.length, 1);
  assertEquals(Object.keys(replies.find(({ presence }) => presence).presence.presence).length, 1);
});

Deno.test("late answers: who cannot become a member is unsubscribed, and comes again", async () => {
  const { server, engine } = bench();
  const one = await server.client().connect();
  await one.send({ subscribe: { channel: NAME } });
  const other = await server.client().connect();
  engine.fault = "full";
  const replies = await other.send({ subscribe: { channel: NAME } });
  const end = replies.find(({ push }) => push?.unsubscribe)?.push.unsubscribe;
  assertEquals([replies[0].subscribe !== undefined, end?.code], [true, 2500]);
  assertEquals(server.context.hub.subscribersOf(NAME).length, 1);
});

Deno.test("late answers: a lost channel ends its subscriptions with 2500, and can be subscribed again", async () => {
  const { server } = bench();
  const one = await server.client().connect();
  await one.send({ subscribe: { channel: NAME } });
  server.stores.main.lose(utf8(NAME));
  server.settle();
  assertEquals(one.take().map(({ push }) => push.unsubscribe?.code).filter(Boolean), [2500]);
  const [reply] = await one.send({ subscribe: { channel: NAME } });
  assertEquals(reply.error, undefined);
});
