/** Real clients with `delta: "fossil"`, beside others that get every publication whole. */

import { assert, assertEquals } from "@std/assert";
import { changingDocuments } from "../../support/changing_document.ts";
import { Backend } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import {
  type ChannelClient,
  connected,
  type Received,
  subscribe,
} from "../../support/channel_server.ts";
import { Metrics } from "../../support/metrics.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { begun, fetchStream } from "../../support/plain_stream.ts";
import { waitFor } from "../../support/wait_for.ts";

const DELTA = { ...OPEN, allowedDeltaTypes: ["fossil"], deltaPublish: true } as const;
const ASKED = { ...OPEN, allowedDeltaTypes: ["fossil"] } as const;
const LIVE = { ...DELTA, historySize: 0, historyTime: 0 };
const NAMESPACES = { delta: DELTA, asked: ASKED, live: LIVE, chat: OPEN };

function start(): Promise<Backend> {
  const monitoring = { ...DEFAULT_CONFIG.monitoring, admin: { hostname: "127.0.0.1", port: 0 } };
  return Backend.start({ namespaces: NAMESPACES }, { monitoring });
}

interface DeltaStats {
  readonly numPublications: number;
  readonly numDeltaPayloads: number;
}

function statsOf({ centrifuge }: ChannelClient, channel: string): DeltaStats {
  return (centrifuge.getSubscription(channel) as unknown as { deltaStats(): DeltaStats })
    .deltaStats();
}

async function arrived(received: Received, count: number): Promise<void> {
  await waitFor(() => received.data.length >= count, {
    what: () => `${count} publications, not ${received.data.length}`,
  });
}

/** A client that counts the bytes of its connection, which is not compressed. */
function countingClient(backend: Backend): { client: ChannelClient; bytes(): number } {
  let bytes = 0;
  class Counting extends NodeSocket {
    constructor(url: string) {
      super(url, { perMessageDeflate: false });
      this.on("message", (data) => void (bytes += data.length));
    }
  }
  return { client: backend.server.client({ websocket: Counting }), bytes: () => bytes };
}

Deno.test("deltas: clients of all transports and workers, with and without, get the same documents", async () => {
  await using backend = await start();
  const { server } = backend;
  const both = (await server.clientsOnBoth(2)).flat();
  const streams = [server.streamClient("sse"), server.streamClient("http_stream")];
  for (const stream of streams) await connected(stream);
  const clients = [...both, ...streams];
  const channel = "delta:a";
  const withDelta = clients.map((_, i) => i % 2 === 0 || i >= both.length);
  const received = await Promise.all(
    clients.map((client, i) => subscribe(client, channel, withDelta[i] ? { delta: "fossil" } : {})),
  );
  await using plain = await begun(
    await fetchStream(backend.url(`/channels/sse?channel=${channel}`)),
  );
  const { events } = plain.seen;
  const documents = [...changingDocuments(20), "a string é\u2028", { text: "ééé😀é" }, {
    text: "éèé😁é",
  }];
  for (const document of documents) await backend.publish(channel, document);
  for (const one of received) {
    await arrived(one, documents.length);
    assertEquals(one.data, documents);
    assertEquals(one.errors, []);
  }
  await waitFor(() => events.length === documents.length, { what: "all events" });
  assertEquals(events.map(({ data }) => JSON.parse(data).data), documents);
  for (const [i, client] of clients.entries()) {
    const { numPublications, numDeltaPayloads } = statsOf(client, channel);
    assertEquals(numPublications, withDelta[i] ? documents.length : 0);
    if (withDelta[i]) assert(numDeltaPayloads >= 19, `${numDeltaPayloads} deltas`);
  }
  const metrics = await Metrics.of(`http://127.0.0.1:${server.executor.adminAddress!.port}`);
  const deltas = metrics.sum("async_deno_channel_delta_deliveries_total");
  const saved = metrics.sum("async_deno_channel_delta_saved_bytes_total");
  const count = withDelta.filter(Boolean).length;
  assert(deltas >= 19 * count && saved > 19 * count * 7000, `${deltas} deltas, ${saved} bytes`);
});

Deno.test("deltas: documents of 8 KiB that change by 100 bytes take a twentieth of the bytes", async () => {
  await using backend = await start();
  const [whole, delta] = [countingClient(backend), countingClient(backend)];
  for (const { client } of [whole, delta]) await connected(client);
  const channel = "delta:a";
  const received = [
    await subscribe(whole.client, channel),
    await subscribe(delta.client, channel, { delta: "fossil" }),
  ];
  const documents = changingDocuments(101);
  assert(Math.abs(JSON.stringify(documents[0]).length - 8192) < 200);
  // The first one is whole for everybody.
  await backend.publish(channel, documents[0]);
  for (const one of received) await arrived(one, 1);
  const before = [whole.bytes(), delta.bytes()] as const;
  for (const document of documents.slice(1)) await backend.publish(channel, document);
  for (const one of received) {
    await arrived(one, documents.length);
    assertEquals(one.data, documents);
  }
  const bytes = [whole.bytes() - before[0], delta.bytes() - before[1]] as const;
  assert(bytes[1] <= 0.05 * bytes[0], `${bytes[1]} of ${bytes[0]} bytes`);
});

