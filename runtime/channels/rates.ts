/**
 * Token buckets that all threads share: who does something more often than is allowed is told so, on whichever worker.
 *
 * In: buckets by their keys, each with its size. Out: whether each of them had a token, which then is taken from all; otherwise none is.
 * Called only by the holder of the lock.
 *
 * A bucket is one moment: the one at which it is full again. Each token moves it on by the time of one token; what it may be ahead of the
 * clock is the time of all tokens (the generic cell rate algorithm, which admits exactly what a token bucket does). A bucket whose
 * moment has passed is full, as one that does not exist: it is swept, and nothing is lost by that. So there are no more buckets than
 * were used lately, and all together have a part of the memory.
 */
import { STATE } from "./layout.ts";
import type { NodeKey } from "./node_table.ts";
import { NODE_KIND, RATE, readWide, upperWord, wordsFor } from "./records.ts";
import type { Room } from "./room.ts";
import type { StoreMemory } from "./store_memory.ts";

/** How often something may be done: so many times at once, and as often again in each `time`. */
export interface RateLimit {
  /** Tokens of a full bucket; at most a thousand for each millisecond of `time`. */
  readonly count: number;
  /** Milliseconds in which an empty bucket is full again. */
  readonly time: number;
}

/** A bucket from which a token is to be taken. */
export interface TokenBucket extends RateLimit {
  readonly key: Uint8Array;
}

/** Moments are kept in microseconds. */
const MICROSECONDS = 1000;
/** The part of the memory that all buckets may take. */
const SHARE = 1 / 16;

/**
 * The moment at which a bucket is full again if a token is taken from it; undefined if it has none.
 *
 * @param fullAt that moment before; 0, or any in the past: it is full
 * @param now both in microseconds
 */
export function takeToken(
  { count, time }: RateLimit,
  fullAt: number,
  now: number,
): number | undefined {
  const all = time * MICROSECONDS;
  // Rounded down, so that all tokens fit.
  const one = Math.floor(all / count);
  const next = Math.max(fullAt, now) + one;
  return next - now <= all ? next : undefined;
}

/** The clock in the unit of {@link takeToken}. */
export function microseconds(milliseconds: number): number {
  return Math.floor(milliseconds * MICROSECONDS);
}

/** The buckets of all limits. */
export class Rates {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
  }

  /**
   * Takes a token from each bucket, or from none: returns the first that has none. Commits.
   *
   * @param now milliseconds
   */
  take(buckets: readonly TokenBucket[], now: number, room: Room): "taken" | "full" | TokenBucket {
    const at = microseconds(now);
    let missing = 0;
    for (const bucket of buckets) {
      const node = this.#find(bucket);
      if (takeToken(bucket, this.#fullAt(node), at) === undefined) return bucket;
      // The heap adds a header, and rounds up.
      if (node === 0) missing += RATE.key + wordsFor(bucket.key.length) + 4;
    }
    if (missing > 0 && !this.#makeRoom(missing, room)) return "full";
    for (const bucket of buckets) {
      // What is full may have been swept to make room.
      const node = this.#find(bucket) || this.#create(bucket);
      if (node === 0) return "full";
      // There was one above, and time does not go back.
      this.#set(node, takeToken(bucket, this.#fullAt(node), at)!, at);
    }
    this.#memory.journal.commit();
    return "taken";
  }

  /** Whether a bucket is full, so that nobody needs to know it. */
  isExpired(node: number): boolean {
    return this.#memory.isPast(this.#words[node + RATE.expires]!);
  }

  /** Removes a bucket; commits. */
  remove(node: number): void {
    const { table, journal, heap } = this.#memory;
    journal.add(STATE.rateWords, -heap.wordsOf(node));
    table.remove(node);
    this.#memory.release(node);
    journal.commit();
  }

  #makeRoom(words: number, room: Room): boolean {
    const most = this.#memory.layout.usableWords * SHARE;
    const fits = () => this.#words[STATE.rateWords]! + words <= most;
    if (!fits()) room.expire();
    if (fits()) return room.make(0, words);
    room.refuse();
    return false;
  }

  /** When the bucket is full again; 0 if there is none. */
  #fullAt(node: number): number {
    return node === 0 ? 0 : readWide(this.#words, node + RATE.fullAt);
  }

  #find({ key }: TokenBucket): number {
    const { table } = this.#memory;
    const nodeKey = nodeKeyOf(key);
    return table.find(table.hash(nodeKey), nodeKey);
  }

  /** Enters a full bucket; 0 if there is no room in one piece. */
  #create({ key }: TokenBucket): number {
    const { table, journal, heap } = this.#memory;
    const node = this.#memory.allocate(RATE.key + wordsFor(key.length));
    if (node === 0) return 0;
    this.#words.fill(0, node + RATE.fullAt, node + RATE.key);
    const nodeKey = nodeKeyOf(key);
    table.insert(node, table.hash(nodeKey), nodeKey);
    journal.add(STATE.rateWords, heap.wordsOf(node));
    return node;
  }

  #set(node: number, fullAt: number, now: number): void {
    const { journal } = this.#memory;
    journal.set(node + RATE.fullAt, fullAt | 0);
    journal.set(node + RATE.fullAt + 1, upperWord(fullAt));
    journal.set(node + RATE.expires, this.#memory.tickAfter((fullAt - now) / MICROSECONDS));
  }
}

function nodeKeyOf(key: Uint8Array): NodeKey {
  return { kind: NODE_KIND.rate, epoch: 0, key };
}
