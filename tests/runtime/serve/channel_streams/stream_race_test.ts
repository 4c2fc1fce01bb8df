/**
 * The promise of plain streams under random interleavings: each offset of each channel reaches the client exactly once and in
 * order, live or after a reconnect, or an event `lost` or `skipped` says where it goes on. Connections break behind any character. Two
 * workers on a small store, so that feeds overrun and histories run out; the steps are seeded.
 */

import { assert, assertEquals } from "@std/assert";
import type { ChannelLimits } from "../../../../runtime/config/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { CHANNEL_COLUMN } from "../../../../runtime/ring/mod.ts";
import { Random } from "../../../support/random.ts";
import type { EventStream, StreamEvent } from "../../../support/event_stream.ts";
import { publication, Stores, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";
import { type BenchStream, StreamBench } from "./stream_bench.ts";

const RUNS = 12;
const STEPS = 400;
const NAMES = ["chat:a", "chat:b", "chat:c", "skip:d"];
const SKIP = { ...OPEN, slowPolicy: "skip" } as const;
/** A client of a page that has not read so much is slow. */
const SLOW_BYTES = 4000;

/** A page with an EventSource, which comes back by itself, to either worker. */
class Page {
  readonly #names: readonly string[];
  #connection: BenchStream | undefined;
  #lastEventId = "";
  #read = 0;
  /** The last offset of each channel; undefined: none yet, the first one tells. */
  readonly offsets = new Map<string, number>();
  losses = 0;
  skips = 0;
  recoveries = 0;

  readonly #isSlow: boolean;

  constructor(names: readonly string[], isSlow = false) {
    this.#names = names;
    this.#isSlow = isSlow;
  }

  get isThere(): boolean {
    return this.#connection !== undefined;
  }

  come(worker: StreamBench): void {
    if (this.#connection !== undefined) return;
    if (this.#lastEventId !== "") this.recoveries++;
    this.#connection = worker.open(this.#names, this.#lastEventId);
    this.#connection.answer.isQueueing = this.#isSlow;
    this.#read = 0;
  }

  /** Reads a part, or all, of what came. */
  read(most?: number): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const seen = connection.read(most);
    for (; this.#read < seen.events.length; this.#read++) this.#take(seen.events[this.#read]!);
    this.#note(seen);
    if (connection.answer.isOpen || connection.answer.unread !== "") return;
    this.#connection = undefined;
  }

  /** The connection breaks behind what was read. */
  cut(): void {
    this.#connection?.cut();
    this.#connection = undefined;
  }

  /** Where it begins is known from the first id. */
  #note({ lastEventId }: EventStream): void {
    if (this.#lastEventId === "" && lastEventId !== "") {
      const offsets = lastEventId.split(",").map((entry) => Number(entry.split(".")[2]));
      // Events may have been read with it.
      this.#names.forEach((name, i) => {
        if (!this.offsets.has(name)) this.offsets.set(name, offsets[i]!);
      });
    }
    this.#lastEventId = lastEventId;
  }

  #take({ type, data }: StreamEvent): void {
    const value = JSON.parse(data);
    if (type === "lost" || type === "skipped") {
      if (type === "lost") this.losses++;
      else this.skips++;
      for (const { channel, offset } of value.channels) {
        assert(offset >= (this.offsets.get(channel) ?? 0), data);
        this.offsets.set(channel, offset);
      }
      return;
    }
    const { channel, offset } = value;
    const before = this.offsets.get(channel);
    if (before !== undefined) assertEquals(offset, before + 1, `${channel}: after ${before}`);
    this.offsets.set(channel, offset);
  }
}

interface Counts {
  readonly losses: number;
  readonly skips: number;
  readonly recoveries: number;
  /** Readings of a part of what was missed. */
  readonly parts: number;
}

