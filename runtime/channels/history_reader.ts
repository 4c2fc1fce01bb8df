/**
 * Reads histories for subscribers and for the API, in slices, beside writers.
 *
 * In: a channel's name and a position. Out: publications to a sink, after all of them are copied. Each slice holds the lock
 * for some microseconds; in between, the channel may go on. A recovery is either everything behind the position up to the
 * newest publication at its end, or nothing: if the next offset is gone when its slice comes, it is unrecoverable.
 */
import type { ChannelDirectory, HashedName } from "./channel_directory.ts";
import type { Guard } from "./guard.ts";
import type { History } from "./history.ts";
import { type EntrySink, type RecordBuffer, RecordBuffers } from "./record_buffer.ts";

/** A position in a channel. */
export interface Position {
  readonly offset: number;
  /** The channel's epoch; undefined: whichever it has. */
  readonly epoch?: number | undefined;
}

/** The bounds of what one call returns. */
export interface ReadBounds {
  /** The most publications. */
  readonly limit: number;
  /** The most bytes that they take in memory. */
  readonly maxBytes: number;
}

/** What a call read. */
export interface ReadResult {
  /**
   * - `read`: the sink got the publications.
   * - `unrecoverable`: the sink got none, because some behind the position are gone, are more than the bounds
   *   allow, or belong to another epoch. A page that is longer than its bytes allow ends there instead.
   * - `missing`: there is no such channel. `busy`: the store was locked for too long; temporary.
   */
  readonly status: "read" | "unrecoverable" | "missing" | "busy";
  /** The offset of the channel's latest publication when the reading ended. */
  readonly offset: number;
  /** The channel's epoch, or 0. */
  readonly epoch: number;
  /** A page ended at the bound of its bytes: there is more, or even the first publication is longer. */
  readonly isCut?: boolean;
  /** Everything behind the position is there, or was so far, and is more than this bound of a recovery allows. */
  readonly exceeds?: "limit" | "maxBytes";
}

/** A page of a history. */
export interface HistoryQuery extends ReadBounds {
  /** Only publications behind this position, or before it if `reverse`. */
  readonly since?: Position;
  /** Newest first. */
  readonly reverse?: boolean;
}

const BUSY: ReadResult = { status: "busy", offset: 0, epoch: 0 };
const MISSING: ReadResult = { status: "missing", offset: 0, epoch: 0 };

/** What is left to copy; both ends are included. */
interface Plan {
  from: number;
  to: number;
  down: boolean;
}

/** Reads histories. */
export class HistoryReader {
  readonly #guard: Guard;
  readonly #directory: ChannelDirectory;
  readonly #history: History;
  readonly #buffers = new RecordBuffers();

  /** @param on what it works on */
  constructor(on: { guard: Guard; directory: ChannelDirectory; history: History }) {
    this.#guard = on.guard;
    this.#directory = on.directory;
    this.#history = on.history;
  }

