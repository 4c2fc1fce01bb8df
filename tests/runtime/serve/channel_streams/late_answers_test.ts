/** Streams of channels that an engine keeps, which answers later. */
import { assertEquals } from "@std/assert";
import { createChannelMemory } from "../../../../runtime/channels/mod.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";
import { LateBroker } from "../centrifuge/late_broker.ts";
import { StreamBench } from "./stream_bench.ts";

const NAMES = ["chat:a", "chat:b"];

function bench() {
  const random = new Uint32Array([7, 6, 5, 4, 3, 2, 1]);
  const options = { bytes: 256 * 1024, workers: 2, random, engine: true };
  const stores = new Stores(options.bytes, 2, createChannelMemory(options));
  const engine = new LateBroker(stores.main);
  const server = new ClientBench({ stores, engine });
  const publish = (name: string, text: string) =>
    engine.engine.publish(utf8(name), publication(text));
  return { server, streams: new StreamBench(server), engine, publish };
}

for (const names of [NAMES.slice(0, 1), NAMES]) {
  Deno.test(`late answers: a stream of ${names.length} recovers what the store does not have`, async () => {
    const { server, streams, engine, publish } = bench();
    for (const name of names) publish(name, "1");
    const first = streams.open(names);
    await server.followed();
    const seen = first.read().lastEventId;
    first.cut();
    server.settle();
    // Nobody is subscribed: the server gives the channels up, and comes back to them later.
    for (const name of names) {
      assertEquals(server.stores.main.unfollow(utf8(name)), "unfollowed");
      for (const text of ["2", "3"]) publish(name, text);
    }
    const again = streams.open(names, seen);
    await server.followed();
    for (const name of names) {
      const [live] = [publication("4")];
      await engine.publish(utf8(name), live);
    }
    server.settle();
    const { events } = again.read();
    const got = events.filter(({ type }) => type === "message").map(({ data }) => JSON.parse(data));
    for (const name of names) {
      const offsets = got.filter(({ channel }) => channel === name).map(({ offset }) => offset);
      assertEquals(offsets, [2, 3, 4]);
    }
    assertEquals(events.filter(({ type }) => type === "lost"), []);
  });
}

Deno.test("late answers: a stream whose client has seen more than this server has loses nothing", async () => {
  const { server, streams, publish } = bench();
  const [name] = NAMES.slice(0, 1) as [string];
  publish(name, "1");
  const first = streams.open([name]);
  await server.followed();
  const seen = first.read().lastEventId;
  const { offset } = publish(name, "2");
  const ahead = seen.replace(/1$/, `${offset}`);
  const early = streams.open([name], ahead);
  await server.followed();
  assertEquals(early.answer.fate, "ended");
  const late = streams.open([name], ahead);
  server.stores.main.replicate(utf8(name), { ...publication("2"), offset });
  server.stores.main.replicate(utf8(name), { ...publication("3"), offset: offset + 1 });
  await server.followed();
  server.settle();
  const { events } = late.read();
  assertEquals(events.filter(({ type }) => type === "lost"), []);
  const messages = events.filter(({ type }) => type === "message");
  assertEquals(messages.map(({ data }) => JSON.parse(data).offset), [3]);
});

Deno.test("late answers: a stream whose engine does not answer ends, and its client comes back", async () => {
  const { server, streams, engine } = bench();
  engine.fault = "busy";
  const stream = streams.open(NAMES);
  await server.followed();
  assertEquals(stream.answer.fate, "ended");
  assertEquals(server.context.hub.channelCount, 0);
});
