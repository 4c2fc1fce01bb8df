/** A stop of the server ends the clients of channels with 3001, over all transports, spread over --drain-spread. */

import { assert, assertEquals } from "@std/assert";
import { ChannelServer, connected, subscribe } from "../../support/channel_server.ts";
import { crowdSize } from "../../support/crowd.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

/** CHANNEL_CROWD=9000 makes them more. */
const SUBSCRIBERS = crowdSize(2_000);

/** A subscriber without a library. */
interface Subscriber {
  readonly socket: NodeSocket;
  isSubscribed: boolean;
  /** How many publications it got. */
  publications: number;
  closed?: { readonly code: number; readonly reason: string; readonly at: number };
}

function open(url: string): Subscriber {
  const socket = new NodeSocket(url);
  const subscriber: Subscriber = { socket, isSubscribed: false, publications: 0 };
  socket.on(
    "open",
    () => socket.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:a"}}'),
  );
  socket.on("message", (data) => {
    const text = new TextDecoder().decode(data);
    if (text.includes('"id":2')) subscriber.isSubscribed = true;
    subscriber.publications += text.split('"pub":').length - 1;
  });
  socket.on("close", (code, reason) => {
    subscriber.closed = { code, reason: new TextDecoder().decode(reason), at: performance.now() };
  });
  return subscriber;
}

async function openAll(server: ChannelServer, count: number): Promise<Subscriber[]> {
  const all: Subscriber[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(200, count - all.length) }, () => open(server.url));
    await waitFor(() => some.every(({ isSubscribed }) => isSubscribed), {
      what: () => `${some.filter(({ isSubscribed }) => !isSubscribed).length} more subscriptions`,
    });
    all.push(...some);
  }
  return all;
}

Deno.test(`drain: ${SUBSCRIBERS} clients end with 3001 one after the other, and go on until then`, async () => {
  const spread = 2_000;
  await using server = await ChannelServer.start(undefined, {
    channelLimits: { drainSpread: spread },
  });
  const all = await openAll(server, SUBSCRIBERS);
  const begun = performance.now();
  server.executor.stop();
  await waitFor(() => all.some(({ closed }) => closed !== undefined), { what: "the first close" });
  // Nobody new can connect; who is connected can still publish, and gets what others publish.
  const last = all.find(({ closed }) => closed === undefined)!;
  const before = last.publications;
  last.socket.send('{"id":3,"publish":{"channel":"chat:a","data":1}}');
  const left = all.filter(({ closed }) => closed === undefined).length;
  await waitFor(() => last.publications > before || last.closed !== undefined, {
    what: "a publication during the stop",
  });
  await waitFor(() => all.every(({ closed }) => closed !== undefined), {
    what: () => `${all.filter(({ closed }) => closed === undefined).length} more closes`,
  });
  assert(left > 0);
  for (const { closed } of all) assertEquals([closed!.code, closed!.reason], [3001, "shutdown"]);
  const times = all.map(({ closed }) => closed!.at - begun).toSorted((a, b) => a - b);
  // Half of them in about half of the time: bounds that a busy machine keeps.
  assert(times.at(-1)! - times[0]! > spread / 2, `all within ${times.at(-1)! - times[0]!} ms`);
  const half = times[SUBSCRIBERS / 2]!;
  assert(half > spread / 4, `half of them after ${half} ms`);
  await server.executor.ended;
});

Deno.test("drain: without a spread all end at once", async () => {
  await using server = await ChannelServer.start(undefined, { channelLimits: { drainSpread: 0 } });
  const all = await openAll(server, 100);
  server.executor.stop();
  const { failure } = await server.executor.ended;
  assertEquals(failure, undefined);
  await waitFor(() => all.every(({ closed }) => closed !== undefined), { what: "the closes" });
  assert(all.every(({ closed }) => closed!.code === 3001));
});

Deno.test("drain: the real client sees 3001 over each transport, and tries to come back", async () => {
  await using server = await ChannelServer.start();
  const clients = [
    server.client(),
    server.streamClient("sse"),
    server.streamClient("http_stream"),
  ];
  const codes = clients.map(() => [] as number[]);
  clients.forEach(({ centrifuge }, i) => {
    centrifuge.on("connecting", ({ code }: { code: number }) => codes[i]!.push(code));
  });
  for (const client of clients) {
    await connected(client);
    await subscribe(client, "chat:a");
  }
  server.executor.stop();
  await waitFor(() => codes.every((all) => all.includes(3001)), {
    what: () => `3001 at each client, not ${JSON.stringify(codes)}`,
  });
  assert(clients.every(({ centrifuge }) => centrifuge.state === "connecting"));
});
