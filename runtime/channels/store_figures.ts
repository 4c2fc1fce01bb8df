/**
 * Counts for metrics: what the channels hold, what was refused, how far workers are behind.
 *
 * In: the store's memory. Out: counts, read without the lock: each is right, but they may be of slightly different times.
 */
import { BELL, PAIR, STATE, TAIL } from "./layout.ts";
import type { StoreMemory } from "./store_memory.ts";

/** The figures of the whole store. */
export interface StoreFigures {
  readonly channels: number;
  /** Of these, the server's own: their names are not UTF-8. */
  readonly ownChannels: number;
  readonly members: number;
  readonly idempotencyKeys: number;
  /** Publications in histories. */
  readonly publications: number;
  /** Of these, the messages of the server itself. */
  readonly ownPublications: number;
  /** Bytes that channels, members, keys and histories take, and that they may take. */
  readonly usedBytes: number;
  readonly usableBytes: number;
  /** Bytes that the entries of the feed take, and that they may take. */
  readonly feedBytes: number;
  readonly feedUsableBytes: number;
  /** Publications that gave way before their time to make room. */
  readonly evicted: number;
  /** Operations that found no room. */
  readonly refused: number;
  /** Unfinished operations of dead threads that were taken back. */
  readonly rolledBack: number;
  /** By worker: entries of the feed that it has to read; none if no subscriber of it gets any of them. */
  readonly unread: readonly number[];
}

/** Reads the figures. */
export function storeFigures({ words, layout }: StoreMemory): StoreFigures {
  const read = (index: number) => Atomics.load(words, index);
  const tail = read(TAIL);
  return {
    channels: read(STATE.channels),
    ownChannels: read(STATE.ownChannels),
    members: read(STATE.members),
    idempotencyKeys: read(STATE.keys),
    publications: read(STATE.publications),
    ownPublications: read(STATE.ownPublications),
    usedBytes: read(STATE.usedWords) * 4,
    usableBytes: layout.usableWords * 4,
    feedBytes: read(STATE.feedWords) * 4,
    feedUsableBytes: layout.feedWords * 4,
    evicted: read(STATE.evicted) >>> 0,
    refused: read(STATE.refused) >>> 0,
    rolledBack: read(STATE.rolledBack) >>> 0,
    unread: Array.from({ length: layout.workers }, (_, worker) => {
      const bell = layout.bells + worker * PAIR;
      // A worker that nobody has rung sleeps, and does not count what is not for it as seen.
      const hasToRead = read(bell + BELL.pending) !== 0 || read(bell + BELL.behind) !== 0;
      return hasToRead ? (tail - read(bell + BELL.seen)) | 0 : 0;
    }),
  };
}
