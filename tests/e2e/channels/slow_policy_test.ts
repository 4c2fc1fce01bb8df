/** Real clients that stop reading, in namespaces whose policy for slow subscribers is to skip. */

import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CONFIG } from "../../../runtime/mod.ts";
import { Backend } from "../../support/channel_backend.ts";
import { OPEN } from "../../support/channel_options.ts";
import {
  type ChannelClient,
  ChannelServer,
  connected,
  OPEN_CHANNELS,
  subscribe,
} from "../../support/channel_server.ts";
import { EventStream } from "../../support/event_stream.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const SKIP = { ...OPEN, slowPolicy: "skip" } as const;
const LIVE = { ...SKIP, historySize: 0, historyTime: 0 };
/** More than the kernel's buffers on both sides have room for. */
const COUNT = 250;
const DATA = "x".repeat(60_000);

/** Publishes that many times; on a busy machine the store may be busy for a moment, which is a temporary error. */
async function flood({ centrifuge }: ChannelClient, channel: string): Promise<void> {
  for (let i = 0; i < COUNT; i++) {
    await waitFor(
      () =>
        centrifuge.publish(channel, DATA).then(() => true, ({ code }) => {
          if (code !== 100) throw new Error(`error ${code}`);
          return false;
        }),
      { what: "room in the store" },
    );
  }
}

function start(): Promise<ChannelServer> {
  const limits = { ...DEFAULT_CONFIG.limits, queuedBytes: 512 * 1024 };
  const namespaces = { skip: SKIP, live: LIVE };
  // The client of the last test answers no ping, and a busy machine takes its time to publish so much.
  // The feed has room for all: a worker that the machine stops for a moment misses nothing.
  const channelLimits = { pingTime: 300_000, memoryBytes: 256 * 1024 * 1024 };
  return ChannelServer.start({ ...OPEN_CHANNELS, namespaces }, { limits, channelLimits });
}

Deno.test("slow policy skip: a client without a position goes on with the newest, on the same connection", async () => {
  await using server = await start();
  const [publisher, slow] = [server.client(), server.client()];
  await Promise.all([connected(publisher), connected(slow)]);
  let connections = 1;
  slow.centrifuge.on("connected", () => void connections++);
  const received = await subscribe(slow, "live:a");
  slow.pause();
  await flood(publisher, "live:a");
  slow.resume();
  await waitFor(() => received.offsets.at(-1) === COUNT, {
    what: () => `the newest publication, not ${received.offsets.at(-1)}`,
  });
  assert(received.offsets.length < COUNT, "some were skipped");
  assertEquals(received.offsets, received.offsets.toSorted((a, b) => a - b));
  await publisher.centrifuge.publish("live:a", 1);
  await waitFor(() => received.offsets.at(-1) === COUNT + 1, { what: "one more" });
  assertEquals([connections, received.subscribed.length], [1, 1]);
});

Deno.test("slow policy skip: a client with a position is told, subscribes again, and misses nothing unseen", async () => {
  await using server = await start();
  const [publisher, slow] = [server.client(), server.client()];
  await Promise.all([connected(publisher), connected(slow)]);
  let connections = 1;
  slow.centrifuge.on("connected", () => void connections++);
  const received = await subscribe(slow, "skip:a", { recoverable: true });
  const reasons: number[] = [];
  slow.centrifuge.getSubscription("skip:a")!.on("subscribing", ({ code }: { code: number }) => {
    reasons.push(code);
  });
  slow.pause();
  await flood(publisher, "skip:a");
  slow.resume();
  await waitFor(() => received.subscribed.length > 1, { what: "another subscription" });
  await publisher.centrifuge.publish("skip:a", 1);
  await waitFor(() => received.offsets.at(-1) === COUNT + 1, { what: "the newest publication" });
  assertEquals(reasons.every((code) => code === 2500), true, String(reasons));
  assertEquals(connections, 1);
  const again = received.subscribed.slice(1);
  assert(again.every(({ wasRecovering }) => wasRecovering));
  // Each gap was told: by a recovery that was not possible.
  const gaps = received.offsets.filter((offset, i) =>
    i > 0 && offset !== received.offsets[i - 1]! + 1
  );
  const told = again.filter(({ recovered }) => !recovered);
  assert(gaps.length <= told.length, `${gaps.length} gaps, ${told.length} told`);
  assertEquals(new Set(received.offsets).size, received.offsets.length, "none twice");
});

