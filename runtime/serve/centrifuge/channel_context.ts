/**
 * What all clients of one worker share.
 *
 * In: the worker's store, broker and hub, and the config. Out: nothing more; it is data.
 */

import type { ChannelStore } from "../../channels/mod.ts";
import type { Broker, ChannelWatch } from "../broker/mod.ts";
import type { ChannelLimits } from "../../config/mod.ts";
import type { Loop } from "../../net/mod.ts";
import type { ChannelRules } from "../channels/mod.ts";
import type { Hub } from "../hub/mod.ts";
import type { TokenVerifier } from "../tokens/mod.ts";
import type { ClientHooks } from "./client_hooks.ts";
import type { ChannelMeter } from "./channel_meter.ts";
import type { ConnectedUsers } from "./connected_users.ts";
import type { DeltaCache } from "./delta_cache.ts";
import type { DrainSpread } from "./drain_spread.ts";
import type { HeldBytes } from "./held_bytes.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import type { TurnBudget } from "./turn_budget.ts";
import type { UserConnections } from "./user_connections.ts";

/** The part of the store that is this server's, whatever keeps the channels; the hub subscribes. */
export type ClientStore = Pick<
  ChannelStore,
  | "channelsFrom"
  | "epochText"
  | "history"
  | "isSealed"
  | "maxEntryBytes"
  | "recover"
  | "rejoin"
  | "subscriberCount"
  | "takeTokens"
>;

/** The shared objects. */
export interface ChannelContext {
  readonly store: ClientStore;
  /** Keeps the channels: the store, or an engine that several servers share. */
  readonly broker: Broker;
  /** Is told of members whom the broker does not enter, as they come from the process before; undefined: nobody is. */
  readonly watch?: Pick<ChannelWatch, "joined"> | undefined;
  readonly hub: Hub;
  readonly rules: ChannelRules;
  readonly limits: ChannelLimits;
  readonly users: UserConnections;
  readonly connectedUsers: ConnectedUsers;
  /** What a namespace limits. */
  readonly rates: RateLimiter;
  /** Undefined: no token is valid. */
  readonly verifier: Pick<TokenVerifier, "connection" | "subscription"> | undefined;
  /** Whether clients without a token may connect. */
  readonly allowsAnonymous: boolean;
  /** What somebody else decides; undefined: nobody does. */
  readonly hooks?: ClientHooks | undefined;
  /** Whether every client may do everything: for trying things out. */
  readonly isInsecure: boolean;
  readonly loop: Pick<Loop, "defer" | "now" | "os" | "timers">;
  readonly meter: ChannelMeter;
  /** Ends the clients when the server stops. */
  readonly drain: DrainSpread;
  readonly turn: TurnBudget;
  readonly held: HeldBytes;
  /** What waits for slow clients in the place of older messages. */
  readonly newest: HeldBytes;
  /** Deltas that were recovered lately. */
  readonly deltas: DeltaCache;
  /** A client that has not read so many bytes is slow: a part of what may be queued for it. */
  readonly slowBytes: number;
  /** The name of this worker: who has a connection's later commands brings them here. */
  readonly node: string;
  /** What the server calls itself. */
  readonly version: string;
  /** Seconds since 1970. */
  epochSeconds(): number;
  /** From 0 up to 1: spreads the pings. */
  random(): number;
  /** Lets a promise settle. It never rejects. */
  follow(promise: Promise<void>): void;
  /** Counts an error of ours, and tells the operator. */
  report(error: unknown): void;
}
