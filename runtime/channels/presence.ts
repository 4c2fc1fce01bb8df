/**
 * Presence: which clients are in a channel, as members with their info, and how many users they are.
 *
 * In: members that join and leave, with the worker that serves them. Out: members in pages, counts, and, if wanted, entries in
 * the feed that tell subscribers. A member belongs to its worker: if the worker dies, its members leave. Called
 * only by the holder of the lock.
 */
import type { Bells } from "./bells.ts";
import type { ChannelDirectory } from "./channel_directory.ts";
import { writeEntry } from "./entry_writer.ts";
import type { Feed } from "./feed.ts";
import { STATE } from "./layout.ts";
import { memberWorker } from "./left_clients.ts";
import type { NodeKey } from "./node_table.ts";
import type { RecordBuffer } from "./record_buffer.ts";
import {
  ANNOUNCED,
  CHANNEL,
  ENTRY_KIND,
  type EntryKind,
  MEMBER,
  NODE,
  NODE_KIND,
  publicationWords,
  USER,
  wordsFor,
} from "./records.ts";
import type { Room } from "./room.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Members that one holding of the lock copies. */
export const PAGE = 256;
const BLOCK_EXTRA_WORDS = 6;
const NO_BYTES = new Uint8Array(0);
const WORKER_MASK = ANNOUNCED - 1;

/** A client in a channel. */
export interface Member {
  /** The client's id. */
  readonly client: Uint8Array;
  /** The user's id; empty for an anonymous client, which counts as one more user all the same. */
  readonly user: Uint8Array;
  /** Opaque bytes that describe the client to others. */
  readonly info: Uint8Array;
  /** Whether subscribers are told of its joining and leaving, by an entry whose data is the info. */
  readonly announce: boolean;
}

/** The members of all channels. */
export class Presence {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;
  readonly #directory: ChannelDirectory;
  readonly #feed: Feed;
  readonly #bells: Bells;
  readonly #room: Room;

  /** @param on what it works on */
  constructor(
    on: {
      memory: StoreMemory;
      directory: ChannelDirectory;
      feed: Feed;
      bells: Bells;
      room: Room;
    },
  ) {
    this.#memory = on.memory;
    this.#words = on.memory.words;
    this.#directory = on.directory;
    this.#feed = on.feed;
    this.#bells = on.bells;
    this.#room = on.room;
  }

  /**
   * Enters a member; one with the same client id is replaced without an announcement. Commits.
   *
   * @returns false if there is no room; in the rare case that memory is in pieces, the replaced member is gone
   */
  join(channel: number, worker: number, member: Member): boolean {
    const { table, journal } = this.#memory;
    const announced = member.announce && this.#directory.isHeard(channel);
    const need = table.fixedWords(NODE_KIND.member) + table.fixedWords(NODE_KIND.user) +
      wordsFor(member.client.length) + wordsFor(member.info.length) +
      wordsFor(member.user.length) + 2 * BLOCK_EXTRA_WORDS;
    if (!this.#room.make(channel, need)) return false;
    this.#makeFeedRoom(announced, member.info.length);
    const previous = this.#find(channel, member.client);
    if (previous !== 0) this.#remove(previous, false);
    const added = this.#add(channel, worker, member) &&
      (!announced || previous !== 0 || this.#announce(ENTRY_KIND.join, channel, member.info));
    if (!added) {
      journal.rollback();
      return false;
    }
    journal.commit();
    if (announced) this.#bells.markSubscribers(channel);
    return true;
  }

  /** A member belongs to this worker from now on; commits. Returns false if there is none. */
  rejoin(channel: number, worker: number, client: Uint8Array): boolean {
    const member = this.#find(channel, client);
    if (member === 0) return false;
    const word = member + MEMBER.worker;
    this.#memory.journal.set(word, memberWorker(this.#words[word]!, worker));
    this.#memory.journal.commit();
    return true;
  }

  /** Removes a member; commits. Returns false if there was none. */
  leave(channel: number, client: Uint8Array): boolean {
    const member = this.#find(channel, client);
    if (member !== 0) this.removeMember(member);
    return member !== 0;
  }

  /** Removes the member at this address, and announces it if it was entered so; commits. */
  removeMember(member: number): void {
    const words = this.#words;
    const announced = (words[member + MEMBER.worker]! & ANNOUNCED) !== 0;
    this.#makeFeedRoom(announced, words[member + MEMBER.infoLength]!);
    this.#remove(member, announced);
  }

  /** The worker of the member at this address. */
  workerOf(member: number): number {
    return this.#words[member + MEMBER.worker]! & WORKER_MASK;
  }

  /**
   * Copies up to {@link PAGE} members, newest first, whose numbers are below `below` (0: all).
   *
   * @returns the number of the last one copied: what the next page is below. 0: there are no more
   */
  copyPage(channel: number, below: number, into: RecordBuffer): number {
    const words = this.#words;
    let member = words[channel + CHANNEL.firstMember]!;
    while (member !== 0 && below !== 0 && ((words[member + MEMBER.number]! - below) | 0) >= 0) {
      member = words[member + MEMBER.older]!;
    }
    for (let i = 0; i < PAGE && member !== 0; i++) {
      into.append(words, member, this.#wordsOf(member));
      below = words[member + MEMBER.number]!;
      member = words[member + MEMBER.older]!;
    }
    return member === 0 ? 0 : below;
  }

  #find(channel: number, client: Uint8Array): number {
    const key = this.#key(channel, NODE_KIND.member, client);
    return this.#memory.table.find(this.#memory.table.hash(key), key);
  }

  /** Enters the nodes of a member and its user; part of a transaction. */
  #add(channel: number, worker: number, given: Member): boolean {
    const { table, journal } = this.#memory;
    const words = this.#words;
    const keyWords = table.fixedWords(NODE_KIND.member) * 4 + given.client.length;
    const member = this.#memory.allocate(wordsFor(keyWords + given.info.length));
    if (member === 0) return false;
    const user = this.#enterUser(channel, given.user);
    if (user === 0) return false;
    const newest = words[channel + CHANNEL.firstMember]!;
    const number = (words[channel + CHANNEL.lastMember]! + 1) | 0 || 1;
    words[member + MEMBER.worker] = worker | (given.announce ? ANNOUNCED : 0);
    words[member + MEMBER.channel] = channel;
    words[member + MEMBER.newer] = 0;
    words[member + MEMBER.older] = newest;
    words[member + MEMBER.user] = user;
    words[member + MEMBER.infoLength] = given.info.length;
    words[member + MEMBER.number] = number;
    const key = this.#key(channel, NODE_KIND.member, given.client);
    table.insert(member, table.hash(key), key);
    this.#memory.bytes.set(given.info, member * 4 + keyWords);
    if (newest !== 0) journal.set(newest + MEMBER.newer, member);
    journal.set(channel + CHANNEL.firstMember, member);
    journal.set(channel + CHANNEL.lastMember, number);
    journal.add(channel + CHANNEL.members, 1);
    journal.add(STATE.members, 1);
    this.#directory.touch(channel);
    return true;
  }

  /** Finds or creates the user's node and counts the member; 0 if there is no room. */
  #enterUser(channel: number, name: Uint8Array): number {
    const { table, journal } = this.#memory;
    const key = this.#key(channel, NODE_KIND.user, name);
    const hash = table.hash(key);
    let user = table.find(hash, key);
    if (user !== 0) {
      journal.add(user + USER.members, 1);
      return user;
    }
    user = this.#memory.allocate(USER.key + wordsFor(name.length));
    if (user === 0) return 0;
    this.#words[user + USER.members] = 1;
    table.insert(user, hash, key);
    journal.add(channel + CHANNEL.users, 1);
    return user;
  }

