/** The threads of channels_test.ts: publishers, workers that read the feed and recover what they missed, members. */
import {
  type ChannelStore,
  type Entry,
  type FeedSink,
  openChannelStore,
} from "../../runtime/channels/mod.ts";
import { Random } from "../support/random.ts";
import { runPart, yieldCore } from "./part.ts";

/** What a thread does. */
export type ChannelsRole = "publish" | "read" | "recover" | "quiet" | "fill" | "members";

/** The task of a thread. */
export interface ChannelsSetting {
  readonly memory: SharedArrayBuffer;
  /** Word 0: publishers that are done; word 1: readers that have subscribed; word 2: publishers must stop. */
  readonly control: Int32Array;
  readonly role: ChannelsRole;
  readonly writer: number;
  readonly publishers: number;
  readonly readers: number;
  readonly channels: number;
  /** Publications of each publisher. */
  readonly publications: number;
  readonly historySize: number;
  /** A reader that sleeps between its batches. */
  readonly slow: boolean;
}

/** The result of a thread; each role fills in what concerns it. */
export interface ChannelsResult {
  /** Publications stored, delivered from the feed, or recovered. */
  count: number;
  /** Entries of the feed that were lost, as the reader was told. */
  missed: number;
  /** Of those, the publications that came from the history after all. */
  recovered: number;
  /** Offsets that the history did not have any more. */
  unrecovered: number;
  /** Publications whose bytes were wrong. */
  torn: number;
  /** Offsets that were not the next one, without a miss before them. */
  disordered: number;
  /** Recoveries that were answered as unrecoverable. */
  refused: number;
  /** A number that depends on all publications and their order, by channel. */
  digests: number[];
  /** The last offset, by channel. */
  offsets: number[];
}

const BOUNDS = { limit: 1_000_000, maxBytes: 2 ** 28 };
const encoder = new TextEncoder();

runPart((setting: ChannelsSetting) => {
  const store = openChannelStore(setting.memory, {
    writer: setting.writer,
    now: () => performance.timeOrigin + performance.now(),
    ring: () => {},
  });
  const roles = { publish, read, recover, quiet, fill, members };
  return roles[setting.role](store, setting);
});

/** The name of channel `i`. */
function nameOf(i: number): Uint8Array {
  return encoder.encode(`channel-${i}`);
}

/** Bytes that depend on a number in each place. */
function fillBytes(bytes: Uint8Array, number: number): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = number + Math.imul(i, 31);
}

function isWhole({ bytes, dataStart, dataEnd }: Entry): boolean {
  const number = bytes[dataStart]!;
  for (let i = 1; dataStart + i < dataEnd; i++) {
    if (bytes[dataStart + i] !== ((number + Math.imul(i, 31)) & 0xff)) return false;
  }
  return true;
}

function newResult(channels: number): ChannelsResult {
  return {
    count: 0,
    missed: 0,
    recovered: 0,
    unrecovered: 0,
    torn: 0,
    disordered: 0,
    refused: 0,
    digests: new Array(channels).fill(0),
    offsets: new Array(channels).fill(0),
  };
}

/** Fewer than an eighth of the memory holds: above that a channel's history gives way to others. */
const QUIET_PUBLICATIONS = 400;

/** Publishes now and then to a channel of its own; all of it must be in the history each time. */
function quiet(store: ChannelStore, { control, publishers, channels }: ChannelsSetting) {
  const result = newResult(channels);
  const name = encoder.encode("quiet");
  const sink = {
    entry(entry: Entry) {
      if (entry.offset !== ++result.recovered) result.disordered++;
      if (!isWhole(entry)) result.torn++;
    },
  };
  while (Atomics.load(control, 0) < publishers) {
    yieldCore(1000);
    const data = new Uint8Array(1 + result.count % 100);
    fillBytes(data, result.count);
    const publication = { data, historySize: 100_000, historyTtlMs: 600_000 };
    if (result.count < QUIET_PUBLICATIONS) {
      const { status } = store.publish(name, publication);
      if (status === "full") result.refused++;
      if (status !== "stored") continue;
      result.count++;
    }
    result.recovered = 0;
    const answer = store.recover(name, { offset: 0 }, BOUNDS, sink);
    if (answer.status === "unrecoverable") result.unrecovered++;
    if (answer.status === "read" && result.recovered !== result.count) result.disordered++;
  }
  return result;
}

