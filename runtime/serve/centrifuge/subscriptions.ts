/**
 * The subscriptions of one client.
 *
 * In: channels that the client may subscribe to, which its owner has checked, with what it asks for. Out: subscriptions in the hub,
 * members in the store, results for replies, pushes about ends. The steps of a subscription are one piece of work: the worker
 * is subscribed, then history is recovered, then the subscriber joins where that ended. So no publication is lost or
 * sent twice (see runtime/serve/hub/).
 */

import {
  CHANNEL_COMPACTION,
  CLIENT_ERRORS,
  type ClientError,
  type SubscribeRequest,
  type SubscribeResult,
  type Unsubscribe,
  UNSUBSCRIBES,
  writeUnsubscribePush,
} from "../../../protocol/centrifuge/mod.ts";
import { NEVER } from "../../net/mod.ts";
import type { Channel, SubscriptionPlan } from "../channels/mod.ts";
import { type Entrance, FewMap } from "../hub/mod.ts";
import type { TokenSubscription } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientLink, Sized } from "./client_link.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { endAfter, momentOf, secondsUntil } from "./deadlines.ts";
import { NewestMessages } from "./newest_messages.ts";
import { recover, type Recovery, wirePosition } from "./history_reading.ts";
import { enterPresence, isMemberBy, leavePresence, planFor } from "./membership.ts";
import { Replies } from "./replies.ts";
import { Subscription, type SubscriptionOwner } from "./subscription.ts";

/** What a client asks for. */
export type SubscriptionWish = Partial<Omit<SubscribeRequest, "channel" | "token">>;

/** What a subscription is made for. */
export interface SubscriptionGrant extends TokenSubscription {
  /** Seconds since 1970; undefined: it does not end. */
  readonly expireAt: number | undefined;
  readonly isServerSide: boolean;
  /** Whether who has granted it decides how long it goes on; default: false, the client has to refresh it. */
  readonly isByApp?: boolean;
}

/** A subscription that no token describes. */
export const PLAIN_GRANT: SubscriptionGrant = {
  info: undefined,
  data: undefined,
  override: {},
  expireAt: undefined,
  isServerSide: false,
};

const UTF8 = new TextEncoder();

/** The subscriptions of a client. */
export class Subscriptions {
  readonly #context: ChannelContext;
  readonly #client: ClientIdentity;
  readonly #link: ClientLink;
  readonly #owner: SubscriptionOwner;
  readonly #byName = new FewMap<string, Subscription>();
  /** Undefined until the client is slow. */
  #newest: NewestMessages<Sized> | undefined = undefined;

  constructor(
    context: ChannelContext,
    of: {
      readonly client: ClientIdentity;
      readonly link: ClientLink;
      readonly owner: SubscriptionOwner;
    },
  ) {
    this.#context = context;
    this.#client = of.client;
    this.#link = of.link;
    this.#owner = of.owner;
  }

  /** The subscription to a channel. */
  get(name: string): Subscription | undefined {
    return this.#byName.get(name);
  }

  /** When {@link onTime} is to be called, in the loop's milliseconds. */
  get wakeAt(): number {
    return this.#newest?.wakeAt ?? NEVER;
  }

