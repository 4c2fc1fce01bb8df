/**
 * Encodes a Fossil delta: the copies and inserts that make one document of the one before.
 *
 * In: two documents in UTF-8. Out: the delta, or undefined if it is not shorter than the document, or the documents are too long. What
 * both begin and end with is copied without a search. In between, each place of the new document is looked up among the blocks of the old
 * one; after a change that keeps the length, the old document is tried where it would go on. Clients take a delta as a string, so each
 * insert is whole characters.
 *
 * The time is proportional to the length for any input: a place has at most {@link MOST_TRIES} candidates, and what a candidate is compared with
 * is either copied or no longer than what is.
 */

import { BLOCK_BYTES, blockHash, BlockIndex, NO_BLOCK, rollHash } from "./block_index.ts";
import { deltaChecksum } from "./checksum.ts";
import { DeltaWriter, digitCount } from "./delta_writer.ts";

/** The longest document for which there is a delta: a longer one would keep a worker from its other connections for milliseconds. */
export const LONGEST_DELTA_DOCUMENT: number = 256 * 1024;

/** The most candidates for one place. */
const MOST_TRIES = 16;
/** A part that is shorter is inserted without a search. */
const SEARCHED_BYTES = 2 * BLOCK_BYTES;
/** A character has at most so many bytes behind its first one. */
const MOST_CONTINUATIONS = 3;
/** What a copy costs beside its two numbers: two marks, and the head of the insert that it divides. */
const COPY_COST = 2 + 3;

const INDEX = new BlockIndex();

/** The delta that makes `now` of `before`; undefined if it is not shorter than `now`. */
export function encodeDelta(
  before: Uint8Array,
  now: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  if (now.length === 0 || now.length > LONGEST_DELTA_DOCUMENT) return undefined;
  if (before.length > LONGEST_DELTA_DOCUMENT) return undefined;
  const out = new DeltaWriter(now.length - 1);
  out.begin(now.length);
  const start = commonStart(before, now);
  const end = now.length - commonEnd(before, now, start);
  if (start > 0) out.copy(start, 0);
  if (end - start < SEARCHED_BYTES || before.length < BLOCK_BYTES) out.insert(now, start, end);
  else new Search(before, now, out).encode(start, end);
  if (end < now.length) out.copy(now.length - end, before.length - (now.length - end));
  out.end(deltaChecksum(now));
  return out.result;
}

/** How many bytes both begin with, up to the end of a character; 0 if a copy would cost more. */
function commonStart(before: Uint8Array, now: Uint8Array): number {
  const most = Math.min(before.length, now.length);
  let count = 0;
  while (count < most && before[count] === now[count]) count++;
  count = Math.max(0, count - bytesSinceCharacter(now, count));
  return count > COPY_COST + digitCount(count) ? count : 0;
}

/** The same for the end; the first `start` bytes are not a part of it. */
function commonEnd(before: Uint8Array, now: Uint8Array, start: number): number {
  const most = Math.min(before.length, now.length) - start;
  let count = 0;
  while (
    count < most && before[before.length - 1 - count] === now[now.length - 1 - count]
  ) count++;
  count = Math.max(0, count - bytesToCharacter(now, now.length - count));
  const cost = COPY_COST + digitCount(count) + digitCount(before.length);
  return count > cost ? count : 0;
}

/** How many bytes before this place the character begins that it is in; RFC 3629 section 3. What is no UTF-8 has no characters. */
function bytesSinceCharacter(bytes: Uint8Array, at: number): number {
  let count = 0;
  while (count < MOST_CONTINUATIONS && isContinuation(bytes, at - count)) count++;
  return count;
}

/** How many bytes behind this place the next character begins. */
function bytesToCharacter(bytes: Uint8Array, at: number): number {
  let count = 0;
  while (count < MOST_CONTINUATIONS && isContinuation(bytes, at + count)) count++;
  return count;
}

function isContinuation(bytes: Uint8Array, at: number): boolean {
  return at < bytes.length && (bytes[at]! & 0xc0) === 0x80;
}

/** Looks for the middle of the new document in the old one. */
class Search {
  readonly #before: Uint8Array;
  readonly #now: Uint8Array;
  readonly #out: DeltaWriter;
  /** Everything up to here is written. */
  #written = 0;
  #end = 0;
  // The best match: so many bytes, here and there.
  #count = 0;
  #at = 0;
  #from = 0;
  #saved = 0;

  constructor(before: Uint8Array, now: Uint8Array, out: DeltaWriter) {
    this.#before = before;
    this.#now = now;
    this.#out = out;
  }

  /** Writes the commands for the bytes from `start` to `end`; the old document has the same in front of `start`. */
  encode(start: number, end: number): void {
    const now = this.#now;
    this.#written = start;
    this.#end = end;
    INDEX.enter(this.#before);
    /** Where the old document goes on, relative to the new one. */
    let shift = 0;
    let hash = 0;
    /** The place that `hash` is of; it rolls on from there. */
    let hashed = -1;
    for (let at = start; at < end && !this.#out.isFull;) {
      this.#saved = 0;
      this.#consider(at, at + shift);
      if (at + BLOCK_BYTES <= end) {
        hash = hashed === at - 1 && hashed >= 0
          ? rollHash(hash, now[at - 1]!, now[at + BLOCK_BYTES - 1]!)
          : blockHash(now, at);
        hashed = at;
        this.#look(at, hash);
      }
      if (this.#saved === 0) {
        at++;
        continue;
      }
      this.#out.insert(now, this.#written, this.#at);
      this.#out.copy(this.#count, this.#from);
      this.#written = at = this.#at + this.#count;
      shift = this.#from - this.#at;
    }
    this.#out.insert(now, this.#written, end);
    INDEX.trim();
  }

  #look(at: number, hash: number): void {
    let block = INDEX.first(hash);
    for (let i = 0; i < MOST_TRIES && block !== NO_BLOCK; i++) {
      this.#consider(at, block * BLOCK_BYTES);
      block = INDEX.next(block);
    }
  }

  /** Takes the match around these two places if it is the best one that saves bytes. */
  #consider(at: number, from: number): void {
    const before = this.#before;
    const now = this.#now;
    if (from < 0 || from >= before.length || before[from] !== now[at]) return;
    const mostForward = Math.min(this.#end - at, before.length - from);
    let forward = 1;
    while (forward < mostForward && before[from + forward] === now[at + forward]) forward++;
    const mostBack = Math.min(at - this.#written, from);
    let back = 0;
    while (back < mostBack && before[from - back - 1] === now[at - back - 1]) back++;
    const first = at - back + bytesToCharacter(now, at - back);
    const last = at + forward - bytesSinceCharacter(now, at + forward);
    const count = last - first;
    const place = from + first - at;
    const saved = count - COPY_COST - digitCount(count) - digitCount(place);
    if (saved <= this.#saved) return;
    this.#saved = saved;
    this.#count = count;
    this.#at = first;
    this.#from = place;
  }
}
