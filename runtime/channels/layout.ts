/**
 * The layout of the SharedArrayBuffer that holds all channels.
 *
 * In: the total size and the number of workers. Out: where each block begins, as indexes of 32-bit words. The
 * records inside of the heap are in records.ts; the algorithms are in the other files.
 *
 * ```text
 * word 12  header        32 words    magic, dimensions, hash key, random part of the epochs: written once
 *      44  lock          32 words    see lock.ts
 *      76  tail          32 words    feed: the number of the next entry, for readers
 *     108  head          32 words    feed: the number of the oldest entry that readers may trust
 *     140  state         32 words    what the holder of the lock reads and writes
 *     172  generations   288 words   one word per writer, see lock.ts
 *     460  bells         32 × workers        pending, seen, behind: see bells.ts, feed_reader.ts
 *          journal       1 + 2 × 1024        see journal.ts
 *          heap control  443                 see heap.ts
 *          buckets       a power of two      see node_table.ts
 *          slots         2 × a power of two  see feed.ts
 *          heap          the rest
 * ```
 */

/** Words before the header: see ORIGIN_BYTES of ring/layout.ts for why the blocks are aligned so. */
const ORIGIN = 12;
/** Words of a pair of cache lines: data of different threads is that far apart. */
export const PAIR = 32;

/** Identifies the memory as ours: `ADCH` in ASCII. */
export const MAGIC = 0x41444348;

/**
 * The format of the memory, which another process may go on with: it becomes another one whenever this file, the records or the heap
 * change.
 */
export const LAYOUT_FORMAT = 1;

/** Words that are written once, when the memory is created. */
export const HEADER = {
  magic: ORIGIN,
  /** The size in bytes, an unsigned number. */
  bytes: ORIGIN + 1,
  workers: ORIGIN + 2,
  /** Two words: the secret key of the hash table. */
  hashKey: ORIGIN + 3,
  /** The random part of every epoch of this store. */
  epochBase: ORIGIN + 5,
  /** Four words: a secret that the threads share; see `ChannelStore.sharedKey`. */
  sharedKey: ORIGIN + 6,
  /** 1: the channels of clients are copies of those of an engine; see followed.ts. */
  engine: ORIGIN + 10,
  /** {@link LAYOUT_FORMAT} of the server that has created it. */
  format: ORIGIN + 11,
} as const;

/** The lock's word. */
export const LOCK = ORIGIN + PAIR;
/** The feed's tail, for readers. */
export const TAIL = LOCK + PAIR;
/** The feed's head, for readers. */
export const HEAD = TAIL + PAIR;

const STATE_AT = HEAD + PAIR;
/** Words that only the holder of the lock reads and writes. */
export const STATE = {
  /** Number of the next feed entry. */
  feedNext: STATE_AT,
  /** Number of the oldest feed entry that is not yet released. */
  feedReleased: STATE_AT + 1,
  /** Words of the heap that are allocated, without publications that only the feed holds. */
  usedWords: STATE_AT + 2,
  /** Words of the publications in the feed. */
  feedWords: STATE_AT + 3,
  /** The latest time that any thread has seen, in ticks. */
  tick: STATE_AT + 4,
  /** The part of the epoch that the latest channel got. */
  lastEpoch: STATE_AT + 5,
  /** The bucket at which the sweep continues. */
  sweepBucket: STATE_AT + 6,
  /** The channel that held the most history when it last grew, or 0. */
  largest: STATE_AT + 7,
  channels: STATE_AT + 8,
  members: STATE_AT + 9,
  keys: STATE_AT + 10,
  /** Publications in histories. */
  publications: STATE_AT + 11,
  /** Publications removed before their time to make room for others. */
  evicted: STATE_AT + 12,
  /** Operations that the full store refused. */
  refused: STATE_AT + 13,
  /** Transactions of dead threads that were rolled back. */
  rolledBack: STATE_AT + 14,
  /** Of `channels`, those whose names no client can have: the server's own. */
  ownChannels: STATE_AT + 15,
  /** Of `publications`, those in them. */
  ownPublications: STATE_AT + 16,
  /** Of `channels`, those that are followed; see followed.ts. */
  followed: STATE_AT + 17,
  /** Words of token buckets. */
  rateWords: STATE_AT + 18,
  /** See {@link SEAL}. */
  sealed: STATE_AT + 19,
  /** Number of the first feed entry of this process: those before are of the one that had the channels before. */
  movedAt: STATE_AT + 20,
} as const;

