/**
 * One channel with subscribers of every protocol at once, on two workers, and publishers of two: all get everything, in one order.
 *
 * PUSHER_PUBLICATIONS sets how many; 100,000 take minutes.
 */

import { assert, assertEquals } from "@std/assert";
import { connected, subscribe } from "../../support/channel_server.ts";
import { begun, fetchStream } from "../../support/plain_stream.ts";
import { PusherServer, subscribedTo } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const COUNT = Number(Deno.env.get("PUSHER_PUBLICATIONS") ?? 2_000);
const BATCH = 10;
const EACH = 3;

Deno.test(`pusher: ${COUNT} publications of two protocols reach subscribers of three, in one order`, async () => {
  await using server = await PusherServer.start();
  const { backend } = server;
  const lists: number[][] = [];
  const list = () => {
    const one: number[] = [];
    lists.push(one);
    return one;
  };
  for (let i = 0; i < EACH; i++) {
    const got = list();
    const channel = await subscribedTo(server.client(), "orders");
    channel.bind("placed", (data) => void got.push((data as { n: number }).n));
    channel.bind("message", (data) => void got.push((data as { n: number }).n));
  }
  const centrifuge = await Promise.all(
    Array.from({ length: EACH }, async () => {
      const client = backend.server.client();
      await connected(client);
      return await subscribe(client, "shop:orders");
    }),
  );
  const streams = await Promise.all(
    Array.from({ length: EACH }, async () => {
      return await begun(await fetchStream(backend.url("/channels/sse?channel=shop:orders")));
    }),
  );
  try {
    let next = 0;
    const publishAll = async () => {
      while (next < COUNT) {
        const from = next;
        next += 2 * BATCH;
        const numbers = Array.from({ length: BATCH }, (_, i) => from + i);
        await server.library.triggerBatch(
          numbers.map((n) => ({ channel: "orders", name: "placed", data: { n } })),
        ).then((response) => response.text());
        await backend.publishAll("shop:orders", numbers.map((n) => ({ n: n + BATCH })));
      }
    };
    await Promise.all(Array.from({ length: 4 }, publishAll));
    const total = next;
    const numbersOf = (events: readonly { readonly data: { n: number } }[]) =>
      events.map(({ data: { n } }) => n);
    const isThere = () =>
      lists.every(({ length }) => length >= total) &&
      centrifuge.every(({ data }) => data.length >= total) &&
      streams.every(({ seen }) => seen.events.length >= total);
    await waitFor(isThere, {
      timeoutMs: 60_000 + COUNT,
      what: () =>
        `${total} publications; ${lists.map(({ length }) => length)}, ${
          centrifuge.map(({ data }) => data.length)
        }, ${streams.map(({ seen }) => seen.events.length)}`,
    });
    const [first] = centrifuge;
    const order = first!.data.map((data) => (data as { n: number }).n);
    assertEquals(order.toSorted((a, b) => a - b), Array.from({ length: total }, (_, i) => i));
    for (const { data } of centrifuge) {
      assertEquals(data.map((one) => (one as { n: number }).n), order);
    }
    for (const one of lists) assertEquals(one, order);
    for (const { seen } of streams) {
      assertEquals(numbersOf(seen.events.map(({ data }) => JSON.parse(data))), order);
      const types = new Set(seen.events.map(({ type }) => type));
      assertEquals([...types].sort(), ["message", "placed"]);
    }
    assert(
      centrifuge.every(({ unsubscribed, errors }) => unsubscribed.length + errors.length === 0),
    );
  } finally {
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  }
});
