/**
 * One channel with subscribers of every protocol at once, on two workers, and publishers of three kinds: all get everything, in one order.
 *
 * CHANNEL_PUBLICATIONS sets how many; 100,000 take a minute.
 */

import { assertEquals } from "@std/assert";
import Echo from "npm:laravel-echo@2.5.0";
import type { Backend } from "../../support/channel_backend.ts";
import {
  type ChannelClient,
  connected,
  isPublished,
  subscribe,
} from "../../support/channel_server.ts";
import { fetchStream } from "../../support/plain_stream.ts";
import { PusherServer, subscribedTo } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const COUNT = Number(Deno.env.get("CHANNEL_PUBLICATIONS") ?? 2_000);
/** Publications of each publisher at once. */
const BATCH = 10;
const PUBLISHERS = 3;
/** So many of each kind publish at the same time. */
const LOOPS = 4;
/** Subscribers of each kind, so that they are on both workers. */
const EACH = 2;
/** So far a subscriber may be behind: they share the thread of the test, and one that is too slow is disconnected. */
const AHEAD = 1_000;
const CHANNEL = "shop:orders";
const EVENTS = ["placed", "message"];

/** A subscriber: what it got, in its order, and its end if the server's disposal is not that. */
interface Subscriber {
  /** How many it has got so far. */
  count(): number;
  numbers(): readonly number[];
  /** Faults that it has noticed, such as a lost subscription. */
  faults(): readonly unknown[];
  close?(): void | PromiseLike<void>;
}

/** Publications of the backend with npm `pusher` have a name of their own. */
const eventOf = (n: number) => n % (BATCH * PUBLISHERS) < BATCH ? "placed" : "message";

/** Keeps the numbers of events, and what came as another event than it was published. */
function keeper() {
  const numbers: number[] = [];
  const faults: string[] = [];
  const take = (event: string, data: unknown) => {
    const { n } = data as { n: number };
    numbers.push(n);
    if (event !== eventOf(n)) faults.push(`${n} came as ${event}`);
  };
  const subscriber: Subscriber = {
    count: () => numbers.length,
    numbers: () => numbers,
    faults: () => faults,
  };
  return { take, faults, subscriber };
}

async function centrifuge(client: ChannelClient): Promise<Subscriber> {
  await connected(client);
  const { data, offsets, unsubscribed, errors } = await subscribe(client, CHANNEL);
  return {
    count: () => data.length,
    numbers: () => data.map((one) => (one as { n: number }).n),
    faults: () => [
      ...offsets.filter((offset, i) => offset !== i + 1),
      ...unsubscribed,
      ...errors,
    ],
  };
}

const KINDS: Readonly<Record<string, (server: PusherServer) => Promise<Subscriber>>> = {
  "pusher-js": async (server) => {
    const { take, subscriber } = keeper();
    const channel = await subscribedTo(server.client(), "orders");
    for (const event of EVENTS) channel.bind(event, (data) => take(event, data));
    return subscriber;
  },
  "laravel-echo": async (server) => {
    const { take, subscriber } = keeper();
    const echo = new Echo({ broadcaster: "pusher", client: server.client() } as never);
    let isSubscribed = false;
    const channel = echo.channel("orders").subscribed(() => isSubscribed = true);
    for (const event of EVENTS) channel.listen(`.${event}`, (data: unknown) => take(event, data));
    await waitFor(() => isSubscribed, { what: "the subscription of laravel-echo" });
    return subscriber;
  },
  "centrifuge, WebSocket": ({ backend }) => centrifuge(backend.server.client()),
  "centrifuge, SSE": ({ backend }) => centrifuge(backend.server.streamClient("sse")),
  "centrifuge, HTTP stream": ({ backend }) =>
    centrifuge(backend.server.streamClient("http_stream")),
  EventSource: ({ backend }) => {
    const { take, faults, subscriber } = keeper();
    const source = new EventSource(plainUrl(backend));
    for (const event of EVENTS) {
      source.addEventListener(event, ({ data }) => take(event, JSON.parse(data).data));
    }
    // It comes back by itself if it was too slow, and is told what it missed.
    source.addEventListener("lost", () => void faults.push("lost"));
    return Promise.resolve({ ...subscriber, close: () => source.close() });
  },
  fetch: async ({ backend }) => {
    const stream = await fetchStream(plainUrl(backend));
    const { events } = stream.seen;
    return {
      count: () => events.length,
      numbers: () => events.map(({ data }) => JSON.parse(data).data.n),
      faults: () =>
        events.filter(({ type, data }, i) => {
          const { offset, data: { n } } = JSON.parse(data);
          return offset !== i + 1 || type !== eventOf(n);
        }),
      close: () => stream[Symbol.asyncDispose](),
    };
  },
};

function plainUrl(backend: Backend): string {
  return backend.url(`/channels/sse?channel=${CHANNEL}`);
}

/**
 * Publishes from its own connections until all is published. Returns how many publications that were.
 *
 * @param isBehind whether a subscriber has not got the first so many
 */
async function publishAll(
  server: PusherServer,
  isBehind: (count: number) => boolean,
): Promise<number> {
  let next = 0;
  const publish = async () => {
    const client = server.backend.server.client();
    await connected(client);
    while (next < COUNT) {
      const from = next;
      next += PUBLISHERS * BATCH;
      await waitFor(() => !isBehind(from - AHEAD), { what: "the slowest subscriber" });
      const batch = (of: number) =>
        Array.from({ length: BATCH }, (_, i) => ({ n: from + of * BATCH + i }));
      const events = batch(0).map((data) => ({ channel: "orders", name: "placed", data }));
      await (await server.library.triggerBatch(events)).text();
      await server.backend.publishAll(CHANNEL, batch(1));
      await Promise.all(
        batch(2).map((data) =>
          waitFor(() => isPublished(client.centrifuge, CHANNEL, data), {
            what: "room for a publication",
          })
        ),
      );
    }
  };
  await Promise.all(Array.from({ length: LOOPS }, publish));
  return next;
}

Deno.test(`channels: ${COUNT} publications, of backends and clients, reach subscribers of every protocol in one order`, async () => {
  await using server = await PusherServer.start();
  const subscribers: [kind: string, Subscriber][] = [];
  try {
    for (const [kind, open] of Object.entries(KINDS)) {
      for (let i = 0; i < EACH; i++) subscribers.push([kind, await open(server)]);
    }
    await waitFor(async () => await server.backend.subscribers(CHANNEL) === subscribers.length, {
      what: "all subscriptions",
    });
    const missing = (count: number) => subscribers.filter(([, one]) => one.count() < count);
    const total = await publishAll(server, (count) => missing(count).length > 0);
    await waitFor(() => missing(total).length === 0, {
      what: () =>
        missing(total).map(([kind, one]) => `${total} at ${kind}: ${one.count()}; ${one.faults()}`)
          .join("\n"),
    });
    const order = subscribers[0]![1].numbers();
    assertEquals(order.toSorted((a, b) => a - b), Array.from({ length: total }, (_, i) => i));
    for (const [kind, { numbers, faults }] of subscribers) {
      assertEquals(faults().slice(0, 10), [], kind);
      assertEquals(numbers(), order, kind);
    }
  } finally {
    for (const [, subscriber] of subscribers) await subscriber.close?.();
  }
});
