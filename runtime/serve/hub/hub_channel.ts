/**
 * One channel on one worker: its subscribers by their faces, and how far they are.
 *
 * In: entries in the order of the feed, from the hub, which has checked their offsets. Out: what the subscribers get. A
 * subscriber joins at a position. If the feed of this worker is not there yet, the subscriber waits until it is:
 * it got the publications up to its position in another way, or does not want them.
 *
 *   position ──► 5      feed: 6 7 8 …      a subscriber of position 7 waits, and gets 8 first
 *
 * With a conflation, publications wait for the end of an interval. Its subscribers do not count offsets: one that comes gets what waits.
 */

import { type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import { Chain } from "./chain.ts";
import { ChainGroup } from "./chain_group.ts";
import type { Conflation } from "./conflation.ts";
import { type ChannelIdentity, type Face, isChained, type Subscriber } from "./face.ts";
import { Group } from "./group.ts";

/** What waits for one face is delivered at this size, and not only at the end of the turn. */
const FULL_BYTES = 64 * 1024;

const UTF8 = new TextEncoder();

/** What a channel calls of the hub. */
export interface ChannelOwner {
  /** An entry with this stamp is encoded for subscribers of a client's channel. */
  onEncoded(appended: number): void;
  /** Something threw for these subscribers, which are to be taken out of the channel: they would miss a part of what is to come. */
  onFailed(channel: HubChannel, subscribers: readonly Subscriber[], error: unknown): void;
}

/** A channel with subscribers on this worker. */
export class HubChannel implements ChannelIdentity {
  readonly name: string;
  readonly number: number;
  /** The channel's epoch in the store. */
  readonly epoch: number;
  /** The offset of the last publication that was passed on, or waits for the end of an interval. */
  position: number;
  /** What waits for it; null: nothing ever does. */
  readonly conflation: Conflation | null;
  /** How often this worker is subscribed in the store: once for each subscriber, and for each that is about to join. */
  entered = 0;
  readonly #owner: ChannelOwner;
  /** The key, if it is not the name in UTF-8. There are many channels: it would be 300 bytes. */
  readonly #key: Uint8Array | undefined;
  /** The first face's; the others follow by their links. */
  #groups: Group | null = null;
  /** Null until there is a subscriber that gets what has changed. */
  #chain: Chain | null = null;
  /** Those that wait, with the positions that they have; null until there is one. */
  #waiting: Map<Subscriber, number> | null = null;
  /** No subscriber that waits has less; unless there is none. Thousands may come while the feed is behind, and each asks. */
  #leastFrom = 0;

  /**
   * @param identity what it is called
   * @param at where the feed is
   * @param more what is called if a subscriber throws, and what merges publications
   */
  constructor(
    identity: ChannelIdentity & { readonly key?: Uint8Array | undefined },
    at: { readonly epoch: number; readonly offset: number },
    { owner, conflation }: {
      readonly owner: ChannelOwner;
      readonly conflation: Conflation | null;
    },
  ) {
    this.name = identity.name;
    this.number = identity.number;
    this.#key = identity.key;
    this.epoch = at.epoch;
    this.position = at.offset;
    this.#owner = owner;
    this.conflation = conflation;
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
      // With a chain there are two groups of a face.
      if (!group.delete(subscriber)) continue;
      if (group.size > 0) return true;
      // Whoever goes through the groups now goes on from this one.
      if (before === null) this.#groups = group.next;
      else before.next = group.next;
      if (this.#chain !== null) this.#endChain();
      return true;
    }
    return this.#waiting?.delete(subscriber) ?? false;
  }

  /** The offset up to which nothing will be encoded any more. */
  get passedUpTo(): number {
    const waiting = this.conflation?.firstOffset;
    return waiting === undefined ? this.position : waiting - 1;
  }

  /** Encodes an entry for all subscribers that get it, or keeps it. Returns whether enough is waiting to be delivered at once. */
  append(entry: Entry): boolean {
    if (this.hasWaiting) this.admit();
    if (entry.offset > 0) this.position = entry.offset;
    // Who comes and goes does not wait: its order with publications says nothing.
    if (this.conflation === null || entry.kind !== ENTRY_KIND.publication) {
      return this.#encode(entry);
    }
    try {
      if (!this.conflation.hold(entry)) return false;
    } catch (error) {
      this.#owner.onFailed(this, this.subscribers, error);
      return false;
    }
    this.release(true);
    return true;
  }

  /** Encodes what waits for the end of an interval, if that has come, or `isForced`. */
  release(isForced = false): void {
    for (const entry of this.conflation?.take(isForced) ?? []) {
      if (this.#encode(entry)) this.deliver();
    }
  }

  #encode(entry: Entry): boolean {
    let isFull = false;
    // The server's own channels are not measured: they have a key.
    if (this.#key === undefined) this.#owner.onEncoded(entry.appended);
    let failed: (readonly [readonly Subscriber[], unknown])[] | undefined;
    for (let group = this.#groups; group !== null; group = group.next) {
      const { waiting } = group;
      try {
        if (group.append(this, entry) >= FULL_BYTES) isFull = true;
      } catch (error) {
        group.cut(waiting);
        (failed ??= []).push([[...group.values()], error]);
      }
    }
    if (this.#chain !== null) this.#chain.advance(entry);
    if (failed !== undefined) this.#fail(failed);
    return isFull;
  }

  /** An entry could not be encoded for these groups: a fault of ours, which must not end the worker. They get what came before. */
  #fail(failed: readonly (readonly [readonly Subscriber[], unknown])[]): void {
    this.deliver();
    for (const [subscribers, error] of failed) this.#owner.onFailed(this, subscribers, error);
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
      const lacksLast = this.#chain === null || this.#chain.last?.offset !== from;
      this.#groupOf(subscriber.face, lacksLast || subscriber.hasLatest !== true).add(subscriber);
    }
    if (this.#waiting.size === 0) this.#waiting = null;
    else this.#leastFrom = least;
  }

  /** Sends what was encoded. */
  deliver(): void {
    let hasChain = false;
    for (let group = this.#groups; group !== null; group = group.next) {
      const message = group.take();
      if (message === undefined) continue;
      if (group instanceof ChainGroup) {
        hasChain = true;
        const sent = { message, newest: group.newestOf(this) };
        for (const subscriber of group.values()) this.#passChained(group, subscriber, sent);
      } else {
        for (const subscriber of group.values()) this.#pass(subscriber, message);
      }
    }
    // Not before: who came into a group that is still to be sent to would get the same again.
    if (hasChain) this.#moveChained();
  }

  #pass(subscriber: Subscriber, message: unknown): void {
    try {
      subscriber.receive(message);
    } catch (error) {
      this.#owner.onFailed(this, [subscriber], error);
    }
  }

  #passChained(
    group: ChainGroup,
    subscriber: Subscriber,
    { message, newest }: {
      readonly message: unknown;
      readonly newest: (() => unknown) | undefined;
    },
  ): void {
    try {
      subscriber.receive(message, newest);
    } catch (error) {
      return this.#owner.onFailed(this, [subscriber], error);
    }
    group.note(subscriber);
  }

  /** Lets those that have got the last publication get what changes from now on, and those that have not the next one whole. */
  #moveChained(): void {
    const groups: ChainGroup[] = [];
    for (let group = this.#groups; group !== null; group = group.next) {
      if (group instanceof ChainGroup && group.moving.length > 0) groups.push(group);
    }
    for (const group of groups) {
      // Who has left meanwhile is in no group.
      const moving = group.takeMoving().filter((subscriber) => group.delete(subscriber));
      if (moving.length === 0) continue;
      const other = this.#groupOf(group.face, !group.isFresh);
      for (const subscriber of moving) other.add(subscriber);
    }
    this.#dropEmpty();
  }

  #dropEmpty(): void {
    let before: Group | null = null;
    for (let group = this.#groups; group !== null; group = group.next) {
      if (group.size > 0) before = group;
      else if (before === null) this.#groups = group.next;
      else before.next = group.next;
    }
  }

  /** Forgets the chain with its last subscriber. */
  #endChain(): void {
    for (let group = this.#groups; group !== null; group = group.next) {
      if (group instanceof ChainGroup) return;
    }
    this.#chain = null;
  }

  /** @param isFresh of a face with a chain: whether they have not got the last publication */
  #groupOf(face: Face<unknown>, isFresh: boolean): Group {
    let last: Group | null = null;
    for (let group = this.#groups; group !== null; group = group.next) {
      const isIt = group.face === face &&
        (!(group instanceof ChainGroup) || group.isFresh === isFresh);
      if (isIt) return group;
      last = group;
    }
    const added = isChained(face)
      ? new ChainGroup(face, this.#chain ??= new Chain(), isFresh)
      : new Group(face);
    if (last === null) this.#groups = added;
    else last.next = added;
    return added;
  }
}
