/**
 * Publications reach every subscriber on every worker, in one order and without a gap: the real server with two workers, and
 * the real client `centrifuge` from npm.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChannelServer, connected, isPublished, subscribe } from "../../support/channel_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const COUNT = 500;

Deno.test("channels: subscribers on both workers get what is published on either, in one order", async () => {
  await using server = await ChannelServer.start();
  const both = await server.clientsOnBoth(2);
  const subscribers = await Promise.all(
    both.flat().map((client) => subscribe(client, "chat:room", { recoverable: true })),
  );
  const publishers = both.map(([client]) => client!.centrifuge);
  // By worker, in order: a client gets its replies in the order of its commands.
  const published: number[][] = [[], []];
  for (let i = 0; i < COUNT;) {
    const publishing: Promise<void>[] = [];
    // Several in flight from both at once.
    for (const end = Math.min(i + 16, COUNT); i < end; i++) {
      publishing.push(...publishers.map(async (one, worker) => {
        const at = i;
        if (await isPublished(one, "chat:room", { worker, i: at })) published[worker]!.push(at);
      }));
    }
    await Promise.all(publishing);
  }
  const total = published.flat().length;
  assert(total > COUNT, `only ${total} of ${2 * COUNT} were published`);
  await waitFor(() => subscribers.every(({ data }) => data.length >= total), {
    what: () => `${total} publications, not ${subscribers.map(({ data }) => data.length)}`,
  });
  const [first] = subscribers;
  const expected = Array.from({ length: total }, (_, i) => i + 1);
  for (const { data, offsets } of subscribers) {
    assertEquals(offsets, expected);
    assertEquals(data, first!.data);
  }
  for (const worker of [0, 1]) {
    const own = first!.data.filter((data) => (data as { worker: number }).worker === worker);
    assertEquals(own.map((data) => (data as { i: number }).i), published[worker]);
  }
});

Deno.test("channels: JSON arrives byte for byte, without its line breaks", async () => {
  await using server = await ChannelServer.start();
  const client = server.client();
  await connected(client);
  const raw = new WebSocket(server.url);
  const messages: string[] = [];
  raw.onmessage = ({ data }) => messages.push(String(data));
  await new Promise((resolve) => raw.onopen = resolve);
  raw.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:raw"}}');
  await waitFor(() => messages.length > 0, { what: "the replies" });
  assertEquals(messages[0]!.split("\n").length, 2); // together, in order
  raw.send('{"id":3,"publish":{"channel":"chat:raw","data":{"a": 1.0,"b":12345678901234567890}}}');
  await waitFor(() => messages.length > 2, { what: "the reply and the publication" });
  assert(messages.some((text) => text.includes('"data":{"a": 1.0,"b":12345678901234567890}')));
  raw.close();
  await new Promise((resolve) => raw.onclose = resolve);
});

Deno.test("channels: a client that comes back recovers exactly what it missed", async () => {
  await using server = await ChannelServer.start();
  const subscriber = server.client();
  const publisher = server.client();
  await Promise.all([connected(subscriber), connected(publisher)]);
  const received = await subscribe(subscriber, "chat:recovery", { recoverable: true });
  const publish = (i: number) => publisher.centrifuge.publish("chat:recovery", i);
  for (let i = 1; i <= 200; i++) {
    await publish(i);
    // While it is away, while it recovers, and while it is there.
    if (i % 20 === 0) subscriber.cut();
  }
  await waitFor(() => received.data.length >= 200, {
    what: () => `200 publications, not ${received.data.length}`,
  });
  assertEquals(received.offsets, Array.from({ length: 200 }, (_, i) => i + 1));
  assertEquals(received.data, received.offsets);
  const again = received.subscribed.slice(1);
  assert(again.length > 0);
  assert(again.every(({ recovered, wasRecovering }) => recovered === true && wasRecovering));
});

Deno.test("channels: who may not is refused, and an unknown namespace has error 102", async () => {
  await using server = await ChannelServer.start();
  const client = server.client();
  await connected(client);
  const codeOf = async (promise: Promise<unknown>) =>
    (await assertRejects(() => promise) as unknown as { code: number }).code;
  const { centrifuge } = client;
  assertEquals((await subscribe(client, "closed:a")).unsubscribed, [103]);
  assertEquals((await subscribe(client, "nowhere:a")).unsubscribed, [102]);
  assertEquals((await subscribe(client, "$chat:a")).unsubscribed, [103]);
  assertEquals(await codeOf(centrifuge.publish("closed:a", 1)), 103);
  assertEquals(await codeOf(centrifuge.presence("closed:a")), 108);
  assertEquals(await codeOf(centrifuge.history("closed:a", { limit: 1 })), 108);
  assertEquals(await codeOf(centrifuge.rpc("anything", {})), 108);
});

Deno.test("channels: presence and history", async () => {
  await using server = await ChannelServer.start();
  const [[one], [other]] = await server.clientsOnBoth(1);
  await subscribe(one!, "chat:people");
  await subscribe(other!, "chat:people");
  const listed = async () => Object.keys((await other!.centrifuge.presence("chat:people")).clients);
  const before = await listed();
  assertEquals(before.length, 2);
  const stats = await other!.centrifuge.presenceStats("chat:people");
  assertEquals([stats.numClients, stats.numUsers], [2, 1]);
  for (let i = 1; i <= 5; i++) await one!.centrifuge.publish("chat:people", i);
  const history = await other!.centrifuge.history("chat:people", { limit: 3, reverse: true });
  assertEquals(history.publications.map(({ data }) => data), [5, 4, 3]);
  assertEquals(history.offset, 5);
  const rest = await other!.centrifuge.history("chat:people", {
    limit: -1,
    since: { offset: 3, epoch: history.epoch },
  });
  assertEquals(rest.publications.map(({ offset }) => offset), [4, 5]);
  one!.cut();
  // It comes back at once, as another client.
  await waitFor(async () => {
    const now = await listed();
    return before.filter((client) => now.includes(client)).length === 1;
  }, { what: "the leaving of a client whose connection broke" });
});
