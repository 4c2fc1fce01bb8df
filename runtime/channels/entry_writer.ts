/**
 * Writes new entries into the heap: publications, and messages that a client joined or left.
 *
 * In: the parts of an entry. Out: the address of its record, not yet in the feed or in a history, or 0 if no free block
 * is long enough. The bytes are stored once, fields and data in one piece. Called only by the holder of the lock.
 */
import {
  type EntryKind,
  formFlags,
  KIND_SHIFT,
  LENGTH_SHIFT,
  PUBLICATION,
  publicationWords,
  type PublishedForm,
  upperWord,
} from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

/** Up to this many bytes, a loop copies faster than `set` (tests/bench/ring_bench.ts). */
const SHORT_COPY = 48;

/** The parts of an entry. */
export interface EntryParts {
  readonly kind: EntryKind;
  /** Default: `json`. */
  readonly form?: PublishedForm;
  readonly epoch: number;
  readonly offset: number;
  readonly expires: number;
  readonly fields: Uint8Array;
  readonly data: Uint8Array;
}

/** Allocates a record and fills it in; 0 if there is no room. */
export function writeEntry(memory: StoreMemory, parts: EntryParts): number {
  const { words, bytes } = memory;
  const { fields, data, form = 0 } = parts;
  const record = memory.heap.allocate(publicationWords(fields.length + data.length));
  if (record === 0) return 0;
  words[record + PUBLICATION.flags] = (parts.kind << KIND_SHIFT) | formFlags(form) |
    (fields.length << LENGTH_SHIFT);
  words[record + PUBLICATION.dataLength] = data.length;
  words[record + PUBLICATION.epoch] = parts.epoch;
  words[record + PUBLICATION.offset] = parts.offset | 0;
  words[record + PUBLICATION.offset + 1] = upperWord(parts.offset);
  words[record + PUBLICATION.expires] = parts.expires;
  words[record + PUBLICATION.older] = 0;
  words[record + PUBLICATION.newer] = 0;
  words[record + PUBLICATION.appended] = memory.stamp;
  const at = (record + PUBLICATION.bytes) * 4;
  copy(fields, bytes, at);
  copy(data, bytes, at + fields.length);
  return record;
}

function copy(source: Uint8Array, target: Uint8Array, at: number): void {
  if (source.length > SHORT_COPY) target.set(source, at);
  else for (let i = 0; i < source.length; i++) target[at + i] = source[i]!;
}
