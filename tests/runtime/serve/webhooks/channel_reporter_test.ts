/** What one worker reports of its channels: order, what is undone again, whom nobody asks about, and bounds. */

import { assertEquals } from "@std/assert";
import { WEBHOOK, type WebhookEvent } from "../../../../runtime/config/mod.ts";
import { TimerWheel } from "../../../../runtime/net/mod.ts";
import { ChannelReporter } from "../../../../runtime/serve/webhooks/channel_reporter.ts";
import type { ChannelReport } from "../../../../runtime/thread/mod.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const EVENT = { channel: "private-a", event: "client-e", data: "1", socketId: "1.1", user: "" };

class Worker {
  readonly posted: ChannelReport[][] = [];
  readonly reporter: ChannelReporter;
  readonly #loop = { now: 1000, timers: new TimerWheel(1000) };
  readonly #memory = new SharedArrayBuffer(8);

  constructor(events: readonly WebhookEvent[] = WEBHOOK.events) {
    const webhooks = [{ ...WEBHOOK, url: "http://a/", events }];
    this.reporter = new ChannelReporter({
      apps: [{ name: "quiet", webhooks: [] }, { name: "shop", webhooks }],
      memory: this.#memory,
      worker: 1,
      loop: this.#loop,
      post: (reports) => void this.posted.push([...reports]),
    });
  }

  /** The main thread takes a report. */
  take(): void {
    Atomics.add(new Int32Array(this.#memory), 1, 1);
  }

  pass(milliseconds: number): void {
    this.#loop.now += milliseconds;
    this.#loop.timers.expire(this.#loop.now);
  }

  /** What was reported since the last call, as short texts. */
  get new(): string[] {
    return this.posted.splice(0).flat().map((report) => {
      const { kind } = report;
      if (kind === "dropped") return `${kind} ${report.count}`;
      const more = kind === "joined" ? ` ${report.client} ${report.user}` : "";
      return `${kind} ${report.channel}${kind === "left" ? ` ${report.client}` : more}`;
    });
  }
}

Deno.test("channel reporter: reports in order, with the number of the app", () => {
  const worker = new Worker();
  const { reporter } = worker;
  reporter.occupied("shop:presence-a");
  reporter.joined(utf8("shop:presence-a"), utf8("1.1"), utf8("ann"));
  reporter.clientEvent("shop", EVENT);
  reporter.joined(utf8("shop:presence-a"), utf8("1.2"), utf8(""));
  reporter.flush();
  assertEquals(worker.posted[0]?.[2], { kind: "event", app: 1, ...EVENT });
  assertEquals(worker.new, [
    "occupied presence-a",
    "joined presence-a 1.1 ann",
    "event private-a",
    "joined presence-a 1.2 1.2",
  ]);
});

Deno.test("channel reporter: waits until the last report was taken, and forgets what is undone meanwhile", () => {
  const worker = new Worker();
  const { reporter } = worker;
  reporter.occupied("shop:a");
  reporter.occupied("shop:presence-b");
  reporter.flush();
  assertEquals(worker.new, ["occupied a", "occupied presence-b"]);
  for (let i = 0; i < 1000; i++) {
    reporter.vacated("shop:a");
    reporter.occupied(`shop:brief-${i}`);
    reporter.joined(utf8("shop:presence-b"), utf8(`${i}.1`), utf8("ann"));
    reporter.flush();
    reporter.vacated(`shop:brief-${i}`);
    reporter.left(utf8("shop:presence-b"), utf8(`${i}.1`));
    reporter.occupied("shop:a");
  }
  reporter.vacated("shop:presence-b");
  reporter.flush();
  assertEquals(worker.new, []);
  worker.take();
  worker.pass(256);
  assertEquals(worker.new, ["vacated presence-b"]);
});

Deno.test("channel reporter: before an upgrade all is reported, whether the last report was taken or not", () => {
  const worker = new Worker();
  const { reporter } = worker;
  reporter.occupied("shop:a");
  reporter.flush();
  reporter.occupied("shop:b");
  reporter.flushAll();
  reporter.flushAll();
  assertEquals(worker.posted.map(({ length }) => length), [1, 1]);
  reporter.occupied("shop:c");
  worker.take();
  reporter.flush();
  assertEquals(worker.new, ["occupied a", "occupied b"]);
  worker.take();
  reporter.flush();
  assertEquals(worker.new, ["occupied c"]);
});

Deno.test("channel reporter: what nobody asks about is not reported", () => {
  const worker = new Worker(["client_event"]);
  worker.reporter.occupied("shop:a");
  worker.reporter.joined(utf8("shop:presence-a"), utf8("1.1"), utf8("ann"));
  worker.reporter.flush();
  assertEquals(worker.new, []);
  const other = new Worker(["channel_vacated"]);
  for (const name of ["quiet:a", "shop:#server-to-user-5", "shop:ü", "a", "other:a", "shop:a"]) {
    other.reporter.occupied(name);
  }
  other.reporter.joined(utf8("shop:presence-a"), utf8("1.1"), utf8("ann"));
  other.reporter.clientEvent("shop", EVENT);
  other.reporter.clientEvent("quiet", EVENT);
  other.reporter.flush();
  assertEquals(other.new, ["occupied a"]);
  const members = new Worker(["member_added"]);
  members.reporter.occupied("shop:presence-a");
  members.reporter.joined(utf8("shop:a"), utf8("1.1"), utf8("ann"));
  members.reporter.flush();
  assertEquals(members.new, ["occupied presence-a"]);
});

Deno.test("channel reporter: events of clients have a bound in number and in size", () => {
  const worker = new Worker();
  const send = (data: string) => worker.reporter.clientEvent("shop", { ...EVENT, data });
  for (let i = 0; i < 5000; i++) send("1");
  worker.reporter.flush();
  assertEquals(worker.posted[0]?.length, 4097);
  assertEquals(worker.new.at(-1), "dropped 904");
  worker.take();
  for (let i = 0; i < 50; i++) send("x".repeat(100_000));
  worker.reporter.flush();
  const told = worker.new;
  assertEquals([told.length, told.at(-1)], [42, "dropped 9"]);
});
