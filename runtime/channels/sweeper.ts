/**
 * Gives back the memory of what has expired: publications, idempotency keys, token buckets, and channels that nobody uses.
 *
 * In: how many buckets to visit. Out: fewer nodes. The place where the next step continues is in shared memory, so that any
 * thread may do one. Called only by the holder of the lock, between transactions; it commits after each removal.
 */
import type { ChannelDirectory } from "./channel_directory.ts";
import type { History } from "./history.ts";
import type { Idempotency } from "./idempotency.ts";
import { STATE } from "./layout.ts";
import type { Rates } from "./rates.ts";
import { NODE, NODE_KIND } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** How to sweep. */
export interface SweepRule {
  /** A channel without anything in it is removed after so many ticks without use. */
  readonly idleTicks: number;
  /** A channel that must not be removed, or 0. */
  readonly keep: number;
}

/** Removes what has expired. */
export class Sweeper {
  readonly #memory: StoreMemory;
  readonly #directory: ChannelDirectory;
  readonly #history: History;
  readonly #idempotency: Idempotency;
  readonly #rates: Rates;

  /** @param on what it works on */
  constructor(
    on: {
      memory: StoreMemory;
      directory: ChannelDirectory;
      history: History;
      idempotency: Idempotency;
      rates: Rates;
    },
  ) {
    this.#memory = on.memory;
    this.#directory = on.directory;
    this.#history = on.history;
    this.#idempotency = on.idempotency;
    this.#rates = on.rates;
  }

  /** Visits so many buckets. */
  step(buckets: number, rule: SweepRule): void {
    const { words, table } = this.#memory;
    for (let i = 0; i < buckets; i++) {
      const bucket = words[STATE.sweepBucket]!;
      while (this.#removeOne(bucket, rule));
      words[STATE.sweepBucket] = (bucket + 1) & (table.bucketCount - 1);
    }
  }

  /** Removes the first node of the bucket that may go. A removal may change the whole chain: begin again after it. */
  #removeOne(bucket: number, rule: SweepRule): boolean {
    const { words, table } = this.#memory;
    let node = table.first(bucket);
    for (; node !== 0; node = words[node + NODE.next]!) {
      const kind = table.kindOf(node);
      if (kind === NODE_KIND.idempotency && this.#idempotency.isExpired(node)) {
        this.#idempotency.remove(node);
        return true;
      }
      if (kind === NODE_KIND.rate && this.#rates.isExpired(node)) {
        this.#rates.remove(node);
        return true;
      }
      if (kind === NODE_KIND.channel && this.#sweepChannel(node, rule)) return true;
    }
    return false;
  }

  /** Trims the history; returns whether it removed the channel. */
  #sweepChannel(channel: number, { idleTicks, keep }: SweepRule): boolean {
    const { words } = this.#memory;
    this.#history.expire(channel);
    // The largest channel may have shrunk since it last grew.
    if (this.#history.isLarger(channel, words[STATE.largest]!)) words[STATE.largest] = channel;
    if (channel === keep || !this.#directory.isIdle(channel, idleTicks)) return false;
    this.#directory.remove(channel);
    return true;
  }
}