  /** When the first of them expires, in the loop's milliseconds. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const { expiresAt } of this.#byName.values()) next = Math.min(next, expiresAt);
    return next;
  }

  /** Why there can be no such subscription now, whoever asks; undefined if there can. */
  refusalOf(name: string): ClientError | undefined {
    if (this.#byName.has(name)) return CLIENT_ERRORS.ALREADY_SUBSCRIBED;
    const { limits, meter } = this.#context;
    if (this.#byName.size < limits.channelsPerConnection) return undefined;
    meter.limitExceeded("channels");
    return CLIENT_ERRORS.LIMIT_EXCEEDED;
  }

  /**
   * Subscribes, or returns the error to answer with.
   *
   * @param channel which the client may subscribe to
   * @param wish what it asks for
   * @param grant what it is given
   * @param recoveryBytes the most that it may recover; if more is missing, nothing is recovered
   */
  subscribe(
    channel: Channel,
    wish: SubscriptionWish,
    grant: SubscriptionGrant,
    recoveryBytes: number = this.#context.limits.historyBytes,
  ): SubscribeResult | ClientError {
    const ttl = secondsUntil(this.#context, grant.expireAt);
    if (ttl !== undefined && ttl <= 0) return CLIENT_ERRORS.EXPIRED;
    const key = UTF8.encode(channel.name);
    const entrance = this.#context.hub.enter(channel.name, key);
    if (typeof entrance === "string") return CLIENT_ERRORS.INTERNAL;
    const plan = this.#planOf(channel, wish, grant);
    const recovery = plan.recoverable && wish.recover === true
      ? recover(this.#context, key, { since: wish, maxBytes: recoveryBytes })
      : undefined;
    const error = recovery !== undefined && "code" in recovery
      ? recovery
      : enterPresence(this.#context, this.#client, { key, plan, info: grant.info });
    if (error !== undefined) {
      this.#context.hub.leave(entrance.channel);
      return error;
    }
    const found = recovery as Recovery | undefined;
    if (found) this.#context.meter.recovered(found.recovered, found.publications.length);
    const offset = found?.recovered ? found.offset : entrance.offset;
    const subscription = this.#add(entrance, { plan, wish, grant });
    this.#context.hub.join(entrance.channel, subscription, offset);
    const { isByApp = false, expireAt } = grant;
    if (isByApp) subscription.expiresAt = momentOf(this.#context, expireAt);
    else if (ttl !== undefined) subscription.expiresAt = endAfter(this.#context, ttl);
    const { epoch } = entrance.channel;
    return {
      ...(plan.positioned ? { position: wirePosition(this.#context, { offset, epoch }) } : {}),
      recoverable: plan.recoverable,
      positioned: plan.positioned,
      publications: found?.publications ?? [],
      recovered: found?.recovered ?? false,
      wasRecovering: found !== undefined,
      data: grant.data,
      id: this.#takesNumber(wish, grant) ? entrance.channel.number : undefined,
      ttl: isByApp ? undefined : ttl,
    };
  }

  /** Prolongs a subscription. Returns the seconds that are left, or undefined if it does not end. */
  refresh(subscription: Subscription, expireAt: number | undefined): number | undefined {
    const ttl = secondsUntil(this.#context, expireAt);
    subscription.expiresAt = ttl === undefined ? Infinity : endAfter(this.#context, ttl);
    return ttl;
  }

  /** Ends a subscription, if there is one. */
  unsubscribe(name: string): boolean {
    const subscription = this.#byName.get(name);
    if (subscription === undefined) return false;
    this.#context.hub.leave(subscription.hubChannel, subscription);
    this.#forget(subscription);
    return true;
  }

  /** Ends a subscription, and tells the client. */
  end(name: string, reason: Unsubscribe): void {
    if (this.unsubscribe(name)) this.#tell(name, reason);
  }

  /** The hub has ended it. */
  noteLost(subscription: Subscription): void {
    if (this.#byName.get(subscription.name) !== subscription) return;
    this.#context.meter.lost();
    this.#forget(subscription);
    this.#tellInsufficientState(subscription);
  }

  /** The client has not read what was sent before: it gets the newest message later, or has to subscribe again. */
  skip(subscription: Subscription, message: Sized): void {
    const { loop, meter, slowBytes, newest } = this.#context;
    if (subscription.whenSlow === "newest") {
      this.#newest ??= new NewestMessages(slowBytes, newest);
      const { wakeAt } = this;
      if (this.#newest.keep(subscription, message, loop.now)) {
        if (this.wakeAt !== wakeAt) this.#owner.setTimer();
        return meter.skipped();
      }
    }
    meter.madeToRecover();
    this.#context.hub.leave(subscription.hubChannel, subscription);
    this.#forget(subscription);
    this.#tellInsufficientState(subscription);
  }

  /** A newer message is sent than the one that is kept. */
  dropNewest(subscription: Subscription): void {
    this.#newest?.drop(subscription);
  }

  /** The client has read all that was sent. */
  drained(): void {
    this.#newest?.send();
  }

  /** It is {@link wakeAt}: the client may have read without having been waited for. */
  onTime(): void {
    this.#newest?.onTime(this.#context.loop.now, this.#link.queuedBytes);
  }

  /** The client has to subscribe again, and recovers by that. To what a server subscribed it, it does so only by another connection. */
  #tellInsufficientState({ name, isServerSide }: Subscription): void {
    if (isServerSide) this.#owner.onInsufficientState();
    else this.#tell(name, UNSUBSCRIBES.INSUFFICIENT_STATE);
  }

  /** Ends those that have expired, and tells the client. */
  expire(now: number): void {
    for (const [name, subscription] of this.#byName.entries()) {
      if (subscription.expiresAt > now) continue;
      if (subscription.isByApp && this.#owner.onExpiring(subscription)) continue;
      this.end(name, UNSUBSCRIBES.EXPIRED);
    }
  }

  /** Ends those that the client's own permissions allowed, and do not any more; and tells the client. */
  revise(isAllowed: (name: string) => boolean): void {
    for (const [name, { isGranted }] of this.#byName.entries()) {
      if (!isGranted && !isAllowed(name)) this.end(name, UNSUBSCRIBES.SERVER);
    }
  }

  /** Ends all of them; the client is gone. */
  clear(): void {
    for (const [name] of this.#byName.entries()) this.unsubscribe(name);
  }

  #planOf(
    channel: Channel,
    wish: SubscriptionWish,
    { override }: SubscriptionGrant,
  ): SubscriptionPlan {
    const { positioned = false, recoverable = false, joinLeave = false } = wish;
    // Deltas are not encoded: the client gets whole publications, and is told so.
    const wishes = { positioned, recoverable, joinLeave, delta: "" };
    return planFor(this.#context, this.#client, { channel, wishes, override });
  }

  #add(
    entrance: Entrance,
    { plan, wish, grant }: {
      readonly plan: SubscriptionPlan;
      readonly wish: SubscriptionWish;
      readonly grant: SubscriptionGrant;
    },
  ): Subscription {
    const { info } = grant;
    const isMember = isMemberBy(plan);
    const kind = { compact: this.#takesNumber(wish, grant), joins: plan.pushJoinLeave };
    const [link, owner] = [this.#link, this.#owner];
    const face = link.wire.face(kind);
    const { channel: hubChannel } = entrance;
    const subscription = new Subscription({
      hubChannel,
      face,
      link,
      owner,
      info,
      isMember,
      isGranted: grant !== PLAIN_GRANT,
      isServerSide: grant.isServerSide,
      isByApp: grant.isByApp ?? false,
      whenSlow: plan.whenSlow,
      slowBytes: this.#context.slowBytes,
    });
    this.#byName.set(hubChannel.name, subscription);
    this.#context.meter.subscribed(isMember);
    return subscription;
  }

  /** The result of connect has no numbers. */
  #takesNumber({ flag = 0 }: SubscriptionWish, { isServerSide }: SubscriptionGrant): boolean {
    return !isServerSide && (flag & CHANNEL_COMPACTION) !== 0;
  }

  #forget(subscription: Subscription): void {
    const { name, hubChannel, isMember } = subscription;
    this.#byName.delete(name);
    this.#newest?.drop(subscription);
    this.#context.meter.unsubscribed(isMember);
    if (isMember) leavePresence(this.#context, this.#client, hubChannel.key);
  }

  #tell(name: string, reason: Unsubscribe): void {
    this.#context.meter.unsubscribePushed(reason.code);
    const push = new Replies(this.#link);
    push.add((out) => writeUnsubscribePush(out, name, reason));
    if (!push.send()) this.#owner.onSlow();
  }
}
