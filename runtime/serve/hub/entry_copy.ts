/**
 * A copy of an entry, for who needs it after the feed goes on.
 *
 * In: an entry whose bytes are valid for a moment. Out: the same in memory of its own, which is used again if it is of about that size.
 */

import type { Entry } from "../../channels/mod.ts";

/** Makes `copy` equal to `entry`. */
export function copyEntry(copy: Entry, entry: Entry): Entry {
  const length = entry.dataEnd - entry.fieldsStart;
  // What follows one another in a channel has nearly the same length.
  const fits = copy.bytes.length >= length && copy.bytes.length <= 2 * length;
  if (!fits) copy.bytes = new Uint8Array(length + (length >> 3));
  copy.bytes.set(entry.bytes.subarray(entry.fieldsStart, entry.dataEnd));
  copy.kind = entry.kind;
  copy.form = entry.form;
  copy.asDelta = entry.asDelta;
  copy.epoch = entry.epoch;
  copy.offset = entry.offset;
  copy.appended = entry.appended;
  copy.dataStart = entry.dataStart - entry.fieldsStart;
  copy.dataEnd = length;
  return copy;
}
