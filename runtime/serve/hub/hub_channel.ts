/**
 * One channel on one worker: its subscribers by their faces, and how far they are.
 *
 * In: entries in the order of the feed, from the hub, which has checked their offsets. Out: what the subscribers get. A
 * subscriber joins at a position. If the feed of this worker is not there yet, the subscriber waits until it is:
 * it got the publications up to its position in another way, or does not want them.
 *
 *   position ──► 5      feed: 6 7 8 …      a subscriber of position 7 waits, and gets 8 first
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry } from "../../channels/mod.ts";
import type { ChannelIdentity, Face, Subscriber } from "./face.ts";
import { FewMap } from "./few_map.ts";

/** What waits for one face is delivered at this size, and not only at the end of the turn. */
const FULL_BYTES = 64 * 1024;
/** A channel does not keep a longer buffer than this for its next messages. */
const KEPT_BYTES = 4 * 1024;

const UTF8 = new TextEncoder();

/** The subscribers of one face, and what they get next. */
interface Group {
  readonly face: Face<unknown>;
  readonly subscribers: FewMap<Subscriber, Subscriber>;
  out: ByteBuffer;
  /** How many entries `out` has. */
  entries: number;
}

/** What a channel tells the hub. */
export interface ChannelOwner {
  /** A subscriber threw, and is to be taken out of the channel. */
  onSubscriberFailed(channel: HubChannel, subscriber: Subscriber, error: unknown): void;
}

/** A channel with subscribers on this worker. */
export class HubChannel implements ChannelIdentity {
  readonly name: string;
  readonly number: number;
  /** The channel's epoch in the store. */
  readonly epoch: number;
  /** The offset of the last publication that was passed on. */
  position: number;
  /** How often this worker is subscribed in the store: once for each subscriber, and for each that is about to join. */
  entered = 0;
  readonly #owner: ChannelOwner;
  /** The key, if it is not the name in UTF-8. There are many channels: it would be 300 bytes. */
  readonly #key: Uint8Array | undefined;
  #groups: readonly Group[] = [];
  /** Those that wait, with the positions that they have; null until there is one. */
  #waiting: Map<Subscriber, number> | null = null;
  /** No subscriber that waits has less. Thousands may come while the feed is behind, and each asks. */
  #leastFrom = Infinity;

  /**
   * @param identity what it is called
   * @param at where the feed is
   * @param owner told if a subscriber throws
   */
  constructor(
    identity: ChannelIdentity & { readonly key?: Uint8Array | undefined },
    at: { readonly epoch: number; readonly offset: number },
    owner: ChannelOwner,
  ) {
    this.name = identity.name;
    this.number = identity.number;
    this.#key = identity.key;
    this.epoch = at.epoch;
    this.position = at.offset;
    this.#owner = owner;
  }

  /** The name as the store takes it. */
  get key(): Uint8Array {
    return this.#key ?? UTF8.encode(this.name);
  }

  /** All subscribers. */
  get subscribers(): Subscriber[] {
    const live = this.#groups.flatMap(({ subscribers }) => [...subscribers.values()]);
    return [...live, ...this.#waiting?.keys() ?? []];
  }

  /** Whether there are subscribers that wait. */
  get hasWaiting(): boolean {
    return this.#waiting !== null && this.#waiting.size > 0;
  }

  /** Adds a subscriber that has everything up to the offset `from`. */
  add(subscriber: Subscriber, from: number): void {
    (this.#waiting ??= new Map()).set(subscriber, from);
    this.#leastFrom = Math.min(this.#leastFrom, from);
  }

  /** Removes a subscriber; returns whether there was one. */
  delete(subscriber: Subscriber): boolean {
    const group = this.#groups.find(({ face }) => face === subscriber.face);
    if (group?.subscribers.delete(subscriber)) {
      if (group.subscribers.size === 0) {
        this.#groups = this.#groups.filter((other) => other !== group);
      }
      return true;
    }
    return this.#waiting?.delete(subscriber) ?? false;
  }

  /** Encodes an entry for all subscribers that get it. Returns whether enough is waiting to be delivered at once. */
  append(entry: Entry): boolean {
    if (this.hasWaiting) this.admit();
    if (entry.offset > 0) this.position = entry.offset;
    let isFull = false;
    for (const group of this.#groups) {
      const { face, out } = group;
      const { length } = out;
      face.append(out, this, entry);
      if (out.length > length) group.entries++;
      isFull ||= out.length >= FULL_BYTES;
    }
    return isFull;
  }

  /** Lets those that wait for no more than what was passed on get everything from now on. */
  admit(): void {
    if (this.#waiting === null || this.#leastFrom > this.position) return;
    // They have what is encoded for the others.
    this.deliver();
    this.#leastFrom = Infinity;
    for (const [subscriber, from] of this.#waiting) {
      if (from > this.position) {
        this.#leastFrom = Math.min(this.#leastFrom, from);
        continue;
      }
      this.#waiting.delete(subscriber);
      this.#groupOf(subscriber.face).subscribers.set(subscriber, subscriber);
    }
    if (this.#waiting.size === 0) this.#waiting = null;
  }

  /** Sends what was encoded. */
  deliver(): void {
    for (const group of this.#groups) {
      const { face, subscribers, out } = group;
      if (out.length === 0) continue;
      const message = face.seal(out);
      face.delivers?.(group.entries, out.length, subscribers.size);
      group.entries = 0;
      if (out.bytes.length > KEPT_BYTES) group.out = new ByteBuffer(0);
      else out.clear();
      for (const subscriber of subscribers.values()) this.#pass(subscriber, message);
    }
  }

  #pass(subscriber: Subscriber, message: unknown): void {
    try {
      subscriber.receive(message);
    } catch (error) {
      this.#owner.onSubscriberFailed(this, subscriber, error);
    }
  }

  #groupOf(face: Face<unknown>): Group {
    const found = this.#groups.find((group) => group.face === face);
    if (found !== undefined) return found;
    const subscribers = new FewMap<Subscriber, Subscriber>();
    const group: Group = { face, subscribers, out: new ByteBuffer(0), entries: 0 };
    // As long as it has to be, unlike with push or a spread.
    this.#groups = this.#groups.concat(group);
    return group;
  }
}