  /** Removes a member, and its user with its last member; commits. */
  #remove(member: number, announced: boolean): void {
    const { table, journal, bytes } = this.#memory;
    const words = this.#words;
    const channel = words[member + MEMBER.channel]!;
    if (announced && this.#directory.isHeard(channel)) {
      const start = table.keyStart(member) + table.keyLength(member);
      const info = bytes.slice(start, start + words[member + MEMBER.infoLength]!);
      // Without a free block the leaving stays unannounced: members must go even from a full store.
      if (this.#announce(ENTRY_KIND.leave, channel, info)) this.#bells.markSubscribers(channel);
    }
    const newer = words[member + MEMBER.newer]!;
    const older = words[member + MEMBER.older]!;
    journal.set(newer === 0 ? channel + CHANNEL.firstMember : newer + MEMBER.older, older);
    if (older !== 0) journal.set(older + MEMBER.newer, newer);
    journal.add(channel + CHANNEL.members, -1);
    journal.add(STATE.members, -1);
    this.#directory.touch(channel);
    const user = words[member + MEMBER.user]!;
    const left = words[user + USER.members]! - 1;
    journal.set(user + USER.members, left);
    table.remove(member);
    if (left === 0) {
      table.remove(user);
      journal.add(channel + CHANNEL.users, -1);
      this.#memory.release(user);
    }
    this.#memory.release(member);
    journal.commit();
  }

  /** Enters the message that a member joined or left in the feed; part of a transaction, before anything is freed. */
  #announce(kind: EntryKind, channel: number, info: Uint8Array): boolean {
    const epoch = this.#words[channel + NODE.epoch]!;
    const entry = { kind, epoch, offset: 0, expires: 0, fields: NO_BYTES, data: info };
    const record = writeEntry(this.#memory, entry);
    if (record !== 0) this.#feed.append(record);
    return record !== 0;
  }

  #makeFeedRoom(announced: boolean, infoLength: number): void {
    if (announced) this.#feed.makeRoom(publicationWords(infoLength) + BLOCK_EXTRA_WORDS);
  }

  #wordsOf(member: number): number {
    const { table } = this.#memory;
    const bytes = table.keyLength(member) + this.#words[member + MEMBER.infoLength]!;
    return table.fixedWords(NODE_KIND.member) + wordsFor(bytes);
  }

  #key(channel: number, kind: typeof NODE_KIND.member | typeof NODE_KIND.user, key: Uint8Array) {
    const nodeKey: NodeKey = { kind, epoch: this.#words[channel + NODE.epoch]!, key };
    return nodeKey;
  }
}