/** Publishes once to each of many channels, until the store is full; what was stored must stay. */
function fill(store: ChannelStore, { writer, channels, publications }: ChannelsSetting) {
  const result = newResult(channels);
  const data = new Uint8Array(500);
  fillBytes(data, writer);
  const publication = { data, historySize: 10, historyTtlMs: 600_000 };
  const stored: Uint8Array[] = [];
  for (let i = 0; i < publications; i++) {
    const name = encoder.encode(`filled-${writer}-${i}`);
    const { status, offset } = store.publish(name, publication);
    if (status === "full") result.refused++;
    if (status !== "stored") continue;
    if (offset !== 1) result.disordered++;
    stored.push(name);
  }
  result.count = stored.length;
  const sink = {
    entry(entry: Entry) {
      if (!isWhole(entry)) result.torn++;
      result.recovered++;
    },
  };
  for (const name of stored) {
    for (let attempt = 0;; yieldCore(++attempt)) {
      if (store.recover(name, { offset: 0 }, BOUNDS, sink).status !== "busy") break;
    }
  }
  return result;
}

/** Clients of this worker join and leave channels; some stay. */
function members(store: ChannelStore, setting: ChannelsSetting): ChannelsResult {
  const { writer, channels, publications } = setting;
  const result = newResult(channels);
  const random = new Random(writer);
  const present = new Set<string>();
  for (let i = 0; i < publications; i++) {
    const channel = random.below(channels);
    const client = `client-${writer}-${random.below(5000)}`;
    const key = `${channel} ${client}`;
    if (present.delete(key)) store.leave(nameOf(channel), encoder.encode(client));
    else if (joins(store, channel, client)) present.add(key);
    store.settle();
  }
  for (let attempt = 0; attempt < 1000; yieldCore(++attempt)) store.settle();
  for (const key of present) result.offsets[parseInt(key)]!++;
  result.count = present.size;
  return result;
}

function joins(store: ChannelStore, channel: number, client: string): boolean {
  const [info, user] = [encoder.encode(`{"client":"${client}"}`), encoder.encode(client.slice(-3))];
  const member = { client: encoder.encode(client), user, info, announce: true };
  return store.join(nameOf(channel), member) === "joined";
}

function publish(store: ChannelStore, setting: ChannelsSetting): ChannelsResult {
  const { control, writer, channels, publications, historySize } = setting;
  const result = newResult(channels);
  const random = new Random(writer);
  const names = Array.from({ length: channels }, (_, i) => nameOf(i));
  const bytes = new Uint8Array(200);
  let attempt = 0;
  while (Atomics.load(control, 1) < setting.readers) yieldCore(++attempt);
  while (result.count < publications && Atomics.load(control, 2) === 0) {
    const channel = random.below(channels);
    const data = bytes.subarray(0, 1 + random.below(random.below(10) === 0 ? 200 : 40));
    fillBytes(data, random.below(256));
    const { status, offset } = store.publish(names[channel]!, {
      data,
      historySize,
      historyTtlMs: 600_000,
    });
    if (status !== "stored") {
      yieldCore(++attempt);
      continue;
    }
    // One thread sees its own offsets grow, though others publish in between.
    if (offset <= result.offsets[channel]!) result.disordered++;
    result.offsets[channel] = offset;
    result.count++;
  }
  Atomics.add(control, 0, 1);
  return result;
}

/** A worker with subscribers of all channels: delivers from the feed, and recovers what it missed. */
class Subscriber implements FeedSink {
  readonly result: ChannelsResult;
  readonly #store: ChannelStore;
  readonly #channelOf = new Map<number, number>();
  readonly #names: Uint8Array[];
  #recovering = false;

