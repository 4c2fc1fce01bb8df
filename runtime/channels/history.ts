/**
 * The history of a channel: a list of its newest publications, oldest first to go, by number, by age, or for room.
 *
 * In: the channel, under the lock. Out: publications that are linked, removed, or copied in order of their offsets. The
 * offsets in a history have no hole: if publications are not kept, the history before them is removed.
 */
import { STATE } from "./layout.ts";
import { isOwnChannel } from "./own_channel.ts";
import { CHANNEL, IN_FEED, IN_HISTORY, PUBLICATION, readWide, storedWords } from "./records.ts";
import type { RecordBuffer } from "./record_buffer.ts";
import type { StoreMemory } from "./store_memory.ts";

/** The most publications that one holding of the lock copies or removes. */
export const SLICE = 128;
/** The most words that one holding of the lock copies. */
const SLICE_WORDS = 16 * 1024;

/** The histories of all channels. */
export class History {
  readonly #memory: StoreMemory;
  readonly #words: Int32Array;

  /** @param memory the store's memory */
  constructor(memory: StoreMemory) {
    this.#memory = memory;
    this.#words = memory.words;
  }

  /** Adds a record that this transaction has allocated, as the newest; the caller has checked the budget. */
  link(channel: number, record: number): void {
    const words = this.#words;
    const { journal, heap } = this.#memory;
    const newest = words[channel + CHANNEL.newest]!;
    words[record + PUBLICATION.older] = newest;
    words[record + PUBLICATION.newer] = 0;
    words[record + PUBLICATION.flags] = words[record + PUBLICATION.flags]! | IN_HISTORY;
    journal.set(newest === 0 ? channel + CHANNEL.oldest : newest + PUBLICATION.newer, record);
    journal.set(channel + CHANNEL.newest, record);
    this.#account(channel, heap.wordsOf(record), 1);
    const largest = words[STATE.largest]!;
    if (largest !== channel && this.isLarger(channel, largest)) journal.set(STATE.largest, channel);
  }

  /** Whether a channel has more history than another one, or there is no other (0). */
  isLarger(channel: number, than: number): boolean {
    return than === 0 || this.#words[channel + CHANNEL.words]! > this.#words[than + CHANNEL.words]!;
  }

  /** Removes the oldest publication of a history that is not empty; commits. */
  trimOldest(channel: number): void {
    const words = this.#words;
    const { journal, heap } = this.#memory;
    const record = words[channel + CHANNEL.oldest]!;
    const next = words[record + PUBLICATION.newer]!;
    journal.set(channel + CHANNEL.oldest, next);
    journal.set(next === 0 ? channel + CHANNEL.newest : next + PUBLICATION.older, 0);
    this.#account(channel, -heap.wordsOf(record), -1);
    const flags = words[record + PUBLICATION.flags]! & ~IN_HISTORY;
    if ((flags & IN_FEED) === 0) heap.free(record);
    else journal.set(record + PUBLICATION.flags, flags);
    journal.commit();
  }

  /** Removes the oldest publications until `size` are left, at most `limit` of them; commits. */
  trimTo(channel: number, size: number, limit: number): void {
    for (let i = 0; i < limit && this.#words[channel + CHANNEL.count]! > size; i++) {
      this.trimOldest(channel);
    }
  }

  /** Removes up to {@link SLICE} publications that are too old; commits. Returns whether more may be left. */
  expire(channel: number): boolean {
    const words = this.#words;
    for (let i = 0; i < SLICE; i++) {
      const record = words[channel + CHANNEL.oldest]!;
      if (record === 0 || !this.#memory.isPast(words[record + PUBLICATION.expires]!)) return false;
      this.trimOldest(channel);
    }
    return true;
  }

  /** The offset of the channel's latest publication, 0 if it had none. */
  offsetOf(channel: number): number {
    return readWide(this.#words, channel + CHANNEL.offset);
  }

  /** The offset of the oldest publication in the history, or 0. */
  oldestOffset(channel: number): number {
    return this.#offsetAt(this.#words[channel + CHANNEL.oldest]!);
  }

  /** The offset of the newest publication in the history, or 0. */
  newestOffset(channel: number): number {
    return this.#offsetAt(this.#words[channel + CHANNEL.newest]!);
  }

  /**
   * Copies publications from offset `from` on, upwards or downwards, to `into`, as many as one holding of the lock may.
   *
   * @returns how many, at most `most`
   */
  copy(channel: number, range: { from: number; most: number; down: boolean }, into: RecordBuffer) {
    const words = this.#words;
    const step = range.down ? PUBLICATION.older : PUBLICATION.newer;
    let record = this.#at(channel, range.from);
    let copied = 0;
    let copiedWords = 0;
    while (record !== 0 && copied < range.most && copied < SLICE && copiedWords < SLICE_WORDS) {
      const count = storedWords(words, record);
      into.append(words, record, count);
      copied++;
      copiedWords += count;
      record = words[record + step]!;
    }
    return copied;
  }

  /** The publication of this offset, or 0; found from the nearer end. */
  #at(channel: number, offset: number): number {
    const words = this.#words;
    const newest = this.newestOffset(channel);
    const oldest = this.oldestOffset(channel);
    if (offset < oldest || offset > newest) return 0;
    if (newest - offset < offset - oldest) {
      let record = words[channel + CHANNEL.newest]!;
      for (let i = newest; i > offset; i--) record = words[record + PUBLICATION.older]!;
      return record;
    }
    let record = words[channel + CHANNEL.oldest]!;
    for (let i = oldest; i < offset; i++) record = words[record + PUBLICATION.newer]!;
    return record;
  }

  #offsetAt(record: number): number {
    return record === 0 ? 0 : readWide(this.#words, record + PUBLICATION.offset);
  }

  #account(channel: number, words: number, count: number): void {
    const { journal } = this.#memory;
    journal.add(channel + CHANNEL.count, count);
    journal.add(channel + CHANNEL.words, words);
    journal.add(STATE.usedWords, words);
    journal.add(STATE.publications, count);
    if (isOwnChannel(this.#memory, channel)) journal.add(STATE.ownPublications, count);
  }
}