/** Whether anything changes here: `given`: no, another process goes on with the channels; `awaiting`: no, it is about to give its own. */
export const SEAL = { open: 0, given: 1, awaiting: 2 } as const;

/** The generation of writer `w` is at `GENERATIONS + w`. */
export const GENERATIONS = STATE_AT + PAIR;
/** The maximum number of workers. */
export const MAX_WORKERS = 256;
const GENERATION_WORDS = MAX_WORKERS + PAIR;

const BELLS_AT = GENERATIONS + GENERATION_WORDS;
/** Words of one worker's pair of lines, from its start. `behind`: 1 while the worker goes on reading without being rung. */
export const BELL = { pending: 0, seen: 1, behind: 2 } as const;

/** Entries of the journal: about six times what the longest transaction needs. */
export const JOURNAL_ENTRIES = 1024;
const JOURNAL_WORDS = 1 + 2 * JOURNAL_ENTRIES;

/** First-level size classes of the heap; see heap.ts. */
export const HEAP_LEVELS = 26;
/** Size classes within each first-level class. */
export const HEAP_STEPS = 16;
const HEAP_CONTROL_WORDS = 1 + HEAP_LEVELS + HEAP_LEVELS * HEAP_STEPS;

/** Words of a slot of the feed: the address of the record, and the channel's epoch. */
export const SLOT_WORDS = 2;

/** The smallest store, in bytes. */
export const MIN_BYTES = 64 * 1024;
/** The largest store, in bytes. */
export const MAX_BYTES = 2 ** 31;

/** The word at which each block begins, and the sizes that follow from the total. */
export interface ChannelLayout {
  readonly workers: number;
  readonly words: number;
  readonly bells: number;
  readonly journal: number;
  readonly heapControl: number;
  readonly buckets: number;
  /** How many buckets there are, a power of two. */
  readonly bucketCount: number;
  readonly slots: number;
  /** How many slots there are, a power of two. */
  readonly slotCount: number;
  readonly heap: number;
  /** Words that the publications in the feed may take. */
  readonly feedWords: number;
  /** Words that everything else in the heap may take. */
  readonly usableWords: number;
}

/** Computes the layout for a valid size. */
export function channelLayout(bytes: number, workers: number): ChannelLayout {
  const words = Math.floor(bytes / 4);
  const journal = BELLS_AT + workers * PAIR;
  const heapControl = journal + JOURNAL_WORDS;
  const buckets = heapControl + HEAP_CONTROL_WORDS;
  const bucketCount = powerOfTwoUpTo(bytes / 512);
  const slots = buckets + bucketCount;
  const slotCount = powerOfTwoUpTo(bytes / 1024);
  const heap = even(slots + slotCount * SLOT_WORDS);
  const heapWords = words - heap;
  const feedWords = Math.floor(heapWords / 8);
  // The rest is slack: with free blocks between used ones, a store filled with publications of 0 to 60 KB found a
  // block for each of 150,000; with a quarter of it, it did not for 31 (tests/runtime/channels/room_test.ts).
  const usableWords = heapWords - feedWords - Math.floor(heapWords / 16);
  return {
    workers,
    words,
    bells: BELLS_AT,
    journal,
    heapControl,
    buckets,
    bucketCount,
    slots,
    slotCount,
    heap,
    feedWords,
    usableWords,
  };
}

function powerOfTwoUpTo(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

function even(words: number): number {
  return words + (words & 1);
}
