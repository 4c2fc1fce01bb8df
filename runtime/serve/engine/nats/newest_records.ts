/**
 * The newest record of channels that this node uses, so that a publication need not read it first.
 *
 * In: records that this node has written, or that were delivered to it. Out: the newest one that is known. It may be old: JetStream
 * refuses what was made for it then. Holds {@link MOST} channels.
 */
import type { ReadRecord } from "./channel_log.ts";

const MOST = 10_000;

/** The records. */
export class NewestRecords {
  /** Those that were used last are at the end. */
  readonly #records = new Map<string, ReadRecord>();

  get(channel: string): ReadRecord | undefined {
    return this.#records.get(channel);
  }

  /** This is the newest one. */
  set(channel: string, read: ReadRecord): void {
    const known = this.#records.get(channel);
    if (known !== undefined && known.sequence > read.sequence) return;
    this.#records.delete(channel);
    this.#records.set(channel, read);
    if (this.#records.size <= MOST) return;
    for (const oldest of this.#records.keys()) {
      this.#records.delete(oldest);
      return;
    }
  }

  /** A record was delivered: it is of use only for a channel in which this node publishes. */
  arrived(channel: string, read: ReadRecord): void {
    if (this.#records.has(channel)) this.set(channel, read);
  }

  delete(channel: string): void {
    this.#records.delete(channel);
  }

  clear(): void {
    this.#records.clear();
  }
}
