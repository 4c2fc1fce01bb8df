/**
 * The publications of one channel that wait for the end of an interval, in which a newer one takes the place of an older one with the
 * same key.
 *
 * In: publications in their order. Out: those that are left, in the order of their offsets, when the interval is over. The first one after a
 * pause is passed on at once, and begins an interval. What has no key waits too, so that the order stays, and nothing takes its place.
 * What waits is bounded for a channel, and for all channels of a worker: if it is more, the interval ends early, and nothing is lost.
 */

import { Entry } from "../../channels/mod.ts";
import { copyEntry } from "./entry_copy.ts";

/** Publications that wait in one channel, and their bytes. */
const MOST_ENTRIES = 4096;
const MOST_BYTES = 1024 * 1024;
/** Bytes that wait in all channels of a worker. */
const MOST_TOGETHER = 32 * 1024 * 1024;
/** What a publication takes beside its bytes, about. */
const ENTRY_BYTES = 200;

/** Which publications are merged, and what is told about it. */
export interface ConflationRules {
  /** Milliseconds of an interval in a channel; 0: all of its publications are passed on at once. */
  intervalOf(name: string): number;
  /** What stands for the same thing; undefined: a publication has no such key. */
  keyOf(entry: Entry): string | undefined;
  /** Milliseconds of the loop's clock, now. */
  now(): number;
  /** A newer publication has taken the place of another one. */
  merged(): void;
  /** An interval has ended early, as too much waited. */
  endedEarly(): void;
}

/** What waits in all channels of a worker. */
export interface ConflationTotal {
  bytes: number;
}

/** What waits in one channel. */
export class Conflation {
  /** When the interval is over, in the loop's milliseconds. */
  endsAt = -Infinity;
  readonly #interval: number;
  readonly #rules: ConflationRules;
  readonly #total: ConflationTotal;
  /** By key; what has none, by a number. Deleted and entered again, the newest one is the last. */
  readonly #held = new Map<string | number, Entry>();
  #bytes = 0;
  #lastNumber = 0;

  constructor(interval: number, rules: ConflationRules, total: ConflationTotal) {
    this.#interval = interval;
    this.#rules = rules;
    this.#total = total;
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** The offset of a publication before which nothing waits; undefined: no publication with an offset does. */
  get firstOffset(): number | undefined {
    for (const { offset } of this.#held.values()) if (offset > 0) return offset;
    return undefined;
  }

  /** Keeps a publication. Returns whether what waits must be taken at once. */
  hold(entry: Entry): boolean {
    const key = this.#rules.keyOf(entry) ?? ++this.#lastNumber;
    const older = this.#held.get(key);
    if (older !== undefined) {
      this.#held.delete(key);
      this.#count(-sizeOf(older));
      this.#rules.merged();
    }
    const kept = copyEntry(older ?? new Entry(), entry);
    this.#held.set(key, kept);
    this.#count(sizeOf(kept));
    const isFull = this.#held.size >= MOST_ENTRIES || this.#bytes >= MOST_BYTES ||
      this.#total.bytes >= MOST_TOGETHER;
    if (isFull) this.#rules.endedEarly();
    return isFull;
  }

  /** Takes what waits, if it is time or `isForced`; the next interval begins. */
  take(isForced = false): readonly Entry[] {
    if (this.isEmpty) return [];
    const now = this.#rules.now();
    if (!isForced && now < this.endsAt) return [];
    this.endsAt = now + this.#interval;
    const entries = [...this.#held.values()];
    this.clear();
    return entries;
  }

  /** Nobody is to get what waits. */
  clear(): void {
    this.#held.clear();
    this.#count(-this.#bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#total.bytes += bytes;
  }
}

function sizeOf({ bytes }: Entry): number {
  return bytes.length + ENTRY_BYTES;
}
