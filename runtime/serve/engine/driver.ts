/**
 * What a driver of a channel engine does: the server outside, such as Redis, that several nodes share.
 *
 * Types only. The conductor, on the main thread, calls {@link EngineDriver} and is called by {@link EngineEvents}. A request
 * is never repeated by the driver: `unavailable` says whether it may have been carried out. No promise here is ever rejected, and
 * each settles within the request timeout. Requests of one turn go out in one write, and the engine carries them out in
 * the order of the calls. There is no order between an answer and an event.
 */
import type { Publication, PublishedForm } from "../../channels/mod.ts";

/** Up to where a channel is known. */
export interface EnginePosition {
  /** `<word>-<word>` in base 36, as the store's own epochs. Another epoch: another numbering. */
  readonly epoch: string;
  /** 0: nothing was published in this epoch. */
  readonly offset: number;
  /** Identifies the publication with this offset; empty if the offset is 0. Two histories can give an offset twice, a tag never. */
  readonly tag: string;
}

/** The engine did not do it, or did not say that it did. */
export interface EngineUnavailable {
  readonly status: "unavailable";
  /** For the log, never for a client. */
  readonly reason: string;
  /** Whether the engine may have carried it out all the same. */
  readonly mayBeDone: boolean;
}

/** The engine has no memory left; nothing was done. */
export interface EngineFull {
  readonly status: "full";
}

/** A publication to be stored. The bytes are the driver's until the answer: nobody may change them. */
export interface EnginePublication extends Publication {
  /** Up to where this node follows the channel: after a restart or a failover of the engine it can keep the epoch. */
  readonly proof?: EnginePosition;
}

/** What became of a publication; the statuses are those of the store, see `PublishResult`. */
export type EnginePublishResult =
  | {
    readonly status: "stored" | "repeated" | "skipped";
    /** 0 if it has none. */
    readonly offset: number;
    readonly epoch: string;
  }
  | EngineFull
  | EngineUnavailable;

/** Where a channel is. */
export type EngineStateResult =
  | ({ readonly status: "known" } & EnginePosition)
  | EngineFull
  | EngineUnavailable;

/** A publication of a history. */
export interface EngineEntry {
  readonly offset: number;
  readonly tag: string;
  readonly form: PublishedForm;
  readonly fields: Uint8Array;
  readonly data: Uint8Array;
  /** When it leaves the history, in milliseconds since 1970 by the clock of the engine. */
  readonly expiresAt: number;
}

/** Which part of a history. */
export interface EngineRangeQuery {
  /** The first offset, inclusive; in reverse, the last one. Default: from the end of the history. */
  readonly from?: number;
  /** At most so many entries. */
  readonly limit: number;
  /** Newest first. */
  readonly reverse?: boolean;
}

/** A part of a history. */
export type EngineRangeResult =
  | {
    readonly status: "read";
    /** The position at the moment of the reading; the epoch is empty if the channel does not exist. */
    readonly position: EnginePosition;
    /** In order, without holes; it begins with the first that has not expired. */
    readonly entries: readonly EngineEntry[];
    /** Whether there are more behind the last one. */
    readonly hasMore: boolean;
  }
  | EngineUnavailable;

/** A client in a channel. */
export interface EngineMember {
  readonly client: string;
  /** Empty: anonymous. */
  readonly user: string;
  readonly info: Uint8Array;
  /** Whether the followers of the channel see its joins and leaves. */
  readonly announce: boolean;
}

/** A client in a channel, with the channel. */
export interface EngineMembership {
  readonly channel: string;
  readonly member: EngineMember;
}

/** The result of entering a member. */
export type EngineJoinResult = { readonly status: "joined" } | EngineFull | EngineUnavailable;

/** The result of a request that has no answer of its own. */
export type EngineDoneResult = { readonly status: "done" } | EngineUnavailable;

/** Who is in a channel, on all nodes. */
export type EngineMembersResult =
  | { readonly status: "read"; readonly members: readonly EngineMember[] }
  | EngineUnavailable;

/** What is delivered to who listens to a channel. */
export type EngineMessage =
  | (EnginePosition & {
    readonly kind: "publication";
    /** The tag of the publication before; empty for the first one of an epoch. With offset 0, both tags are empty. */
    readonly previousTag: string;
    readonly form: PublishedForm;
    readonly fields: Uint8Array;
    readonly data: Uint8Array;
    readonly historySize: number;
    readonly historyTtlMs: number;
  })
  | { readonly kind: "join" | "leave"; readonly data: Uint8Array }
  /** The channel has begun again, without a publication. */
  | { readonly kind: "epoch"; readonly epoch: string }
  /** Its history was removed; epoch and offsets stay. */
  | { readonly kind: "removed" };