  /** Passes everything behind a position to `sink`, or nothing; see {@link ReadResult}. */
  recover(name: HashedName, since: Position, bounds: ReadBounds, sink: EntrySink): ReadResult {
    const plan = (channel: number): Plan | undefined => {
      const newest = this.#history.offsetOf(channel);
      if (since.offset > newest) return undefined;
      return { from: since.offset + 1, to: newest, down: false };
    };
    return this.#buffers.with((buffer) =>
      this.#read(name, { since, plan, bounds, follow: true, buffer }, sink)
    );
  }

  /** Passes a page of the history to `sink`, at most `limit` publications, and as many of them as `maxBytes` have room for. */
  history(name: HashedName, query: HistoryQuery, sink: EntrySink): ReadResult {
    const { since, reverse = false, limit } = query;
    const plan = (channel: number): Plan | undefined => {
      const oldest = this.#history.oldestOffset(channel);
      const newest = this.#history.newestOffset(channel);
      const isEmpty = newest === 0;
      // It has left behind what a page from there begins with, as it has if others are left.
      const isGone = isEmpty && !reverse && limit > 0 && since !== undefined &&
        since.offset < this.#history.offsetOf(channel);
      if (isGone) return undefined;
      if (isEmpty || limit === 0) return { from: 1, to: 0, down: false };
      if (reverse) {
        const from = since === undefined ? newest : Math.min(newest, since.offset - 1);
        return { from, to: Math.max(oldest, from - limit + 1), down: true };
      }
      const from = since === undefined ? oldest : since.offset + 1;
      return { from, to: Math.min(newest, from + limit - 1), down: false };
    };
    const bounds = { limit, maxBytes: query.maxBytes };
    return this.#buffers.with((buffer) =>
      this.#read(name, { since, plan, bounds, follow: false, buffer }, sink)
    );
  }

  #read(
    name: HashedName,
    what: {
      since: Position | undefined;
      plan: (channel: number) => Plan | undefined;
      bounds: ReadBounds;
      /** Whether to go on to what is published while this reads, and to read all or nothing; else it is a page. */
      follow: boolean;
      /** Where the publications are copied to. */
      buffer: RecordBuffer;
    },
    sink: EntrySink,
  ): ReadResult {
    const { buffer } = what;
    let plan: Plan | undefined;
    let epoch = what.since?.epoch;
    let isCut = false;
    for (;;) {
      if (!this.#guard.begin()) return BUSY;
      let offset = 0;
      let done = false;
      try {
        const channel = this.#directory.find(name);
        if (channel === 0) return epoch === undefined ? MISSING : unrecoverable(MISSING);
        const expired = this.#history.expire(channel);
        const found = this.#directory.epochOf(channel);
        offset = this.#history.offsetOf(channel);
        const here: ReadResult = { status: "read", offset, epoch: found };
        if (epoch !== undefined && epoch !== found) return unrecoverable(here);
        epoch = found;
        // A long history that has expired is removed in slices too.
        if (expired) continue;
        if (plan === undefined || what.follow) {
          const fresh = what.plan(channel);
          if (fresh === undefined) return unrecoverable(here);
          plan = { ...fresh, from: plan?.from ?? fresh.from };
        }
        done = this.#copySlice(channel, plan, buffer);
        if (!done && this.#isLost(channel, plan)) {
          if (!plan.down) return unrecoverable(here);
          // A page from the newest down ends where the history does.
          done = true;
        }
        const tooMany = buffer.count + (done ? 0 : remaining(plan)) > what.bounds.limit;
        if (!what.follow && buffer.shorten(what.bounds.maxBytes / 4)) {
          done = isCut = true;
          if (buffer.count === 0) return { ...here, status: "unrecoverable", isCut };
        } else if (tooMany) {
          return { ...unrecoverable(here), exceeds: "limit" };
        } else if (buffer.lengthWords * 4 > what.bounds.maxBytes) {
          return { ...unrecoverable(here), exceeds: "maxBytes" };
        }
      } finally {
        this.#guard.end();
      }
      if (!done) continue;
      buffer.deliver(sink);
      return isCut ? { status: "read", offset, epoch, isCut } : { status: "read", offset, epoch };
    }
  }

  /** Copies the next slice; returns whether the plan is done. */
  #copySlice(channel: number, plan: Plan, buffer: RecordBuffer): boolean {
    const range = { from: plan.from, most: remaining(plan), down: plan.down };
    const copied = this.#history.copy(channel, range, buffer);
    plan.from += plan.down ? -copied : copied;
    return remaining(plan) === 0;
  }

  /** Whether the next offset of the plan is not in the history. */
  #isLost(channel: number, { from }: Plan): boolean {
    return from < this.#history.oldestOffset(channel) || from > this.#history.newestOffset(channel);
  }
}

function remaining({ from, to, down }: Plan): number {
  return Math.max(0, (down ? from - to : to - from) + 1);
}

function unrecoverable({ offset, epoch }: ReadResult): ReadResult {
  return { status: "unrecoverable", offset, epoch };
}
