/**
 * What a worker tells the main thread of the channels of its clients, if somebody outside is to be told.
 *
 * In: nothing; they are types. Out: plain data for postMessage. Each is about this worker alone: the main thread knows the others.
 */

/** Something that has happened. */
export type ChannelReport =
  | ChannelChange
  /** A client has become a member. Its id may be known already: then it is the same. */
  | {
    readonly kind: "joined";
    readonly app: number;
    readonly channel: string;
    readonly client: string;
    readonly user: string;
  }
  /** A member has left, or was none. */
  | {
    readonly kind: "left";
    readonly app: number;
    readonly channel: string;
    readonly client: string;
  }
  | ClientEventReport
  /** Events of clients found no room on the way to the main thread. */
  | { readonly kind: "dropped"; readonly app: number; readonly count: number };

/** The first subscriber of this worker has come, or the last one has left. */
export interface ChannelChange {
  readonly kind: "occupied" | "vacated";
  /** The number of the app, in the order of the config. */
  readonly app: number;
  /** As the app names it. */
  readonly channel: string;
}

/** A client has sent an event, and it is published. */
export interface ClientEventReport {
  readonly kind: "event";
  readonly app: number;
  readonly channel: string;
  readonly event: string;
  /** The text that subscribers get. */
  readonly data: string;
  readonly socketId: string;
  /** Empty: the channel knows no members. */
  readonly user: string;
}