Deno.test("deltas: the publisher asks for them, unless the namespace does", async () => {
  await using backend = await start();
  const client = backend.server.client();
  await connected(client);
  const documents = changingDocuments(6);
  for (const channel of ["asked:a", "chat:a"]) {
    const received = await subscribe(client, channel, { delta: "fossil" });
    for (const [i, data] of documents.entries()) {
      await backend.publish(channel, data, { delta: i >= 3 });
    }
    await arrived(received, documents.length);
    assertEquals(received.data, documents);
  }
  const counts = (channel: string) => {
    const { numPublications, numDeltaPayloads } = statsOf(client, channel);
    return [numPublications, numDeltaPayloads];
  };
  assertEquals(counts("asked:a"), [6, 3]);
  assertEquals(counts("chat:a"), [0, 0], "a namespace without deltas");
});

Deno.test("deltas: what was missed is recovered, and what follows builds on it", async () => {
  await using backend = await start();
  const client = backend.server.client();
  await connected(client);
  const options = { delta: "fossil", recoverable: true };
  const [received, live] = [
    await subscribe(client, "delta:a", options),
    await subscribe(client, "live:a", { delta: "fossil" }),
  ];
  const documents = changingDocuments(30);
  const publish = async (data: unknown) => {
    for (const channel of ["delta:a", "live:a"]) await backend.publish(channel, data);
  };
  for (const data of documents.slice(0, 5)) await publish(data);
  await arrived(received, 5);
  await arrived(live, 5);
  client.centrifuge.disconnect();
  await waitFor(async () => await backend.subscribers("delta:a") === 0, { what: "its end" });
  for (const data of documents.slice(5, 15)) await publish(data);
  client.centrifuge.connect();
  await waitFor(() => received.subscribed.length === 2 && live.subscribed.length === 2, {
    what: "another subscription",
  });
  // One with nothing to recover.
  client.cut();
  await waitFor(() => received.subscribed.length === 3 && live.subscribed.length === 3, {
    what: "a third subscription",
  });
  for (const data of documents.slice(15)) await publish(data);
  await arrived(received, 30);
  await arrived(live, 20);
  assertEquals(received.data, documents);
  assertEquals(live.data, [...documents.slice(0, 5), ...documents.slice(15)]);
  assertEquals(received.subscribed.map(({ recovered }) => recovered), [false, true, true]);
  // Whole: the first of all, of the recovery, and behind the last subscription.
  assertEquals(statsOf(client, "delta:a").numDeltaPayloads, 27);
  assertEquals(statsOf(client, "live:a").numDeltaPayloads, 18);
});

Deno.test("deltas: a client that skips publications gets the newest one whole, and then deltas again", async () => {
  const live = { ...LIVE, slowPolicy: "skip" } as const;
  const limits = { ...DEFAULT_CONFIG.limits, queuedBytes: 512 * 1024 };
  const channelLimits = { memoryBytes: 256 * 1024 * 1024 };
  await using backend = await Backend.start({ namespaces: { live } }, { limits, channelLimits });
  const [reader, slow] = [backend.server.client(), backend.server.client()];
  for (const client of [reader, slow]) await connected(client);
  const [all, some] = [
    await subscribe(reader, "live:a", { delta: "fossil" }),
    await subscribe(slow, "live:a", { delta: "fossil" }),
  ];
  // What changes from one to the next is more than the kernel has room for, all in all.
  const padding = "x".repeat(20_000);
  const document = (i: number) => ({ i, text: String(i % 10).repeat(30_000), padding });
  slow.pause();
  let published = 0;
  const random = () => crypto.randomUUID().repeat(1000);
  const sent: unknown[] = [];
  const publish = async (data: unknown) => {
    sent.push(data);
    published++;
    await waitFor(() => backend.publish("live:a", data).then(() => true, () => false), {
      what: "room in the store",
    });
    // One that reads is never slow, whatever its transport.
    await waitFor(() => all.offsets.at(-1) === published, {
      what: "the publication at the reader",
    });
  };
  for (let i = 0; i < 250; i++) await publish({ i, text: random(), padding });
  slow.resume();
  await waitFor(() => some.offsets.at(-1) === published, {
    what: () => `the newest publication, not ${some.offsets.at(-1)}`,
  });
  for (let i = 0; i < 5; i++) await publish(document(i));
  await waitFor(() => some.offsets.at(-1) === published, { what: "the last one" });
  await arrived(all, published);
  assertEquals(all.data.length, published);
  assert(some.offsets.length < published, "some were skipped");
  for (const [k, offset] of some.offsets.entries()) assertEquals(some.data[k], sent[offset - 1]);
  assertEquals([all.errors, some.errors], [[], []]);
  const { numDeltaPayloads } = statsOf(slow, "live:a");
  assert(numDeltaPayloads >= 4, `${numDeltaPayloads} deltas`);
});
