/**
 * Sockets that die at random, and all at once, while publications flow: every offset reaches the application exactly once, or is
 * reported lost. The real server with two workers, and the real client. JITTER_SECONDS makes the run longer.
 */

import { assert, assertEquals } from "@std/assert";
import { OPEN } from "../../support/channel_options.ts";
import {
  type ChannelClient,
  ChannelServer,
  connected,
  isPublished,
  OPEN_CHANNELS,
  type Received,
  subscribe,
} from "../../support/channel_server.ts";
import { Random } from "../../support/random.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const SECONDS = Number(Deno.env.get("JITTER_SECONDS") ?? 3);
const CLIENTS = 30;
const CHANNELS = ["chat:a", "chat:b", "short:c"];

/** Publishes to all channels until the time is over; calls `act` in between. Returns how many each channel has got. */
async function publishFor(
  publisher: ChannelClient,
  act: (round: number) => void,
): Promise<number[]> {
  const end = performance.now() + SECONDS * 1000;
  const counts = CHANNELS.map(() => 0);
  let publishing: Promise<void>[] = [];
  for (let count = 0; performance.now() < end; count++) {
    publishing.push(...CHANNELS.map(async (channel, i) => {
      if (await isPublished(publisher.centrifuge, channel, count + 1)) counts[i]!++;
    }));
    if (count % 8 === 7) {
      await Promise.all(publishing);
      publishing = [];
    }
    act(count);
  }
  await Promise.all(publishing);
  return counts;
}

/** Offsets in order; a hole only where the client was told, by `recovered: false`. */
function check({ offsets, subscribed }: Received, count: number): number {
  let holes = 0;
  offsets.forEach((offset, i) => {
    const before = i === 0 ? 0 : offsets[i - 1]!;
    assert(offset > before, `after ${before} came ${offset}`);
    if (offset !== before + 1) holes++;
  });
  const losses = subscribed.filter(({ wasRecovering, recovered }) => wasRecovering && !recovered);
  assert(holes <= losses.length, `${holes} holes, and ${losses.length} losses were told`);
  assertEquals(offsets.at(-1), count);
  return holes;
}

async function run(act: (clients: readonly ChannelClient[], round: number) => void): Promise<void> {
  const short = { ...OPEN, historySize: 5 };
  await using server = await ChannelServer.start({
    ...OPEN_CHANNELS,
    namespaces: { chat: OPEN, short },
  });
  const clients = Array.from({ length: CLIENTS }, () => server.client());
  const publisher = server.client();
  await Promise.all([...clients, publisher].map(connected));
  const subscriptions = await Promise.all(clients.map((client) =>
    Promise.all(
      CHANNELS.map((channel) => subscribe(client, channel, { recoverable: true })),
    )
  ));
  const counts = await publishFor(publisher, (round) => act(clients, round));
  await Promise.all(clients.map(({ centrifuge }) => centrifuge.ready()));
  // The last ones, after which nobody's socket dies.
  await Promise.all(
    CHANNELS.map((channel, i) =>
      waitFor(() => isPublished(publisher.centrifuge, channel, counts[i]! + 1), {
        what: `the last publication of ${channel}`,
      })
    ),
  );
  const lasts = counts.map((count) => count + 1);
  const newest = (each: Received[]) => each.map(({ offsets }) => offsets.at(-1));
  await waitFor(() => subscriptions.every((each) => String(newest(each)) === String(lasts)), {
    what: () => `offsets ${lasts}, not ${subscriptions.map(newest).join("; ")}`,
  });
  for (const [a, b, c] of subscriptions) {
    for (const [i, whole] of [a!, b!].entries()) assertEquals(check(whole, lasts[i]!), 0);
    check(c!, lasts[2]!);
  }
  assert(subscriptions.flat().some(({ subscribed }) => subscribed.length > 1));
}

// Deno 2.4 keeps a socket of node:net that is destroyed while it connects.
const options = { sanitizeResources: !Deno.version.deno.startsWith("2.4.") };
const title = `channels: ${SECONDS} s of sockets that die at random lose nothing unnoticed`;

Deno.test(title, options, async () => {
  const random = new Random(1);
  await run((clients) => {
    if (random.below(4) === 0) clients[random.below(CLIENTS)]!.cut();
  });
});

Deno.test("channels: all clients lose their sockets at once, several times, and recover", async () => {
  await run((clients, round) => {
    if (round % 100 === 50) { for (const client of clients) client.cut(); }
  });
});
