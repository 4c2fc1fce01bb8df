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
import { FewSet } from "./few_set.ts";

/** What waits for one face is delivered at this size, and not only at the end of the turn. */
const FULL_BYTES = 64 * 1024;
/** A longer buffer than this is not kept for the next messages. */
const KEPT_BYTES = 4 * 1024;
/** Buffers that are kept for the next messages, of whatever channel: those of a turn that has messages for so many. */
const KEPT_BUFFERS = 64;

const UTF8 = new TextEncoder();

/** Buffers that no channel has. */
const BUFFERS: ByteBuffer[] = [];

/** The subscribers of one face, and what they get next. It is a set, as there are many: a field would be one more object. */
class Group extends FewSet<Subscriber> {
  readonly face: Face<unknown>;
  /** The next face of the channel. */
  next: Group | null = null;
  /** What is encoded; null: nothing. */
  out: ByteBuffer | null = null;
  /** How many entries `out` has. */
  entries = 0;

  constructor(face: Face<unknown>) {
    super();
    this.face = face;
  }

  /** Encodes an entry. Returns how many bytes wait. */
  append(channel: ChannelIdentity, entry: Entry): number {
    const out = this.out ??= BUFFERS.pop() ?? new ByteBuffer(0);
    const { length } = out;
    this.face.append(out, channel, entry);
    if (out.length > length) this.entries++;
    return out.length;
  }

  /** Takes the message of what was encoded; undefined if nothing was. */
  take(): unknown {
    const { out, face, entries } = this;
    if (out === null) return undefined;
    this.out = null;
    this.entries = 0;
    const { length } = out;
    const message = length === 0 ? undefined : face.seal(out);
    out.clear();
    if (out.bytes.length <= KEPT_BYTES && BUFFERS.length < KEPT_BUFFERS) BUFFERS.push(out);
    if (length > 0) face.delivers?.(entries, length, this.size);
    return message;
  }
}

/** What a channel calls of the hub. */
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
  /** The first face's; the others follow by their links. */
  #groups: Group | null = null;
  /** Those that wait, with the positions that they have; null until there is one. */
  #waiting: Map<Subscriber, number> | null = null;
  /** No subscriber that waits has less; unless there is none. Thousands may come while the feed is behind, and each asks. */
  #leastFrom = 0;

  /**
   * @param identity what it is called
   * @param at where the feed is
   * @param owner called if a subscriber throws
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
    const all: Subscriber[] = [];
    for (let group = this.#groups; group !== null; group = group.next) {
      for (const subscriber of group.values()) all.push(subscriber);
    }
    return [...all, ...this.#waiting?.keys() ?? []];
  }

  /** Whether there are subscribers that wait. */
  get hasWaiting(): boolean {
    return this.#waiting !== null && this.#waiting.size > 0;
  }

  /** Adds a subscriber that has everything up to the offset `from`. */
  add(subscriber: Subscriber, from: number): void {
    this.#leastFrom = this.#waiting === null ? from : Math.min(this.#leastFrom, from);
    (this.#waiting ??= new Map()).set(subscriber, from);
  }

  /** Removes a subscriber; returns whether there was one. */
  delete(subscriber: Subscriber): boolean {
    let before: Group | null = null;
    for (let group = this.#groups; group !== null; before = group, group = group.next) {
      if (group.face !== subscriber.face) continue;
      if (!group.delete(subscriber)) break;
      if (group.size > 0) return true;
      // Whoever goes through the groups now goes on from this one.
      if (before === null) this.#groups = group.next;
      else before.next = group.next;
      return true;
    }
    return this.#waiting?.delete(subscriber) ?? false;
  }

  /** Encodes an entry for all subscribers that get it. Returns whether enough is waiting to be delivered at once. */
  append(entry: Entry): boolean {
    if (this.hasWaiting) this.admit();
    if (entry.offset > 0) this.position = entry.offset;
    let isFull = false;
    for (let group = this.#groups; group !== null; group = group.next) {
      if (group.append(this, entry) >= FULL_BYTES) isFull = true;
    }
    return isFull;
  }

  /** Lets those that wait for no more than what was passed on get everything from now on. */
  admit(): void {
    if (this.#waiting === null || this.#leastFrom > this.position) return;
    // They have what is encoded for the others.
    this.deliver();
    let least = Infinity;
    for (const [subscriber, from] of this.#waiting) {
      if (from > this.position) {
        least = Math.min(least, from);
        continue;
      }
      this.#waiting.delete(subscriber);
      this.#groupOf(subscriber.face).add(subscriber);
    }
    if (this.#waiting.size === 0) this.#waiting = null;
    else this.#leastFrom = least;
  }

  /** Sends what was encoded. */
  deliver(): void {
    for (let group = this.#groups; group !== null; group = group.next) {
      const message = group.take();
      if (message === undefined) continue;
      for (const subscriber of group.values()) this.#pass(subscriber, message);
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
    let last: Group | null = null;
    for (let group = this.#groups; group !== null; group = group.next) {
      if (group.face === face) return group;
      last = group;
    }
    const added = new Group(face);
    if (last === null) this.#groups = added;
    else last.next = added;
    return added;
  }
}
