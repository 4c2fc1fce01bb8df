/**
 * What the script that reads a history returns, as entries.
 *
 * In: the reply, with bytes for all texts. Out: a result whose entries are views of them. Pure.
 */
import { asPublishedForm } from "../../../channels/mod.ts";
import type { EngineEntry, EngineRangeResult } from "../driver.ts";

/** A stream entry: its id, and its values behind their names. */
type StreamEntry = readonly [id: Uint8Array, values: readonly Uint8Array[]];

/** The reply. */
export type RangeReply = readonly [
  status: Uint8Array,
  offset: Uint8Array,
  epoch: Uint8Array,
  tag: Uint8Array,
  more: Uint8Array,
  entries: readonly StreamEntry[],
];

/** Reads the reply. */
export function rangeResult(reply: RangeReply): EngineRangeResult {
  const [, offset, epoch, tag, more, entries] = reply;
  return {
    status: "read",
    position: { epoch: String(epoch), offset: Number(String(offset)), tag: String(tag) },
    entries: entries.map(entryOf),
    hasMore: String(more) === "1",
  };
}

function entryOf([id, values]: StreamEntry): EngineEntry {
  const [, tag, , expires, , form, , fields, , data] = values;
  return {
    offset: parseInt(String(id)),
    tag: String(tag),
    form: asPublishedForm(String(form)) ?? 0,
    fields: fields!,
    data: data!,
    expiresAt: Number(String(expires)),
  };
}