  constructor(store: ChannelStore, channels: number) {
    this.#store = store;
    this.#names = Array.from({ length: channels }, (_, i) => nameOf(i));
    this.result = newResult(channels);
    this.#names.forEach((name, channel) => {
      let subscribed = store.subscribe(name);
      for (let i = 0; subscribed.status !== "subscribed"; subscribed = store.subscribe(name)) {
        yieldCore(++i);
      }
      this.#channelOf.set(subscribed.epoch, channel);
      this.result.offsets[channel] = subscribed.offset;
    });
  }

  wants(epoch: number): boolean {
    return this.#channelOf.has(epoch);
  }

  missed(count: number): void {
    this.result.missed += count;
    for (let channel = 0; channel < this.#names.length; channel++) this.#recover(channel);
  }

  entry(entry: Entry): void {
    const channel = this.#channelOf.get(entry.epoch)!;
    const next = this.result.offsets[channel]! + 1;
    if (entry.offset < next) return;
    if (entry.offset > next) this.result.disordered++;
    if (!isWhole(entry)) this.result.torn++;
    this.result.offsets[channel] = entry.offset;
    this.result.digests[channel] = digest(this.result.digests[channel]!, entry);
    if (this.#recovering) this.result.recovered++;
    else this.result.count++;
  }

  /** Takes what is behind the last offset from the history, or notes what is lost. */
  #recover(channel: number): void {
    const name = this.#names[channel]!;
    for (let attempt = 1;; yieldCore(attempt++)) {
      const since = { offset: this.result.offsets[channel]! };
      this.#recovering = true;
      const { status, offset } = this.#store.recover(name, since, BOUNDS, this);
      this.#recovering = false;
      if (status === "busy") continue;
      if (status === "read") return;
      this.result.unrecovered += offset - since.offset;
      this.result.offsets[channel] = offset;
      return;
    }
  }
}

function read(store: ChannelStore, setting: ChannelsSetting): ChannelsResult {
  const { control, publishers, channels, slow } = setting;
  const feed = store.openFeed();
  const subscriber = new Subscriber(store, channels);
  // The publishers wait for it.
  Atomics.add(control, 1, 1);
  for (let attempt = 1;; attempt++) {
    const over = Atomics.load(control, 0) === publishers;
    const atEnd = feed.poll(subscriber, slow ? 128 : 10_000);
    if (over && atEnd) return subscriber.result;
    // Longer than the feed of a small store lasts: the reader is lapped again and again.
    if (slow && !over) Atomics.wait(control, 3, 0, 5);
    else if (atEnd) yieldCore(attempt);
  }
}

/** Recovers from random positions all the time; each answer must be whole, or none. */
function recover(store: ChannelStore, setting: ChannelsSetting): ChannelsResult {
  const { control, publishers, channels } = setting;
  const result = newResult(channels);
  const random = new Random(99);
  let next = 0;
  const sink = {
    entry(entry: Entry) {
      if (entry.offset !== next++) result.disordered++;
      if (!isWhole(entry)) result.torn++;
      result.count++;
    },
  };
  while (Atomics.load(control, 0) < publishers) {
    const name = nameOf(random.below(channels));
    const { offset, status: found } = store.history(name, { ...BOUNDS, limit: 0 }, sink);
    if (found !== "read") continue;
    const since = Math.max(0, offset - random.below(300));
    next = since + 1;
    const { status, offset: end } = store.recover(name, { offset: since }, BOUNDS, sink);
    if (status === "unrecoverable") result.refused++;
    // Everything up to the offset that the answer names, or nothing.
    else if (status === "read" && next !== end + 1) result.disordered++;
    else if (status === "read") result.recovered++;
    if (status !== "read" && next !== since + 1) result.disordered++;
  }
  return result;
}

/** FNV-1a of the publication's bytes, after those before it. */
function digest(before: number, { bytes, dataStart, dataEnd }: Entry): number {
  let hash = before ^ 0x811c_9dc5;
  for (let i = dataStart; i < dataEnd; i++) hash = Math.imul(hash ^ bytes[i]!, 0x0100_0193);
  return hash >>> 0;
}
