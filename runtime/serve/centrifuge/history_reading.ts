/**
 * Reads publications from the store as clients get them: for a recovery, and for an answer about the history.
 *
 * In: a channel and a position as a client names it. Out: encoded publications, and the newest position; or the error to answer
 * with. A recovery is everything behind the position, or nothing. The store is read at once; an engine, which has what is older than
 * the store, answers later.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  CLIENT_ERRORS,
  type ClientError,
  type HistoryResult,
  matchesTags,
  type RequestOf,
  type StreamPosition,
  type TagsFilter,
  writePublication,
} from "../../../protocol/centrifuge/mod.ts";
import type { Entry, EntrySink } from "../../channels/mod.ts";
import { type ClientPosition, type Epoch, type Soon, whenThere } from "../broker/mod.ts";
import type { Entrance } from "../hub/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { appendFields, appendTextFields, tagsOf } from "./publication_fields.ts";
import { RecoveredDeltas } from "./recovered_deltas.ts";

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

/** What a list is made with. */
interface ListParts {
  /** Undefined: all publications are whole. */
  readonly deltas?: RecoveredDeltas | undefined;
  /** Undefined: it takes all of them. */
  readonly filter?: TagsFilter | undefined;
  /** Those that stand before. */
  readonly earlier?: readonly Uint8Array[] | undefined;
}

/** Collects encoded publications. */
class PublicationList implements EntrySink {
  readonly publications: Uint8Array[];
  readonly #fields = new ByteBuffer();
  readonly #deltas: RecoveredDeltas | undefined;
  readonly #filter: TagsFilter | undefined;

  constructor({ deltas, filter, earlier = [] }: ListParts = {}) {
    this.publications = [...earlier];
    this.#deltas = deltas;
    this.#filter = filter;
  }

  entry(entry: Entry): void {
    if (this.#filter !== undefined && !matchesTags(this.#filter, tagsOf(entry))) return;
    this.#fields.clear();
    if (this.#deltas === undefined) appendFields(this.#fields, entry);
    else appendTextFields(this.#fields, entry, this.#deltas.differenceOf(entry));
    const out = new ByteBuffer(this.#fields.length + 32);
    writePublication(out, entry.offset, this.#fields.view());
    this.publications.push(out.view());
  }
}

/** What an engine had of it, and where that ends. */
export interface EarlierPart {
  readonly publications: readonly Uint8Array[];
  readonly position: ClientPosition;
}

/** From where a subscriber recovers. */
export interface RecoveryWish {
  /** With neither offset nor epoch from the beginning. */
  readonly since: WirePosition;
  readonly maxBytes: number;
  /** Whether the subscriber gets deltas; default: false. */
  readonly delta?: boolean;
  /** Which publications it gets; default: all. */
  readonly filter?: TagsFilter | undefined;
  /** What it got of an engine. */
  readonly earlier?: EarlierPart | undefined;
}

/** A recovery in a channel that was entered. `earlier`: the store does not have all of it, or not yet, and an engine may. */
export function recover(
  context: ChannelContext,
  { channel, offset: newest }: Entrance,
  { since, maxBytes, earlier, delta = false, filter }: RecoveryWish,
): Recovery | "earlier" | ClientError {
  const { store, broker } = context;
  const { offset = 0, epoch: text } = earlier?.position ?? since;
  const isHere = !text || text === store.epochText(channel.epoch);
  const deltas = delta ? new RecoveredDeltas(context.deltas) : undefined;
  const list = new PublicationList({ deltas, filter, earlier: earlier?.publications });
  const earlierBytes = earlier?.publications.reduce((sum, { length }) => sum + length, 0) ?? 0;
  const bounds = {
    limit: context.limits.historyPublications,
    maxBytes: Math.max(0, maxBytes - earlierBytes),
  };
  // No channel has the epoch 0.
  const position = { offset, epoch: isHere ? channel.epoch : 0 };
  const result = store.recover(channel.key, position, bounds, list);
  if (result.status === "busy") return CLIENT_ERRORS.INTERNAL;
  const recovered = result.status === "read";
  // Another server may have told the client of the newest before this one's copy has it.
  const isElsewhere = isHere && (earlier === undefined || offset > newest);
  if (!recovered && isElsewhere && broker.recover !== undefined) return "earlier";
  if (result.exceeds !== undefined) context.meter.recoveryExceeds(result.exceeds);
  if (recovered && deltas !== undefined) context.meter.deltasSent(deltas.count, deltas.savedBytes);
  return { recovered, publications: recovered ? list.publications : [], offset: result.offset };
}

/** Reads from an engine what the store does not have; undefined if it is lost. */
export async function recoverEarlier(
  { broker, limits, meter, deltas: cache }: ChannelContext,
  key: Uint8Array,
  { since: { offset = 0, epoch = "" }, maxBytes, delta = false, filter }: RecoveryWish,
): Promise<EarlierPart | undefined | ClientError> {
  const deltas = delta ? new RecoveredDeltas(cache) : undefined;
  const list = new PublicationList({ deltas, filter });
  const bounds = { limit: limits.historyPublications, maxBytes };
  const result = await broker.recover?.(key, { offset, epoch }, bounds, list);
  if (result?.status === "busy") return CLIENT_ERRORS.INTERNAL;
  if (result?.status !== "read" || typeof result.epoch !== "string") return undefined;
  if (deltas !== undefined) meter.deltasSent(deltas.count, deltas.savedBytes);
  const position = { offset: result.offset, epoch: result.epoch };
  return { publications: list.publications, position };
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
): Soon<HistoryPage | ClientError> {
  const { historyPublications: most, historyBytes: maxBytes } = context.limits;
  const list = new PublicationList();
  const answer = context.broker.history(key, {
    since: since && { offset: since.offset ?? 0, epoch: since.epoch ?? "" },
    reverse,
    limit: limit < 0 ? most : Math.min(limit, most),
    maxBytes,
  }, list);
  return whenThere(answer, (result): HistoryPage | ClientError => {
    if (result.status === "busy") return CLIENT_ERRORS.INTERNAL;
    const { isCut = false } = result;
    if (result.status === "unrecoverable") {
      // One publication that is too long, or another epoch, or a position that the history has left behind.
      return isCut ? CLIENT_ERRORS.LIMIT_EXCEEDED : CLIENT_ERRORS.UNRECOVERABLE_POSITION;
    }
    return { publications: list.publications, position: wirePosition(context, result), isCut };
  });
}

/** A position as clients get it; a channel that does not exist has an empty epoch. */
export function wirePosition(
  { store }: ChannelContext,
  { offset, epoch }: { readonly offset: number; readonly epoch: Epoch },
): StreamPosition {
  if (typeof epoch === "string") return { offset, epoch };
  return { offset, epoch: epoch === 0 ? "" : store.epochText(epoch) };
}