function run(seed: number, limits: Partial<ChannelLimits>): Counts {
  const random = new Random(seed);
  const stores = new Stores(256 * 1024);
  const benches = [0, 1].map((worker) =>
    new ClientBench({
      stores,
      worker,
      slowBytes: SLOW_BYTES,
      limits,
      config: { namespaces: { chat: OPEN, skip: SKIP } },
    })
  );
  const workers = benches.map((bench) => new StreamBench(bench));
  const pages = [
    ...NAMES.map((name) => new Page([name])),
    ...NAMES.map((name) => new Page([name])),
    new Page(NAMES),
    new Page(NAMES.slice(1)),
    new Page([...NAMES].reverse()),
    ...[1, 2, 3].map(() => new Page(["skip:d"], true)),
    ...[1, 2].map(() => new Page(["skip:d", "chat:c"], true)),
  ];
  let isOver = false;
  const publish = (count: number, one?: string) => {
    for (let i = 0; i < count && !isOver; i++) {
      const name = one ?? NAMES[random.below(NAMES.length)]!;
      const more = { historySize: name === "chat:c" ? 20 : 2000 };
      const data = publication(`"${"x".repeat(random.below(200))}"`, more);
      assertEquals(stores.threads[random.below(3)]!.publish(utf8(name), data).status, "stored");
    }
  };
  /** Several messages, of which a slow client gets the newest. */
  const publishApart = (count: number) => {
    for (let i = 0; i < count; i++) {
      publish(3, "skip:d");
      for (const bench of benches) bench.turn();
    }
  };
  // Others publish while a stream that comes back reads the history.
  let parts = 0;
  for (const store of stores.threads.slice(0, 2)) {
    const history = store.history.bind(store);
    store.history = (...query) => {
      parts++;
      publish(random.below(3));
      return history(...query);
    };
    const recover = store.recover.bind(store);
    store.recover = (...query) => {
      publish(random.below(3));
      const result = recover(...query);
      publish(random.below(3));
      return result;
    };
  }
  for (let step = 0; step < STEPS; step++) {
    const page = pages[random.below(pages.length)]!;
    const kind = random.below(16);
    if (kind < 4) publish(random.below(20));
    else if (kind === 4) publish(random.below(300));
    else if (kind < 7) benches[random.below(2)]!.turn();
    else if (kind < 10) page.come(workers[random.below(2)]!);
    else if (kind < 12) page.read(random.below(2) === 0 ? random.below(2_000) : undefined);
    else if (kind < 14) page.cut();
    else publishApart(15);
  }
  isOver = true;
  const newest = (name: string) =>
    stores.main.history(utf8(name), { limit: 0, maxBytes: 0 }, { entry: () => {} }).offset;
  // Having read, a slow one gets what was kept for it; one that was cut off comes back.
  const haveAll = () =>
    pages.every((page) =>
      page.isThere && [...page.offsets].every(([name, offset]) => offset === newest(name))
    );
  for (let i = 0; i < 4 || (i < 400 && !haveAll()); i++) {
    for (const page of pages) page.come(workers[0]!);
    for (const bench of benches) bench.settle();
    for (const page of pages) page.read();
  }
  for (const page of pages) {
    assert(page.isThere);
    for (const [name, offset] of page.offsets) assertEquals(offset, newest(name), name);
    page.cut();
  }
  for (const bench of benches) {
    bench.settle();
    assertEquals(bench.context.hub.channelCount, 0);
    assertEquals(bench.directory.find("", "").length, 0);
    assertEquals(bench.reported, []);
    assertEquals(bench.context.newest.bytes, 0);
    const { subscriptionsStarted, subscriptionsEnded } = CHANNEL_COLUMN;
    assertEquals(
      bench.counters.get(subscriptionsEnded),
      bench.counters.get(subscriptionsStarted),
    );
  }
  stores.check();
  const sum = (count: (page: Page) => number) => pages.reduce((all, one) => all + count(one), 0);
  return {
    losses: sum((page) => page.losses),
    skips: sum((page) => page.skips),
    recoveries: sum((page) => page.recoveries),
    parts,
  };
}

function runAll(limits: Partial<ChannelLimits>): Counts {
  let [losses, skips, recoveries, parts] = [0, 0, 0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      const counts = run(seed, limits);
      losses += counts.losses;
      skips += counts.skips;
      recoveries += counts.recoveries;
      parts += counts.parts;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return { losses, skips, recoveries, parts };
}

Deno.test(`channel streams: ${RUNS} random interleavings of two workers lose and double nothing`, () => {
  const counts = runAll({});
  const { losses, skips, recoveries, parts } = counts;
  assert(losses > RUNS && skips > RUNS / 2 && recoveries > 10 * RUNS, JSON.stringify(counts));
  assertEquals(parts, 0);
});

Deno.test(`channel streams: ${RUNS} more, in which what was missed comes in parts`, () => {
  const counts = runAll({ historyPublications: 25, historyBytes: 3_000 });
  const { losses, recoveries, parts } = counts;
  assert(losses > RUNS && recoveries > 10 * RUNS, JSON.stringify(counts));
  assert(parts > 10 * RUNS, JSON.stringify(counts));
});
