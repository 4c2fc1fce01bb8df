/**
 * Appends publications: one transaction each, which gives the next offset, stores the bytes and enters the feed.
 *
 * In: a channel's name and a publication. Out: what became of it. Called only by the holder of the lock. Room is made before
 * the transaction, so that it only allocates; what the limits of the history remove goes after it.
 */
import type { Bells } from "./bells.ts";
import type { ChannelDirectory, HashedName } from "./channel_directory.ts";
import { writeEntry } from "./entry_writer.ts";
import type { Feed } from "./feed.ts";
import { type History, SLICE } from "./history.ts";
import { Idempotency } from "./idempotency.ts";
import type { Followed } from "./followed.ts";
import {
  CHANNEL,
  ENTRY_KIND,
  type EntryKind,
  publicationWords,
  type PublishedForm,
  upperWord,
} from "./records.ts";
import type { Room } from "./room.ts";
import type { StoreMemory } from "./store_memory.ts";
import { type Version, Versions } from "./versions.ts";

/** Words that the heap adds to a record, and may leave unused behind it. */
const BLOCK_EXTRA_WORDS = 6;
/** Tries to find a free block that is long enough. */
const TRIES = 8;
const NO_BYTES = new Uint8Array(0);

/** A publication to be stored. */
export interface Publication {
  /** Opaque bytes. */
  readonly data: Uint8Array;
  /** More opaque bytes (tags, the publisher's info, a key, a time), as the caller encodes them; default: none. */
  readonly fields?: Uint8Array;
  /** What the data stands for; default: `json`. */
  readonly form?: PublishedForm;
  /** The most publications that the history keeps; 0: none. */
  readonly historySize: number;
  /** How long the history keeps this one, in milliseconds. */
  readonly historyTtlMs: number;
  /** The publication gets no offset and is not in the history; subscribers get it live or not at all. */
  readonly skipHistory?: boolean;
  /** A second publication with this key, within five minutes, gets the answer of the first. */
  readonly idempotencyKey?: Uint8Array | undefined;
  /** A publication with the same version or an older one than the last is skipped. */
  readonly version?: Version | undefined;
}

/** What became of a publication. */
export interface PublishResult {
  /**
   * - `stored`: it has its offset and is in the store.
   * - `repeated`: its idempotency key was used before; this is the answer of then.
   * - `skipped`: its version is not newer than the last; offset and epoch are the channel's.
   * - `full`: there is no room; it was not stored. `busy`: the store was locked for too long. Both are temporary.
   */
  readonly status: "stored" | "repeated" | "skipped" | "full" | "busy";
  /** 0 if it has none. */
  readonly offset: number;
  /** The channel's epoch in this store; 0 if there is no channel. */
  readonly epoch: number;
  /** If it was stored: the subscribers of all workers. */
  readonly subscribers: number;
}

/** What an engine has published in a channel that is followed. */
export interface Replica {
  /** The offset that it has in the engine; 0: it has none, and is in no history. */
  readonly offset: number;
  /** Default: a publication. */
  readonly kind?: EntryKind;
  readonly form?: PublishedForm;
  readonly fields?: Uint8Array;
  readonly data: Uint8Array;
  readonly historySize: number;
  readonly historyTtlMs: number;
}

/**
 * What became of it.
 *
 * - `stored`: subscribers get it. If there is no room it is not kept, and neither is what is older.
 * - `known`: the channel is at this offset or behind it. `gap`: it is before the one that precedes it.
 * - `absent`: the channel is not followed. `full`: it is longer than any entry here, and will never fit.
 * - `busy`: the store was locked for too long; temporary.
 */
export type ReplicateStatus = "stored" | "known" | "gap" | "absent" | "full" | "busy";

/** A publication, or something else that goes to subscribers. */
type Appended = Publication & { readonly kind?: EntryKind };

/** The result of a publication that found no room. */
export const FULL: PublishResult = { status: "full", offset: 0, epoch: 0, subscribers: 0 };

/** Publishes under the lock. */
export class Publisher {
  readonly #memory: StoreMemory;
  readonly #directory: ChannelDirectory;
  readonly #history: History;
  readonly #feed: Feed;
  readonly #bells: Bells;
  readonly #room: Room;
  readonly #idempotency: Idempotency;
  readonly #versions: Versions;
  readonly #followed: Followed;

  /** @param on what it works on */
  constructor(
    on: {
      memory: StoreMemory;
      directory: ChannelDirectory;
      history: History;
      feed: Feed;
      bells: Bells;
      room: Room;
      idempotency: Idempotency;
      versions: Versions;
      followed: Followed;
    },
  ) {
    this.#memory = on.memory;
    this.#directory = on.directory;
    this.#history = on.history;
    this.#feed = on.feed;
    this.#bells = on.bells;
    this.#room = on.room;
    this.#idempotency = on.idempotency;
    this.#versions = on.versions;
    this.#followed = on.followed;
  }

