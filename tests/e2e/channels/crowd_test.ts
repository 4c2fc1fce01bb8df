/**
 * Crowds: what many clients do at the same moment. The real server with two workers. CHANNEL_CROWD makes them larger than the suite has
 * time for: `CHANNEL_CROWD=2000 deno test …`.
 */

import { assert, assertEquals } from "@std/assert";
import { OPEN } from "../../support/channel_options.ts";
import {
  type ChannelClient,
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import {
  allSubscribed,
  CrowdMember,
  crowdSize,
  faultsOf,
  gather,
  scatter,
} from "../../support/crowd.ts";
import { Random } from "../../support/random.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const RETURNING = crowdSize(2_000);
const MEMBERS = crowdSize(1_000);
/** What a channel of the namespace `short` keeps. */
const SHORT = 5;

/** The crowd itself may keep all cores busy for longer than the 5 s that a client waits for an answer. */
const PATIENT = { timeout: 60_000 };

/** Publishes in each channel; a store that is busy for a moment is asked again. */
async function publishAll({ centrifuge }: ChannelClient, channels: readonly string[]) {
  for (const channel of channels) {
    const publish = () =>
      centrifuge.publish(channel, 1).then(() => true, ({ code }) => {
        if (code !== 100) throw new Error(`error ${code}`);
        return false;
      });
    await waitFor(publish, { what: "a place in the store" });
  }
}

Deno.test(`crowd: ${RETURNING} clients that come back within a second recover, or are told; nobody else notices`, async () => {
  const namespaces = { chat: OPEN, short: { ...OPEN, historySize: SHORT } };
  await using server = await ChannelServer.start({ ...OPEN_CHANNELS, namespaces });
  const random = new Random(1);
  const chat = Array.from({ length: 8 }, (_, i) => `chat:${i}`);
  const all = [...chat, "short:a", "short:b"];
  const crowd = Array.from(
    { length: RETURNING },
    (_, i) => new CrowdMember(server.url, all[i % all.length]!),
  );
  const [publisher, ...others] = Array.from({ length: 5 }, () => server.client(PATIENT));
  await Promise.all([publisher!, ...others].map(connected));
  const live = await Promise.all(
    others.map((other) => subscribe(other, "chat:live", { recoverable: true })),
  );
  await gather(crowd);
  for (let i = 0; i < 3; i++) await publishAll(publisher!, all);
  await waitFor(() => crowd.every(({ publications }) => publications >= 3), {
    what: "three publications each",
  });

  await scatter(crowd);
  for (let i = 0; i < 2 * SHORT; i++) await publishAll(publisher!, all);
  // Some bring a position that no channel has.
  const liars = crowd.filter((_, i) => i % 17 === 0);
  liars.forEach((liar, i) => {
    const { epoch, offset } = liar.position!;
    liar.position = i % 2 === 0 ? { epoch: "none", offset } : { epoch, offset: offset + 1_000 };
  });
  const losers = crowd.filter((member) =>
    member.channel.startsWith("short:") || liars.includes(member)
  );
  const back: CrowdMember[] = [];
  for (const member of crowd) {
    setTimeout(() => {
      member.come();
      back.push(member);
    }, random.below(1_000));
  }
  let lives = 0;
  while (!crowd.every(({ isSubscribed }) => isSubscribed)) {
    await publishAll(publisher!, [...all, "chat:live"]);
    lives++;
    const closed = back.find((member) => member.closed !== undefined);
    if (closed !== undefined) throw new Error(`closed with ${closed.closed!.code}`);
    if (lives > 10_000) throw new Error("they do not come back");
  }
  await allSubscribed(crowd);
  for (const member of crowd) {
    assertEquals(member.recovered, !losers.includes(member), member.channel);
  }
  await publishAll(publisher!, [...all, "chat:live"]);
  const last = 3 + 2 * SHORT + lives + 1;
  await waitFor(() => crowd.every(({ position }) => position!.offset === last), {
    what: () => `offset ${last} at each; ${faultsOf(crowd)}`,
  });
  assertEquals(faultsOf(crowd), []);
  const expected = Array.from({ length: lives + 1 }, (_, i) => i + 1);
  await waitFor(() => live.every(({ offsets }) => offsets.length === expected.length), {
    what: "all of the live channel",
  });
  for (const { offsets, subscribed } of live) {
    assertEquals(offsets, expected);
    assertEquals(subscribed.length, 1);
  }
  await scatter(crowd);
});

Deno.test(`crowd: ${MEMBERS} members join and leave, and each is told once`, async () => {
  const namespaces = { chat: { ...OPEN, joinLeave: true } };
  await using server = await ChannelServer.start({ ...OPEN_CHANNELS, namespaces });
  const room = "chat:room";
  const watchers = [1, 2, 3].map(() => new CrowdMember(server.url, room, { join_leave: true }));
  await gather(watchers);
  const crowd = Array.from({ length: MEMBERS }, () => new CrowdMember(server.url, room));
  const client = server.client(PATIENT);
  await connected(client);
  const present = async (count: number) => {
    let seen = -1;
    await waitFor(async () => {
      seen = (await client.centrifuge.presenceStats(room)).numClients;
      return seen === count;
    }, { what: () => `${count} members, not ${seen}` });
  };
  await present(watchers.length);
  const before = watchers.map(({ joins }) => joins);
  await gather(crowd);
  await present(watchers.length + crowd.length);
  const told = (count: (watcher: CrowdMember) => number, most: number, what: string) =>
    waitFor(() => watchers.every((watcher, i) => count(watcher) - before[i]! === most), {
      what: () => `${most} ${what} at each, not ${watchers.map(count)}`,
    });
  await told(({ joins }) => joins, crowd.length, "joins");
  const { clients } = await client.centrifuge.presence(room);
  assertEquals(Object.keys(clients).length, watchers.length + crowd.length);
  before.fill(0);
  // Half of them leave the channel, and the others the server, at once.
  crowd.forEach((member, i) => {
    if (i % 2 === 0) member.send({ id: 3, unsubscribe: { channel: room } });
    else member.cut();
  });
  await present(watchers.length);
  await told(({ leaves }) => leaves, crowd.length, "leaves");
  assertEquals(faultsOf([...watchers, ...crowd]), []);
  assert(watchers.every(({ isSubscribed }) => isSubscribed));
  await scatter([...watchers, ...crowd]);
});