/**
 * Whether the engine can be used.
 *
 * - `up`: both connections work, and the last probe came back.
 * - `doubt`: a probe is late by a second. Requests are sent.
 * - `partial`: one of several masters of the engine is lost, and with it some of the channels: what was listened to of them was reported by `cut`.
 * - `lost`: requests are answered `unavailable` at once, and nothing is listened to any more.
 */
export type EngineStatus = "up" | "doubt" | "partial" | "lost";

/** The events of the driver. */
export interface EngineEvents {
  /**
   * The status has changed. After `lost`, `up` means that the driver listens to no channel: each must be verified.
   *
   * @param reason for the log
   */
  status(status: EngineStatus, reason: string): void;
  /** A message of a channel that is listened to; also between `listen` and its answer, and shortly after `unlisten`. */
  message(channel: string, message: EngineMessage): void;
  /** These channels are listened to no more, though the engine is there: each must be listened to again, and verified. */
  cut(channels: readonly string[]): void;
  /** This node was cut off for so long that its members have left: they must be entered again. */
  membersLost(): void;
  /**
   * Whether publications are under way whose end others wait for, of a driver that sends them together. With `false` they have been answered: what is
   * published within this call leaves with what waits. Every `true` is followed by a `false`.
   */
  publishing?(isUnderWay: boolean): void;
  /** A line for the log: a fault that passes, or a setting of the engine that loses data. */
  warn(text: string): void;
}

/** A driver. */
export interface EngineDriver {
  readonly status: EngineStatus;
  /** How long the last probe took, in milliseconds. */
  readonly probeMs: number;
  /** After how many milliseconds a channel that is listened to should be read again, as a message may be lost silently; undefined: none is. */
  readonly checkMs?: number | undefined;
  /** Whether a channel is at a part of the engine that is lost; undefined: it has no parts. */
  isAway?(channel: string): boolean;
  /**
   * Connects, and connects again until `close`. The events begin.
   *
   * @returns why the first try failed, for `--check`; undefined if it succeeded
   */
  connect(events: EngineEvents): Promise<string | undefined>;
  /** Closes both connections; what is under way is answered. The members of this node leave, unless it was given up. */
  close(): Promise<void>;
  /** The name of this node among those of the engine; it may change while it is cut off. */
  readonly node: string;
  /** From now on this is the node of a process that gives it up, with its members. The one that it was before had none that matter. */
  takeNode(node: string, members: readonly EngineMembership[]): void;
  /** From now on this node is that of another process: its lease is not renewed here, and its members stay at the end. */
  giveUpNode(): void;
  /** Stores a publication and delivers it. */
  publish(channel: string, publication: EnginePublication): Promise<EnginePublishResult>;
  /** Begins to deliver the channel. After `done` nothing is missing until the status is `lost`. */
  listen(channel: string): Promise<EngineDoneResult>;
  /** Ends the delivery. */
  unlisten(channel: string): Promise<EngineDoneResult>;
  /** Reads where a channel is; begins it if it does not exist, or if the proof does not hold after a restart of the engine. */
  state(channel: string, proof?: EnginePosition): Promise<EngineStateResult>;
  /** Reads a part of the history. */
  range(channel: string, query: EngineRangeQuery): Promise<EngineRangeResult>;
  /** Removes the history of a channel; epoch and offset stay. */
  removeHistory(channel: string): Promise<EngineDoneResult>;
  /** Enters a client of this node; one with the same id is replaced without an announcement. */
  join(channel: string, member: EngineMember): Promise<EngineJoinResult>;
  /** Removes a client of this node. */
  leave(channel: string, client: string): Promise<EngineDoneResult>;
  /** The members of a channel on all living nodes. */
  members(channel: string): Promise<EngineMembersResult>;
}

/** What a look at an engine finds, for --check. */
export interface EngineInspection {
  /** The server, as "Redis 7.0.15, maxmemory-policy noeviction"; empty if it cannot be used. */
  readonly text: string;
  /** Why it cannot be used. */
  readonly fault?: string;
  /** What may lose data. */
  readonly warning?: string | undefined;
}
