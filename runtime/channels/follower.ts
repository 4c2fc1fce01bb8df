/**
 * Begins and ends the following of channels, and loses channels whose publications cannot be made up for.
 *
 * In: a channel's name, and its position in the engine. Out: what became of it. Each is one transaction: the channel gets another epoch
 * number, its old subscribers are counted no more, and an entry in the feed tells their workers so. A worker
 * that misses the entry finds another epoch at its next recovery. Called only by the holder of the lock, for a channel
 * with an empty history.
 */
import type { Bells } from "./bells.ts";
import type { ChannelDirectory, HashedName } from "./channel_directory.ts";
import { writeEntry } from "./entry_writer.ts";
import type { Feed } from "./feed.ts";
import { Followed } from "./followed.ts";
import type { History } from "./history.ts";
import { CHANNEL, ENTRY_KIND, NODE, publicationWords, upperWord } from "./records.ts";
import type { Room } from "./room.ts";
import type { StoreMemory } from "./store_memory.ts";
import type { Versions } from "./versions.ts";

/** Words that the heap adds to a record, and may leave unused behind it. */
const BLOCK_EXTRA_WORDS = 6;
/** Tries to find a free block that is long enough. */
const TRIES = 8;
const NO_BYTES = new Uint8Array(0);

/** Where a channel is in its engine. */
export interface EngineEpoch {
  /** Latin-1, 1 to 32 characters. */
  readonly epoch: string;
  /** The offset of the publication before the first one that is to be replicated. */
  readonly offset: number;
}

/** What is set for a channel: a text and an offset. */
interface Start {
  readonly text: Uint8Array;
  readonly offset: number;
}

/** What it works on. */
interface FollowerParts {
  readonly memory: StoreMemory;
  readonly directory: ChannelDirectory;
  readonly history: History;
  readonly feed: Feed;
  readonly bells: Bells;
  readonly room: Room;
  readonly versions: Versions;
  readonly followed: Followed;
}

/** Follows channels. */
export class Follower {
  readonly #on: FollowerParts;

  /** @param on what it works on */
  constructor(on: FollowerParts) {
    this.#on = on;
  }

  /** Whether the channel is followed with this text and is at this offset. */
  isAt(channel: number, { text, offset }: Start): boolean {
    const { followed, history } = this.#on;
    const node = channel === 0 ? 0 : followed.find(channel);
    if (node === 0 || history.offsetOf(channel) !== offset) return false;
    const there = followed.textOf(node);
    return there.length === text.length && there.every((byte, i) => byte === text[i]);
  }

  /** Follows the channel from a position on. Returns false if there is no room. */
  follow(name: HashedName, start: Start): boolean {
    const channel = this.#on.room.channel(name);
    return channel !== 0 && this.#renew(channel, start);
  }

  /** Ends the subscriptions of a channel, which is followed no more. Returns false if there is no room to tell so. */
  lose(channel: number): boolean {
    return this.#renew(channel, undefined);
  }

  /** Makes room, and begins the channel in a new epoch. */
  #renew(channel: number, start: Start | undefined): boolean {
    const { memory, feed, room } = this.#on;
    const { words, journal } = memory;
    if (words[channel + CHANNEL.members] !== 0 || words[channel + CHANNEL.keys] !== 0) {
      throw new TypeError("a channel with members or keys in the store cannot be followed");
    }
    const block = publicationWords(0) + BLOCK_EXTRA_WORDS;
    const lasting = start === undefined ? 0 : Followed.wordsOf(start.text) + BLOCK_EXTRA_WORDS;
    feed.makeRoom(block);
    if (!room.make(channel, lasting)) return false;
    for (let i = 0; !this.#transact(channel, start); i++) {
      journal.rollback();
      if (i < TRIES && room.evict(channel, block + lasting)) continue;
      room.refuse();
      return false;
    }
    journal.commit();
    return true;
  }

  /** The transaction; false if the heap has no free block that is long enough. */
  #transact(channel: number, start: Start | undefined): boolean {
    const { memory, directory, followed, versions, bells } = this.#on;
    const { words, journal, table, layout } = memory;
    const [oldNode, oldVersion] = [followed.find(channel), versions.find(channel)];
    if (directory.subscribersOf(channel) > 0) {
      if (!this.#tellLost(channel)) return false;
      bells.markSubscribers(channel);
    }
    const epoch = directory.nextEpoch();
    if (start !== undefined && !followed.add(epoch, start.text)) return false;
    if (oldNode !== 0) followed.remove(oldNode);
    if (oldVersion !== 0) table.remove(oldVersion);
    const offset = start?.offset ?? 0;
    journal.set(channel + NODE.epoch, epoch);
    journal.set(channel + CHANNEL.offset, offset | 0);
    journal.set(channel + CHANNEL.offset + 1, upperWord(offset));
    for (let worker = 0; worker < layout.workers; worker++) {
      const count = channel + CHANNEL.subscribers + worker;
      if (words[count] !== 0) journal.set(count, 0);
    }
    directory.touch(channel);
    // Last: a transaction must not allocate what it has freed.
    for (const node of [oldNode, oldVersion]) if (node !== 0) memory.release(node);
    return true;
  }

  #tellLost(channel: number): boolean {
    const { memory, feed } = this.#on;
    const epoch = memory.words[channel + NODE.epoch]!;
    const kind = ENTRY_KIND.lost;
    const entry = { kind, epoch, offset: 0, expires: 0, fields: NO_BYTES, data: NO_BYTES };
    const record = writeEntry(memory, entry);
    if (record !== 0) feed.append(record);
    return record !== 0;
  }
}
