/**
 * A part of a channel's history, out of the records that the stream holds, oldest first.
 *
 * In: the newest record, which says what the history shows, and the records one after another. Out: entries, as the query asks for them. Holds
 * no more of them than one answer has.
 */
import type { EngineEntry, EngineRangeQuery } from "../driver.ts";
import type { StoredMessage } from "./nats_link.ts";
import { type ChannelRecord, decodeRecord } from "./records.ts";

/** The most bytes of one page of a history. */
const PAGE_BYTES = 2 ** 20;

/** Collects. */
export class HistoryPage {
  /** In the order in which they were stored. */
  readonly #entries: EngineEntry[] = [];
  readonly #newest: ChannelRecord;
  readonly #query: EngineRangeQuery;
  readonly #now: number;
  readonly #first: number;
  readonly #last: number;
  #bytes = 0;
  #hasMore = false;

  /** @param now milliseconds since 1970 */
  constructor(newest: ChannelRecord, query: EngineRangeQuery, now: number) {
    this.#newest = newest;
    this.#query = query;
    this.#now = now;
    const { from, reverse = false } = query;
    this.#first = Math.max(newest.first, reverse ? 0 : from ?? 0);
    this.#last = Math.min(newest.offset, reverse ? from ?? Infinity : Infinity);
  }

  /** Whether no record can belong to it. */
  get isEmpty(): boolean {
    return this.#first > this.#last;
  }

  /** Takes the next record. Returns false if the page is full. */
  add({ data, time }: StoredMessage): boolean {
    const record = decodeRecord(data);
    if (record?.kind !== "p" || record.epoch !== this.#newest.epoch) return true;
    if (record.offset < this.#first) return true;
    if (record.offset > this.#last) return false;
    const expiresAt = time + record.historyTtlMs;
    if (expiresAt <= this.#now && this.#query.reverse === true) {
      // Backwards, the history ends with the first that has expired.
      this.#entries.length = this.#bytes = 0;
      this.#hasMore = false;
      return true;
    }
    if (expiresAt <= this.#now && this.#entries.length === 0) return true;
    return this.#take(record, expiresAt);
  }

  /** What there is. */
  result(): { readonly entries: readonly EngineEntry[]; readonly hasMore: boolean } {
    const entries = this.#query.reverse === true ? this.#entries.toReversed() : this.#entries;
    return { entries, hasMore: this.#hasMore };
  }

  #take({ offset, tag, form, fields, data }: ChannelRecord, expiresAt: number): boolean {
    const entry = { offset, tag, form, fields, data, expiresAt };
    const entries = this.#entries;
    const isForward = this.#query.reverse !== true;
    const isFull = entries.length >= this.#query.limit || this.#bytes + sizeOf(entry) > PAGE_BYTES;
    if (isFull && isForward && entries.length > 0) {
      this.#hasMore = true;
      return false;
    }
    entries.push(entry);
    this.#bytes += sizeOf(entry);
    while (entries.length > 1 && !isForward && this.#isOver) {
      this.#bytes -= sizeOf(entries.shift()!);
      this.#hasMore = true;
    }
    return true;
  }

  get #isOver(): boolean {
    return this.#entries.length > this.#query.limit || this.#bytes > PAGE_BYTES;
  }
}

function sizeOf({ fields, data }: EngineEntry): number {
  return fields.length + data.length;
}
