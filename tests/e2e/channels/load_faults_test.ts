/**
 * Faults under load: a worker's death under many subscribers, a publisher that floods, a store that is full. The real server with two
 * workers: the others go on, and who loses something is told. CHANNEL_CROWD sets how many subscribers there are.
 */

import { assert, assertEquals } from "@std/assert";
import { API_KEY, Backend } from "../../support/channel_backend.ts";
import {
  type ChannelClient,
  ChannelServer,
  connected,
  isPublished,
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
import { NodeSocket } from "../../support/node_socket.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const DYING = new URL("../../support/channels_thread.ts", import.meta.url);
const SUBSCRIBERS = crowdSize(1_000);
const CHANNELS = Array.from({ length: 50 }, (_, i) => `chat:${i}`);
/** Publications of each channel, and milliseconds between two of them: 1,000 a second together. */
const ROUNDS = 60;
const ROUND_MS = 50;
const DEATH = 20;

/** Publishes in all channels. An attempt that fails is repeated, and the channels that have it already answer as before. */
async function broadcast(backend: Backend, round: number, channels = CHANNELS): Promise<void> {
  const request = { channels, data: round, idempotency_key: `round-${round}` };
  const isDone = async () => {
    try {
      const { responses } = await backend.ask("broadcast", request);
      return responses.every(({ error }: { error?: unknown }) => error === undefined);
    } catch {
      return false; // by the worker that dies
    }
  };
  await waitFor(isDone, { what: `round ${round}` });
}

/** Ends the worker that gets this connection. */
async function killWorker({ server: { executor, warnings } }: Backend): Promise<void> {
  const { port } = executor.address as { port: number };
  using victim = await Deno.connect({ hostname: "127.0.0.1", port });
  await victim.write(new TextEncoder().encode("GET /dies HTTP/1.1\r\nHost: x\r\n\r\n"));
  await waitFor(() => warnings.some((text) => text.includes("died")), { what: "its end" });
}

Deno.test(`channels: a worker dies under ${SUBSCRIBERS} subscribers and 1,000 publications a second; they recover, and the others notice nothing`, async () => {
  await using backend = await Backend.start({}, { workerModule: DYING });
  const crowd = Array.from(
    { length: SUBSCRIBERS },
    (_, i) => new CrowdMember(backend.server.url, CHANNELS[i % CHANNELS.length]!),
  );
  await gather(crowd);
  const returned = new Set<CrowdMember>();
  const comeBack = () => {
    for (const member of crowd) {
      if (member.closed === undefined) continue;
      returned.add(member);
      member.come();
    }
  };
  const begun = performance.now();
  for (let round = 1; round <= ROUNDS; round++) {
    await broadcast(backend, round);
    if (round === DEATH) await killWorker(backend);
    comeBack();
    await waitFor(() => performance.now() >= begun + round * ROUND_MS, { what: "the pace" });
  }
  const haveAll = () => {
    comeBack();
    return crowd.every(({ position }) => position?.offset === ROUNDS);
  };
  await waitFor(haveAll, {
    what: () => `offset ${ROUNDS} at each; ${returned.size} returned; ${faultsOf(crowd)}`,
    timeoutMs: 60_000,
  });
  await allSubscribed(crowd);
  assertEquals(faultsOf(crowd), []);
  assert(returned.size > 0 && returned.size < SUBSCRIBERS, `${returned.size} returned`);
  for (const member of crowd) {
    assertEquals(member.recovered, returned.has(member) ? true : undefined, member.channel);
  }
  await scatter(crowd);
});

Deno.test("channels: clients that leave and come back all the time get each publication once", async () => {
  await using backend = await Backend.start();
  const channels = CHANNELS.slice(0, 4);
  const crowd = Array.from(
    { length: 40 },
    (_, i) => new CrowdMember(backend.server.url, channels[i % channels.length]!),
  );
  await gather(crowd);
  for (let i = 0; i < 3; i++) await broadcast(backend, i, channels);
  for (const member of crowd) member.flicker();
  for (let i = 3; i < 200; i++) await broadcast(backend, i, channels);
  for (const member of crowd) member.stay();
  await waitFor(() => crowd.every((member) => member.isSubscribed && member.returns > 5), {
    what: () => `returns, not ${crowd.map(({ returns }) => returns)}; ${faultsOf(crowd)}`,
  });
  await broadcast(backend, 200, channels);
  await waitFor(() => crowd.every(({ position }) => position?.offset === 201), {
    what: () => `offset 201, not ${crowd.map(({ position }) => position?.offset)}`,
  });
  assertEquals(faultsOf(crowd), []);
  assertEquals(crowd.map(({ publications }) => publications), crowd.map(() => 201));
  await scatter(crowd);
});

Deno.test("channels: a publisher that floods is disconnected, and the others publish and get everything", async () => {
  const flood = 2_000;
  const channelLimits = { commandsPerSecond: 100 };
  await using server = await ChannelServer.start(undefined, { channelLimits });
  const [publisher, reader] = [server.client(), server.client()];
  await Promise.all([connected(publisher), connected(reader)]);
  const received = await subscribe(reader, "chat:a");
  const socket = new NodeSocket(server.url);
  let replies = "";
  let code = 0;
  socket.on("message", (data) => replies += new TextDecoder().decode(data));
  socket.on("close", (closed) => code = closed);
  socket.on("open", () => {
    socket.send('{"id":1,"connect":{}}');
    for (let i = 0; i < flood; i++) {
      socket.send(`{"id":${i + 2},"publish":{"channel":"chat:a","data":"flood"}}`);
    }
  });
  await waitFor(() => code !== 0 || replies.includes('"id":2'), { what: "its first answers" });
  for (let i = 0; i < 20; i++) await publish(publisher, "chat:a", i);
  await waitFor(() => code, { what: "its end" });
  assertEquals(code, 3013);
  await publish(publisher, "chat:a", "last");
  await waitFor(() => received.data.at(-1) === "last", { what: "the last publication" });
  const { data, offsets } = received;
  assertEquals(offsets, Array.from(offsets, (_, i) => i + 1));
  const others = data.filter((one) => one !== "flood");
  assertEquals(others, [...Array.from({ length: 20 }, (_, i) => i), "last"]);
  const accepted = data.length - others.length;
  assert(accepted > 0 && accepted < flood / 2, `${accepted} of the flood`);
});

async function publish({ centrifuge }: ChannelClient, channel: string, data: unknown) {
  await waitFor(() => isPublished(centrifuge, channel, data), { what: "room for a publication" });
}

Deno.test("channels: a full store is an error for publishers, and costs nobody what is there", async () => {
  await using backend = await Backend.start({}, { channelLimits: { memoryBytes: 1024 * 1024 } });
  const client = backend.server.client();
  await connected(client);
  const received = await subscribe(client, "chat:quiet", { recoverable: true });
  for (let i = 1; i <= 10; i++) await backend.publish("chat:quiet", i);
  let channels = 0;
  for (const length of [10_000, 3_000, 300, 1]) {
    const data = "x".repeat(length);
    const isFull = () =>
      backend.publish(`chat:fill-${channels}`, data).then(() => {
        channels++;
        return channels > 10_000;
      }, () => true);
    await waitFor(isFull, { what: "the end of the memory" });
  }
  const [status, text] = await backend.get("/api/publish", {
    method: "POST",
    headers: { "X-API-Key": API_KEY },
    body: JSON.stringify({ channel: "chat:other", data: 1 }),
  });
  assertEquals([status, JSON.parse(text).error.code], [200, 100]);
  const refused = await client.centrifuge.publish("chat:another", 1).catch((error) => error);
  assertEquals([refused.code, refused.temporary], [100, true]);
  // By its own history, a channel can go on.
  await backend.publish("chat:quiet", 11);
  await waitFor(() => received.data.length === 11, { what: "the eleventh publication" });
  client.cut();
  await waitFor(() => received.subscribed.length === 2, { what: "its return" });
  assertEquals(received.subscribed[1]!.recovered, true);
  assertEquals(received.offsets, Array.from({ length: 11 }, (_, i) => i + 1));
  const { publications } = await backend.ask("history", { channel: "chat:fill-0", limit: 1 });
  assertEquals(publications[0].data.length, 10_000);
  await backend.ask("history_remove", { channel: "chat:fill-0" });
  await backend.publish("chat:other", 1);
});
