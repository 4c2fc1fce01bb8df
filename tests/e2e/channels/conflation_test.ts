/** Publications with keys in a namespace with `conflation_interval`, for real clients of every kind, on both workers. */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { OPEN } from "../../support/channel_options.ts";
import { type ChannelClient, connected, subscribe } from "../../support/channel_server.ts";
import { CONFLATED, KEYS, type Price, round, ROUNDS } from "../../support/conflated_prices.ts";
import { Metrics } from "../../support/metrics.ts";
import { begun, fetchStream } from "../../support/plain_stream.ts";
import { PusherServer, subscribedTo } from "../../support/pusher_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const WITH_DELTAS = { ...CONFLATED, allowedDeltaTypes: ["fossil"], deltaPublish: true } as const;
const CHANNEL = "shop:prices";

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((one, i) => i === 0 || one > numbers[i - 1]!);
}

Deno.test("conflation: clients of all kinds on both workers get the newest of each key, in order, and all without one", async () => {
  const monitoring = {
    ...DEFAULT_CONFIG.monitoring,
    admin: { hostname: "127.0.0.1", port: 0 },
  };
  const namespaces = { shop: WITH_DELTAS, other: OPEN };
  await using server = await PusherServer.start({}, { namespaces }, { monitoring });
  const { backend } = server;
  const lists: Price[][] = [];
  const offsets: number[][] = [];
  const add = async (client: ChannelClient, options: Record<string, unknown> = {}) => {
    const received = await subscribe(client, CHANNEL, options);
    lists.push(received.data as Price[]);
    offsets.push(received.offsets);
    return received;
  };
  const [here, there] = await backend.server.clientsOnBoth(1);
  await add(here[0]!);
  const asking = await add(there[0]!, { recoverable: true, positioned: true });
  await add((await backend.server.clientsOnBoth(1))[0][0]!, { delta: "fossil" });
  for (const transport of ["sse", "http_stream"] as const) {
    const client = backend.server.streamClient(transport);
    await connected(client);
    await add(client);
  }
  const prices: Price[] = [];
  lists.push(prices);
  (await subscribedTo(server.client(), "prices")).bind("message", (data) => {
    prices.push(data as Price);
  });
  const stream = await begun(await fetchStream(backend.url(`/channels/sse?channel=${CHANNEL}`)));
  try {
    for (let n = 1; n <= ROUNDS; n++) await backend.ask("batch", { commands: round(CHANNEL, n) });
    const published = ROUNDS * KEYS.length + ROUNDS / 5;
    const ofStream = () => stream.seen.dataOf("message").map(({ data }) => data as Price);
    const all = () => [...lists, ofStream()];
    const isDone = (list: readonly Price[]) =>
      KEYS.every((key) => list.some(({ of, n }) => of === key && n === ROUNDS)) &&
      list.some(({ of, n }) => of === "plain" && n === ROUNDS);
    await waitFor(() => all().every(isDone), {
      what: () => `the newest values; there are ${all().map((one) => JSON.stringify(one.at(-1)))}`,
    });
    for (const list of all()) {
      const plain = list.filter(({ of }) => of === "plain").map(({ n }) => n);
      assertEquals(plain, [5, 10, 15, 20]);
      for (const key of KEYS) {
        assert(isRising(list.filter(({ of }) => of === key).map(({ n }) => n)), "newer ones");
      }
      assert(list.length < published, `${list.length} of ${published}`);
    }
    for (const list of offsets) assert(isRising(list), list.join());
    const events = stream.seen.dataOf("message");
    assert(isRising(events.map(({ offset }) => offset)));
    assertEquals(stream.seen.dataOf("lost"), []);
    assertEquals(events.at(-1).tags ?? {}, events.at(-1).data.of === "plain" ? {} : { key: "C" });

    const { recoverable, positioned } = asking.subscribed[0]!;
    assertEquals([recoverable, positioned, asking.errors], [false, false, []]);
    const { publications } = await backend.ask("history", { channel: CHANNEL, limit: -1 });
    assertEquals(publications.length, published, "the history has all of them");

    // A client that was away is not told that it lost something: it never counted.
    there[0]!.cut();
    await waitFor(() => asking.subscribed.length === 2, { what: "another subscription" });
    await backend.publish(CHANNEL, { of: "A", n: ROUNDS + 1 }, { key: "A" });
    await waitFor(() => lists[1]!.at(-1)!.n === ROUNDS + 1, { what: "the next value" });
    assertEquals([asking.errors, asking.unsubscribed], [[], []]);

    const { port } = backend.server.executor.adminAddress!;
    const metrics = await Metrics.of(`http://127.0.0.1:${port}`);
    assert(metrics.sum("async_deno_channel_conflated_publications_total") > 0);
    assertEquals(metrics.sum("async_deno_channel_conflation_early_ends_total"), 0);
  } finally {
    await stream.cut();
  }
});

Deno.test("conflation: the keys of backends are checked", async () => {
  await using server = await PusherServer.start({}, {
    namespaces: { shop: WITH_DELTAS, other: OPEN },
  });
  const { backend } = server;
  const keyOf = async (more: Record<string, unknown>) => {
    await backend.publish(CHANNEL, 1, more);
    const { publications } = await backend.ask("history", {
      channel: CHANNEL,
      limit: 1,
      reverse: true,
    });
    return publications[0].tags ?? {};
  };
  assertEquals(await keyOf({ key: "é".repeat(127) }), { key: "é".repeat(127) });
  assertEquals(await keyOf({ key: "a", tags: { key: "b", city: "Bonn" } }), {
    key: "a",
    city: "Bonn",
  });
  assertEquals(await keyOf({ tags: { key: "b" } }), { key: "b" });
  assertEquals(await keyOf({ key: "" }), {});
  const { responses } = await backend.ask("broadcast", {
    channels: [CHANNEL, "shop:a"],
    data: 1,
    key: "x".repeat(256),
  });
  assertEquals(responses.map(({ error }: { error: { code: number } }) => error.code), [107, 107]);
});

Deno.test("conflation: a cache channel of Pusher sends its last event once, also while it waits", async () => {
  await using server = await PusherServer.start({}, {
    namespaces: { shop: WITH_DELTAS, other: OPEN },
  });
  const sockets = async () => {
    const all = Array.from({ length: 8 }, () => server.socket());
    for (const socket of all) await socket.subscribe("cache-a");
    return all;
  };
  const trigger = async (event: string, i: number) => {
    await (await server.library.trigger("cache-a", event, { i })).text();
  };
  // On both workers, so that each of them has something that waits.
  const first = await sockets();
  await trigger("e", 1);
  for (const socket of first) await socket.first("e");
  await trigger("e", 2);
  const late = await sockets();
  await trigger("end", 3);
  for (const socket of late) {
    await socket.first("end");
    const events = socket.messages.filter(({ event }) => !event.startsWith("pusher"));
    assertEquals(events.map(({ event, data }) => [event, JSON.parse(data as string).i]), [
      ["e", 2],
      ["end", 3],
    ]);
  }
});
