/**
 * One webhook against real receivers: down, slow, answering 500, redirecting, then healing; order, signatures, bounds, and the stop. The
 * receiver checks every request with npm `pusher`.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { WEBHOOK, type WebhookConfig } from "../../../../runtime/config/mod.ts";
import { WebhookDelivery } from "../../../../runtime/serve/webhooks/delivery.ts";
import { waitFor } from "../../../support/wait_for.ts";
import { WebhookReceiver } from "../../../support/webhook_receiver.ts";

const SECRET = "7ad3773142a6692b25b8";
/** Longer than a test waits. */
const LONG = 60_000;

class Sender {
  readonly delivery: WebhookDelivery;
  readonly warnings: string[] = [];
  readonly notices: string[] = [];
  #number = 0;

  constructor(url: string, more: Partial<WebhookConfig> = {}) {
    this.delivery = new WebhookDelivery({
      app: { name: "shop", key: "shop-key" },
      secret: new TextEncoder().encode(SECRET),
      hook: { ...WEBHOOK, url, ...more },
      number: 2,
      warn: (text) => void this.warnings.push(text),
      inform: (text) => void this.notices.push(text),
    });
  }

  /** Sends events with numbers as channels. */
  send(count: number, time = Date.now()): void {
    for (let i = 0; i < count; i++) {
      const event = { name: "channel_occupied", channel: String(++this.#number) };
      this.delivery.send(new TextEncoder().encode(JSON.stringify(event)), time);
    }
  }
}

function numbers(receiver: WebhookReceiver): number[] {
  return receiver.events.map(({ channel }) => Number(channel));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

Deno.test("webhook delivery: batches in order, each signed, with the time of its oldest event", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  const sender = new Sender(receiver.url);
  sender.send(1, 1_700_000_000_000);
  sender.send(2999);
  await waitFor(() => receiver.events.length === 3000, { what: "all events" });
  assertEquals(numbers(receiver), upTo(3000));
  assertEquals(receiver.requests.length, 3);
  assert(receiver.requests.every(({ isValid, body }) => isValid && body.length <= 70_000));
  assertEquals(receiver.requests[0]?.time, 1_700_000_000_000);
  await waitFor(() => sender.delivery.figures().delivered === 3000, { what: "the figures" });
  await sender.delivery.close(LONG);
  assertEquals(sender.delivery.figures(), {
    app: "shop",
    webhook: 2,
    delivered: 3000,
    dropped: { full: 0, expired: 0, stopped: 0 },
    requests: { ok: 3, failed: 0 },
    queuedEvents: 0,
    queuedBytes: 0,
    isUp: true,
  });
  assertEquals([...sender.warnings, ...sender.notices], []);
});

Deno.test("webhook delivery: a wrong secret is not believed", async () => {
  await using receiver = WebhookReceiver.start("shop-key", "another secret");
  const sender = new Sender(receiver.url);
  sender.send(1);
  await waitFor(() => receiver.requests.length === 1, { what: "a request" });
  assertEquals(receiver.requests[0]?.isValid, false);
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: a failing receiver gets the same bytes again, then all in order; the operator is told twice", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  const statuses = [500, 302, 404];
  receiver.answer = () => statuses.shift() ?? 204;
  const sender = new Sender(receiver.url);
  sender.send(1);
  await waitFor(() => receiver.requests.length === 1, { what: "the first attempt" });
  sender.send(1);
  await waitFor(() => receiver.events.length === 2, { what: "both events" });
  assertEquals(receiver.requests.map(({ status }) => status), [500, 302, 404, 204, 204]);
  assertEquals(new Set(receiver.requests.slice(0, 4).map(({ body }) => body)).size, 1);
  assertEquals(numbers(receiver), [1, 2]);
  const { requests, isUp } = sender.delivery.figures();
  assertEquals([requests.failed, isUp], [3, true]);
  const where = `webhook 2 of shop, http://127.0.0.1:${receiver.port}/hook,`;
  assertEquals(sender.warnings, [`${where} failed: it answered 500; it is tried again`]);
  assertEquals(sender.notices, [`${where} takes events again`]);
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: a slow receiver is given up after the timeout, and asked again", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  const { promise, resolve } = Promise.withResolvers<number>();
  receiver.answer = () => receiver.arrived === 1 ? promise : 200;
  const sender = new Sender(receiver.url, { timeout: 150 });
  sender.send(1);
  await waitFor(() => receiver.events.length === 1, { what: "the second attempt" });
  assertStringIncludes(sender.warnings[0] ?? "", "no answer within 0.15 s");
  resolve(200);
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: a receiver that is down gets everything once it is there", async () => {
  const before = WebhookReceiver.start("shop-key", SECRET);
  const { port, url } = before;
  await before[Symbol.asyncDispose]();
  const sender = new Sender(url);
  sender.send(5);
  await waitFor(() => sender.delivery.figures().requests.failed > 0, { what: "a failure" });
  assertMatch(sender.warnings[0] ?? "", /failed: .*refused/i);
  assert(!sender.warnings[0]?.includes("hidden"));
  assertEquals([sender.delivery.figures().isUp, sender.delivery.figures().queuedEvents], [
    false,
    5,
  ]);
  await using receiver = WebhookReceiver.start("shop-key", SECRET, port);
  sender.send(1);
  await waitFor(() => receiver.events.length === 6, { what: "all events" });
  assertEquals(numbers(receiver), upTo(6));
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: what finds no room is dropped and counted, and what is sent has no hole", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  receiver.answer = () => 503;
  const sender = new Sender(receiver.url, { queuedEvents: 50 });
  sender.send(1);
  await waitFor(() => receiver.requests.length > 0, { what: "a request" });
  sender.send(80);
  assertEquals(sender.delivery.figures().dropped.full, 30);
  receiver.answer = () => 200;
  await waitFor(() => receiver.events.length === 51, { what: "the rest" });
  assertEquals(numbers(receiver), upTo(51));
  assertStringIncludes(sender.notices[0] ?? "", "since the start, 30 events were dropped");
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: what is older than the retry time is dropped after a failure, and what is newer is sent", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  receiver.answer = () => 503;
  const sender = new Sender(receiver.url, { retryTime: 60_000 });
  const old = Date.now() - 61_000;
  sender.send(1, old);
  await waitFor(() => receiver.arrived === 1, { what: "a request" });
  // Of two that wait, one is too old.
  sender.send(1, old);
  sender.send(1);
  await waitFor(() => sender.delivery.figures().dropped.expired === 2, { what: "the drop" });
  receiver.answer = () => 200;
  await waitFor(() => receiver.events.length === 1, { what: "the last one" });
  assertEquals(numbers(receiver), [3]);
  await sender.delivery.close(LONG);
});

Deno.test("webhook delivery: a stop sends what waits, though the receiver fails at first", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  receiver.answer = () => receiver.arrived > 1 ? 200 : 500;
  const sender = new Sender(receiver.url);
  sender.send(10);
  await sender.delivery.close(LONG);
  assertEquals(numbers(receiver), upTo(10));
  // Nothing is sent after that.
  sender.send(1);
  assertEquals(sender.delivery.figures().dropped.stopped, 1);
});

Deno.test("webhook delivery: a stop ends when its time is over, whatever the receiver does, and says what is lost", async () => {
  await using receiver = WebhookReceiver.start("shop-key", SECRET);
  const { promise, resolve } = Promise.withResolvers<number>();
  receiver.answer = () => promise;
  const sender = new Sender(receiver.url);
  sender.send(1500);
  await waitFor(() => receiver.arrived === 1, { what: "a request" });
  await sender.delivery.close(100);
  const { dropped, queuedEvents } = sender.delivery.figures();
  assertEquals([dropped.stopped, queuedEvents], [1500, 0]);
  assertEquals(sender.warnings.length, 1);
  assertStringIncludes(sender.warnings[0] ?? "", "1500 events were not sent before the stop");
  resolve(200);
});
