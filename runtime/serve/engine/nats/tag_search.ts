/**
 * Looks for the tag that a channel's history has at an offset.
 *
 * In: the position, and the records one after another, oldest first. Out: the tag, if there is one. Pure.
 */
import type { EnginePosition } from "../driver.ts";
import type { StoredMessage } from "./nats_link.ts";
import { decodeRecord } from "./records.ts";
import type { StoredVisitor } from "./stored_reader.ts";

/** The search. */
export class TagSearch implements StoredVisitor {
  readonly isEmpty = false;
  readonly #at: EnginePosition;
  /** What was found. */
  tag: string | undefined;

  constructor(at: EnginePosition) {
    this.#at = at;
  }

  add({ data }: StoredMessage): boolean {
    const { epoch, offset } = this.#at;
    const record = decodeRecord(data);
    if (record?.kind !== "p" || record.epoch !== epoch) return true;
    if (record.offset === offset) this.tag = record.tag;
    return record.offset < offset;
  }
}
