/** Samples for the live page: rates over the elapsed time, and no more samples than are shown. */

import { assertEquals } from "@std/assert";
import { KEPT_SAMPLES, Sampler } from "../../../../runtime/observe/admin/sampler.ts";
import {
  CHANNEL_COLUMN,
  COLUMN,
  createSharedState,
  DISCONNECT_COLUMNS,
  HISTOGRAM,
  openSharedState,
} from "../../../../runtime/ring/mod.ts";

function stage() {
  const state = openSharedState(createSharedState({ workers: 2, taskSlots: 2, inboxBytes: 256 }));
  const clock = { now: 1_000_000 };
  const monotonic = () => clock.now;
  const sampler = new Sampler(state, { epoch: () => clock.now + 5, monotonic });
  return { state, clock, sampler };
}

Deno.test("sampler: rates per second, and current values", () => {
  const { state, clock, sampler } = stage();
  const [first, second] = [state.counters(0), state.counters(1)];
  first.add(COLUMN.connectionsOpened, 5);
  first.add(COLUMN.connectionsClosed, 1);
  first.add(COLUMN.requests, 300);
  second.add(COLUMN.requests, 100);
  first.add(COLUMN.responses4xx, 4);
  second.add(COLUMN.responses5xx, 2);
  second.add(COLUMN.messagesReceived, 20);
  second.add(COLUMN.messagesSent, 40);
  first.add(CHANNEL_COLUMN.publicationsByClients, 6);
  second.add(CHANNEL_COLUMN.publicationsByApi, 2);
  second.add(CHANNEL_COLUMN.deliveries, 1_000);
  first.add(CHANNEL_COLUMN.webSocketClientsConnected, 3);
  second.add(CHANNEL_COLUMN.sseClientsConnected, 3);
  second.add(CHANNEL_COLUMN.sseClientsLeft, 1);
  first.add(CHANNEL_COLUMN.subscriptionsStarted, 8);
  first.add(CHANNEL_COLUMN.recoveriesWhole, 9);
  first.add(CHANNEL_COLUMN.recoveriesRefused, 1);
  second.add(DISCONNECT_COLUMNS[3008], 2);
  second.add(CHANNEL_COLUMN.slowSkips, 3);
  second.add(CHANNEL_COLUMN.slowRecoveries, 4);
  second.add(COLUMN.bytesQueued, 70);
  second.add(COLUMN.bytesUnqueued, 30);
  first.observe(HISTOGRAM.requests, 100, 90);
  second.observe(HISTOGRAM.requests, 1_000, 10);
  first.observe(HISTOGRAM.deliveries, 300, 980);
  second.observe(HISTOGRAM.deliveries, 5_000, 20);
  first.sleep(clock.now * 1000);
  clock.now += 500;
  first.wake(clock.now * 1000);
  clock.now += 1_500;
  const sample = sampler.take({ ready: true, residentBytes: 123 });
  const { p50, p90, p99, deliveryP50, deliveryP99, ...rest } = sample;
  assertEquals([deliveryP50! > 250 && deliveryP50! <= 300, deliveryP99! > 4_000], [true, true]);
  assertEquals([p50! <= 100, p90! <= 100, p99! > 800 && p99! <= 1_000], [true, true, true]);
  assertEquals(rest, {
    time: 1_002_005,
    ready: true,
    requests: 200,
    clientErrors: 2,
    serverErrors: 1,
    messages: 30,
    publications: 4,
    deliveries: 500,
    receivedBytes: 0,
    sentBytes: 0,
    connections: 4,
    webSockets: 0,
    channelClients: 5,
    subscriptions: 8,
    recovered: 9,
    unrecovered: 1,
    slowClients: 2,
    slowSkips: 7,
    queuedBytes: 40,
    ringDepth: 0,
    residentBytes: 123,
    workers: [
      { load: 0.75, connections: 4, requests: 150 },
      { load: 1, connections: 0, requests: 50 },
    ],
  });
});

Deno.test("sampler: each sample covers its own second, and old ones are removed", () => {
  const { state, clock, sampler } = stage();
  state.counters(0).add(COLUMN.requests, 7);
  state.counters(0).observe(HISTOGRAM.requests, 50, 7);
  for (let i = 0; i < KEPT_SAMPLES + 10; i++) {
    clock.now += 1_000;
    const { requests, p50 } = sampler.take({ ready: false, residentBytes: 0 });
    assertEquals([requests, p50 === null], i === 0 ? [7, false] : [0, true]);
  }
  assertEquals(sampler.samples.length, KEPT_SAMPLES);
  assertEquals(sampler.samples.at(-1)!.time, clock.now + 5);
});
