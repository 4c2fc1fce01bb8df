/**
 * What keeps the channels: the store of this server, or an engine outside that several servers share.
 *
 * In: what clients, backends and the app do in channels, on one worker. Out: answers, at once from the store, or later by a promise from
 * an engine. No promise is rejected, and each settles within the engine's timeout. Bytes are copied before a call returns;
 * what a sink or a visitor is given is valid until it returns. `busy` and `full` are temporary, and `busy` says nothing about
 * whether an engine has carried it out.
 */

import type {
  EntrySink,
  Member,
  MemberVisitor,
  PresenceResult,
  Publication,
  PublishResult,
  ReadBounds,
  ReadResult,
} from "../../channels/mod.ts";
import type { Soon } from "./soon.ts";

/** A channel's epoch: a number of this server's store, or the text that an engine gave. */
export type Epoch = number | string;

/** A position as clients have it. */
export interface ClientPosition {
  readonly offset: number;
  /** Empty: whichever the channel has. */
  readonly epoch: string;
}

/** What became of a publication; see `PublishResult`. */
export interface PublishAnswer extends Omit<PublishResult, "epoch"> {
  readonly epoch: Epoch;
}

/** What was read; see `ReadResult`. */
export interface ReadAnswer extends Omit<ReadResult, "epoch"> {
  readonly epoch: Epoch;
}

/** A page of a history. */
export interface PageQuery extends ReadBounds {
  /** Only publications behind this position, or before it if `reverse`. */
  readonly since: ClientPosition | undefined;
  /** Newest first. */
  readonly reverse: boolean;
}

/** Keeps the channels. */
export interface Broker {
  /** Stores a publication and delivers it; see `ChannelStore.publish`. An engine does not know the subscribers: 0. */
  publish(name: Uint8Array, publication: Publication): Soon<PublishAnswer>;
  /** Follows a channel that `ChannelStore.subscribe` has found `absent`. Once it is `open`, it stays so for a minute at least. */
  open(name: Uint8Array): Promise<"open" | "full" | "busy">;
  /**
   * Passes everything behind a position to `sink`, or nothing. Absent: the store has all that there is. The store is asked first, as
   * it answers at once.
   */
  recover?(
    name: Uint8Array,
    since: ClientPosition,
    bounds: ReadBounds,
    sink: EntrySink,
  ): Promise<ReadAnswer>;
  /** Passes a page of the history to `sink`. */
  history(name: Uint8Array, query: PageQuery, sink: EntrySink): Soon<ReadAnswer>;
  /** Removes the history of a channel and keeps its offset and epoch. Returns false if it was not done: try again. */
  removeHistory(name: Uint8Array): Soon<boolean>;
  /** Enters a client of this worker into a channel; a member with the same client id is replaced. */
  join(name: Uint8Array, member: Member): Soon<"joined" | "full" | "busy">;
  /** A member of the server before this one has come to this worker. Returns false if there is none. */
  rejoin(name: Uint8Array, client: Uint8Array): boolean;
  /** Removes a client from a channel. */
  leave(name: Uint8Array, client: Uint8Array): void;
  /** Passes the members of a channel to `visitor`, unless there are more than `limit`. */
  presence(name: Uint8Array, limit: number, visitor: MemberVisitor): Soon<PresenceResult>;
  /** Counts the members of a channel. */
  presenceStats(name: Uint8Array): Soon<PresenceResult>;
}
