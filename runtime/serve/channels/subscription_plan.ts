/**
 * What a subscription gets of presence, joins, positions and recovery.
 *
 * In: the channel's options, what the subscriber asks for, what its token overrides, and what it may read. Out: the plan
 * that the session carries out. Pure.
 */

import type { ChannelOptions } from "../../config/mod.ts";
import type { SubscriptionOverride } from "../tokens/mod.ts";

/** What a subscriber asks for. */
export interface SubscriptionWishes {
  readonly positioned: boolean;
  readonly recoverable: boolean;
  readonly joinLeave: boolean;
  /** Empty: whole publications. */
  readonly delta: string;
}

/** What it may read once it is subscribed. */
export interface ReadPermissions {
  readonly history: boolean;
  readonly presence: boolean;
}

/** What it gets. */
export interface SubscriptionPlan {
  /** Whether it is listed as present. */
  readonly presence: boolean;
  /** Whether others see its joins and leaves. */
  readonly emitJoinLeave: boolean;
  /** Whether it sees those of others. */
  readonly pushJoinLeave: boolean;
  /** Whether its position is checked. */
  readonly positioned: boolean;
  /** Whether it can recover; it is positioned then too. */
  readonly recoverable: boolean;
  readonly delta: boolean;
  /**
   * What happens if it does not read: `close`, the connection ends; `recover`, it is told that it missed something, and has to
   * subscribe again; `newest`, it gets the newest message alone.
   */
  readonly whenSlow: WhenSlow;
}

/** See {@link SubscriptionPlan}. */
export type WhenSlow = "close" | "recover" | "newest";

/** Plans a subscription. */
export function planSubscription(
  options: ChannelOptions,
  override: SubscriptionOverride,
  { wishes, may }: { readonly wishes: SubscriptionWishes; readonly may: ReadPermissions },
): SubscriptionPlan {
  // Where publications are merged, an offset says nothing about what a subscriber got.
  const hasHistory = options.historySize > 0 && options.conflationInterval === 0;
  const emitJoinLeave = override.joinLeave ?? options.joinLeave;
  const forcedRecovery = override.forceRecovery ?? options.forceRecovery;
  const forcedPosition = override.forcePositioning ?? options.forcePositioning;
  const forcedJoins = override.forcePushJoinLeave ?? options.forcePushJoinLeave;
  // What a token forces cannot be, if the channel keeps no history.
  const recoverable = hasHistory &&
    (forcedRecovery || (wishes.recoverable && (options.allowRecovery || may.history)));
  const positioned = hasHistory &&
    (forcedPosition || (wishes.positioned && (options.allowPositioning || may.history)));
  const pushJoinLeave = forcedJoins || (wishes.joinLeave && options.joinLeave && may.presence);
  // Who counts offsets, joins and leaves must not miss one without being told.
  const counts = recoverable || positioned || pushJoinLeave;
  return {
    presence: override.presence ?? options.presence,
    emitJoinLeave,
    pushJoinLeave,
    whenSlow: options.slowPolicy === "close" ? "close" : counts ? "recover" : "newest",
    positioned: recoverable || positioned,
    recoverable,
    delta: options.allowedDeltaTypes.some((type) => type === wishes.delta),
  };
}