  /** The most bytes of fields and data together. */
  get maxBytes(): number {
    return (this.#feed.maxBlockWords - publicationWords(0) - BLOCK_EXTRA_WORDS) * 4;
  }

  /** Stores a publication, which is not longer than {@link maxBytes}. */
  publish(name: HashedName, publication: Publication): PublishResult {
    const channel = this.#room.channel(name);
    return channel === 0 ? FULL : this.#answerOf(channel, publication) ??
      this.#append(channel, publication) ?? FULL;
  }

  /** Stores what an engine has published, if it is the next of a followed channel. */
  replicate(name: HashedName, replica: Replica): ReplicateStatus {
    const channel = this.#directory.find(name);
    if (channel === 0 || this.#followed.find(channel) === 0) return "absent";
    const { offset, ...publication } = replica;
    const here = this.#history.offsetOf(channel);
    if (offset > 0 && offset <= here) return "known";
    if (offset > here + 1) return "gap";
    const { fields = NO_BYTES, data } = publication;
    if (fields.length + data.length > this.maxBytes) return "full";
    const appended = { ...publication, skipHistory: offset === 0 };
    if (this.#append(channel, appended) === undefined) {
      // It goes to the feed alone. What is older would be a history with a hole.
      if (offset > 0) this.#history.trimTo(channel, 0, Infinity);
      if (this.#append(channel, { ...appended, historySize: 0 }) === undefined) return "busy";
    }
    return "stored";
  }

  /** The answer that needs no new publication, or undefined. */
  #answerOf(channel: number, publication: Publication): PublishResult | undefined {
    const epoch = this.#directory.epochOf(channel);
    const { idempotencyKey, version } = publication;
    if (idempotencyKey !== undefined) {
      const node = this.#idempotency.find(channel, idempotencyKey);
      if (node !== 0) {
        const offset = this.#idempotency.offsetOf(node);
        return { status: "repeated", offset, epoch, subscribers: 0 };
      }
    }
    if (version === undefined || !this.#versions.isOld(this.#versions.find(channel), version)) {
      return undefined;
    }
    return { status: "skipped", offset: this.#history.offsetOf(channel), epoch, subscribers: 0 };
  }

  /** Makes room and appends; undefined if there is none. */
  #append(channel: number, publication: Appended): PublishResult | undefined {
    const { fields = NO_BYTES, data, idempotencyKey, version } = publication;
    const block = publicationWords(fields.length + data.length) + BLOCK_EXTRA_WORDS;
    const stored = publication.skipHistory !== true && publication.historySize > 0;
    const lasting = (stored ? block : 0) +
      (idempotencyKey === undefined ? 0 : Idempotency.wordsOf(idempotencyKey) + BLOCK_EXTRA_WORDS) +
      (version === undefined ? 0 : Versions.wordsOf(version.versionEpoch) + BLOCK_EXTRA_WORDS);
    this.#feed.makeRoom(block);
    if (!this.#room.make(channel, lasting)) return undefined;
    if (stored) this.#forgetHole(channel);
    let result = this.#transact(channel, publication, stored);
    for (let i = 0; result === undefined && i < TRIES; i++) {
      this.#memory.journal.rollback();
      // There is room, but not in one piece: what is removed joins its free neighbours.
      if (!this.#room.evict(channel, block)) break;
      result = this.#transact(channel, publication, stored);
    }
    if (result === undefined) {
      this.#memory.journal.rollback();
      this.#room.refuse();
      return undefined;
    }
    this.#memory.journal.commit();
    this.#bells.markSubscribers(channel);
    if (publication.skipHistory !== true) {
      this.#history.trimTo(channel, publication.historySize, SLICE);
    }
    return result;
  }

  /** Removes a history that ends before the latest offset, because publications in between were not kept. */
  #forgetHole(channel: number): void {
    if (this.#history.newestOffset(channel) === this.#history.offsetOf(channel)) return;
    this.#history.trimTo(channel, 0, Infinity);
  }

  /** The transaction; undefined if the heap has no free block that is long enough, and it must be rolled back. */
  #transact(
    channel: number,
    publication: Appended,
    stored: boolean,
  ): PublishResult | undefined {
    const memory = this.#memory;
    const { journal } = memory;
    const { fields = NO_BYTES, data, form = 0, idempotencyKey, version } = publication;
    const epoch = this.#directory.epochOf(channel);
    const offset = publication.skipHistory === true ? 0 : this.#history.offsetOf(channel) + 1;
    const subscribers = this.#directory.subscribersOf(channel);
    const live = subscribers > 0 || this.#directory.isAwaited(channel);
    if (stored || live) {
      const expires = memory.tickAfter(publication.historyTtlMs);
      const { kind = ENTRY_KIND.publication } = publication;
      const record = writeEntry(memory, { kind, form, epoch, offset, expires, fields, data });
      if (record === 0) return undefined;
      if (stored) this.#history.link(channel, record);
      if (live) this.#feed.append(record);
    }
    if (offset > 0) {
      journal.set(channel + CHANNEL.offset, offset | 0);
      if ((offset | 0) === 0) journal.set(channel + CHANNEL.offset + 1, upperWord(offset));
    }
    this.#directory.touch(channel);
    if (idempotencyKey !== undefined) {
      if (!this.#idempotency.add(channel, idempotencyKey, offset)) return undefined;
    }
    if (version !== undefined) {
      const node = this.#versions.find(channel);
      if (!this.#versions.set(channel, node, version)) return undefined;
    }
    return { status: "stored", offset, epoch, subscribers };
  }
}