Deno.test("slow policy skip: over an HTTP stream, too", async () => {
  await using server = await start();
  const publisher = server.client();
  await connected(publisher);
  const response = await fetch(`${server.httpUrl}/connection/http_stream`, {
    method: "POST",
    body: '{"id":1,"connect":{}}',
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readUntil = async (pattern: RegExp) => {
    for (let match = pattern.exec(text);; match = pattern.exec(text)) {
      if (match !== null) return match;
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream has ended: ${text.slice(-200)}`);
      text += value;
    }
  };
  const [, session] = await readUntil(/"session":"([^"]+)"/);
  const [, node] = await readUntil(/"node":"(\d+)"/);
  const data = '{"id":2,"subscribe":{"channel":"live:a"}}';
  const body = JSON.stringify({ session, node, data });
  let status = 0;
  await waitFor(async () => {
    const response = await fetch(`${server.httpUrl}/emulation`, { method: "POST", body });
    await response.body?.cancel();
    status = response.status;
    return status === 204; // 503: the store was busy for a moment
  }, { what: () => `a command that is taken; the status is ${status}` });
  await readUntil(/"id":2,"subscribe"/);
  await flood(publisher, "live:a");
  await publisher.centrifuge.publish("live:a", "last");
  await readUntil(/"data":"last"[^\n]*\n/);
  const offsets = [...text.matchAll(/"offset":(\d+)/g)].map(([, offset]) => Number(offset));
  assertEquals(offsets.at(-1), COUNT + 1);
  assert(offsets.length < COUNT, String(offsets.length));
  await reader.cancel();
});

Deno.test("slow policy skip: a plain stream goes on with the newest, and is told what was left out", async () => {
  const limits = { ...DEFAULT_CONFIG.limits, queuedBytes: 512 * 1024 };
  // The feed has room for all, if the machine stops a worker for a moment.
  const channelLimits = { memoryBytes: 256 * 1024 * 1024 };
  await using backend = await Backend.start({ namespaces: { live: LIVE } }, {
    limits,
    channelLimits,
  });
  for (const query of ["channel=live:a", "channel=live:b&channel=live:c"]) {
    const name = query.slice(8, 14);
    const port = backend.server.executor.address.port;
    using slow = await Deno.connect({ hostname: "127.0.0.1", port });
    // HTTP/1.0 has no chunks; the fields of the head are none of an event.
    const request = `GET /channels/sse?${query} HTTP/1.0\r\nHost: x\r\n\r\n`;
    await slow.write(new TextEncoder().encode(request));
    await waitFor(async () => await backend.subscribers(name) === 1, { what: "the subscription" });
    for (let i = 0; i < COUNT; i++) await backend.publish(name, DATA);
    const seen = new EventStream();
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(256 * 1024);
    const newest = () => seen.dataOf("message").at(-1)?.offset;
    while (newest() !== COUNT) {
      const read = await within(slow.read(buffer), { what: () => `more behind ${newest()}` });
      if (read === null) throw new Error("the stream has ended");
      seen.take(decoder.decode(buffer.subarray(0, read), { stream: true }));
    }
    const told = seen.dataOf("skipped").map(({ channels: [{ channel, offset }] }) => {
      assertEquals(channel, name);
      return offset;
    });
    const offsets = seen.dataOf("message").map(({ offset }) => offset);
    const gaps = offsets.filter((offset, i) => offset !== (offsets[i - 1] ?? 0) + 1);
    assertEquals(gaps, told.map((offset) => offset + 1));
    assert(gaps.length > 0 && offsets.length < COUNT, `${offsets.length} came`);
  }
});
