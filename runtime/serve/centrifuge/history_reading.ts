/**
 * Reads publications from the store as clients get them: for a recovery, and for an answer about the history.
 *
 * In: a channel and a position as a client names it. Out: encoded publications, and the newest position; or the error to answer
 * with. A recovery is everything behind the position, or nothing.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  CLIENT_ERRORS,
  type ClientError,
  type HistoryResult,
  type RequestOf,
  type StreamPosition,
  writePublication,
} from "../../../protocol/centrifuge/mod.ts";
import type { Entry, EntrySink, Position } from "../../channels/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { appendFields } from "./publication_fields.ts";

/** A position as clients send it. */
interface WirePosition {
  readonly offset?: number | undefined;
  readonly epoch?: string | undefined;
}

/** What a subscriber recovered. */
export interface Recovery {
  readonly recovered: boolean;
  readonly publications: readonly Uint8Array[];
  /** The offset up to which the subscriber has everything that it will get. */
  readonly offset: number;
}

/** Collects encoded publications. */
class PublicationList implements EntrySink {
  readonly publications: Uint8Array[] = [];
  readonly #fields = new ByteBuffer();

  entry(entry: Entry): void {
    this.#fields.clear();
    appendFields(this.#fields, entry);
    const out = new ByteBuffer(this.#fields.length + 32);
    writePublication(out, entry.offset, this.#fields.view());
    this.publications.push(out.view());
  }
}

/** A recovery from a position; with neither offset nor epoch from the beginning. */
export function recover(
  context: ChannelContext,
  key: Uint8Array,
  { since, maxBytes }: { readonly since: WirePosition; readonly maxBytes: number },
): Recovery | ClientError {
  const { store } = context;
  const list = new PublicationList();
  const bounds = { limit: context.limits.historyPublications, maxBytes };
  const result = store.recover(key, positionOf(context, since), bounds, list);
  if (result.status === "busy") return CLIENT_ERRORS.INTERNAL;
  const { offset } = result;
  return { recovered: result.status === "read", publications: list.publications, offset };
}

/** A page of a history. */
export interface HistoryPage extends HistoryResult {
  /** Whether it has fewer publications than were asked for, as more would be too long for one answer. */
  readonly isCut: boolean;
}

/** The answer to a history command: what fits into one. */
export function readHistory(
  context: ChannelContext,
  key: Uint8Array,
  { limit = 0, since, reverse = false }: Pick<RequestOf<"history">, "limit" | "since" | "reverse">,
): HistoryPage | ClientError {
  const bounds = boundsOf(context);
  const list = new PublicationList();
  const position = since === undefined ? {} : { since: positionOf(context, since) };
  const result = context.store.history(key, {
    ...position,
    reverse,
    limit: limit < 0 ? bounds.limit : Math.min(limit, bounds.limit),
    maxBytes: bounds.maxBytes,
  }, list);
  if (result.status === "busy") return CLIENT_ERRORS.INTERNAL;
  const { isCut = false } = result;
  if (result.status === "unrecoverable") {
    // One publication that is too long, or another epoch, or a position that the history has left behind.
    return isCut ? CLIENT_ERRORS.LIMIT_EXCEEDED : CLIENT_ERRORS.UNRECOVERABLE_POSITION;
  }
  return { publications: list.publications, position: wirePosition(context, result), isCut };
}

/** A position as clients get it; a channel that does not exist has an empty epoch. */
export function wirePosition(
  { store }: ChannelContext,
  { offset, epoch }: { readonly offset: number; readonly epoch: number },
): StreamPosition {
  return { offset, epoch: epoch === 0 ? "" : store.epochText(epoch) };
}

function positionOf({ store }: ChannelContext, { offset = 0, epoch }: WirePosition): Position {
  return { offset, epoch: epoch ? store.epochOfText(epoch) : undefined };
}

function boundsOf({ limits }: ChannelContext) {
  return { limit: limits.historyPublications, maxBytes: limits.historyBytes };
}
