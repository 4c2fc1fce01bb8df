/**
 * The subscriptions of one client.
 *
 * In: channels that the client may subscribe to, which its owner has checked, with what it asks for. Out: subscriptions in the hub,
 * members, results for replies, pushes about ends. The steps of a subscription are one piece of work: the worker
 * is subscribed, then history is recovered, then the subscriber joins where that ended. So no publication is lost or
 * sent twice (see runtime/serve/hub/). If an engine has to be asked, that comes first, and the piece is done again.
 *
 * Longer than 400 lines because each way in which a subscription begins or ends changes the same map.
 */

import { utf8Of } from "../../../protocol/mod.ts";
import {
  CHANNEL_COMPACTION,
  CLIENT_ERRORS,
  type ClientError,
  isTagsFilter,
  type SubscribeRequest,
  type SubscribeResult,
  type Unsubscribe,
  UNSUBSCRIBES,
  writeUnsubscribePush,
} from "../../../protocol/centrifuge/mod.ts";
import { NEVER } from "../../net/mod.ts";
import type { Soon } from "../broker/mod.ts";
import type { Channel, SubscriptionPlan } from "../channels/mod.ts";
import { type Entrance, FewMap } from "../hub/mod.ts";
import type { TokenSubscription } from "../tokens/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { Sized } from "./client_link.ts";
import { endAfter, momentOf, secondsUntil } from "./deadlines.ts";
import { NewestMessages } from "./newest_messages.ts";
import {
  type EarlierPart,
  recover,
  recoverEarlier,
  type Recovery,
  type RecoveryWish,
  wirePosition,
} from "./history_reading.ts";
import { enterPresence, isMemberBy, leavePresence, planFor } from "./membership.ts";
import { Replies } from "./replies.ts";
import type { SubscriptionState } from "./client_state.ts";
import { Subscription, type SubscriptionOwner } from "./subscription.ts";
import { resumed, stateOf } from "./subscription_move.ts";

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

/** What is asked for, and given. */
interface SubscriptionAsk {
  readonly wish: SubscriptionWish;
  readonly grant: SubscriptionGrant;
}

/** A channel may be lost again while its past is read. */
const ENGINE_ATTEMPTS = 4;
/** The engine does not have it either: a position that no channel has. */
const NOTHING_EARLIER: EarlierPart = { publications: [], position: { offset: 0, epoch: "none" } };

/** The subscriptions of a client, by their channels' names. It is a map, as there are many: a field would be one more object. */
export class Subscriptions extends FewMap<string, Subscription> {
  readonly #context: ChannelContext;
  /** The client. */
  readonly #owner: SubscriptionOwner;
  /** Undefined until the client is slow. */
  #newest: NewestMessages<Sized> | undefined = undefined;

  constructor(context: ChannelContext, owner: SubscriptionOwner) {
    super();
    this.#context = context;
    this.#owner = owner;
  }

  /** When {@link onTime} is to be called, in the loop's milliseconds. */
  get wakeAt(): number {
    return this.#newest?.wakeAt ?? NEVER;
  }

  /** When the first of them expires, in the loop's milliseconds. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const { expiresAt } of this.values()) next = Math.min(next, expiresAt);
    return next;
  }

  /** Why there can be no such subscription now, for any caller; undefined if there can. */
  refusalOf(name: string): ClientError | undefined {
    if (this.has(name)) return CLIENT_ERRORS.ALREADY_SUBSCRIBED;
    const { limits, meter } = this.#context;
    if (this.size < limits.channelsPerConnection) return undefined;
    meter.limitExceeded("channels");
    return CLIENT_ERRORS.LIMIT_EXCEEDED;
  }

  /**
   * Subscribes, or returns the error to answer with; later, if an engine has to be asked first.
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
  ): Soon<SubscribeResult | ClientError> {
    const { tagsFilter: filter } = wish;
    if (filter !== undefined && !(channel.options.allowTagsFilter && isTagsFilter(filter))) {
      return CLIENT_ERRORS.BAD_REQUEST;
    }
    const recovery = { since: wish, maxBytes: recoveryBytes, filter };
    const result = this.#attempt(channel, { wish, grant }, recovery);
    return typeof result === "string"
      ? this.#subscribeLater(channel, { wish, grant, missing: result }, recovery)
      : result;
  }

  /** Asks the engine for what is missing, and tries again. */
  async #subscribeLater(
    channel: Channel,
    { missing, ...what }: SubscriptionAsk & { readonly missing: "absent" | "earlier" },
    recovery: RecoveryWish,
  ): Promise<SubscribeResult | ClientError> {
    const { broker } = this.#context;
    const key = utf8Of(channel.name);
    let result: SubscribeResult | ClientError | "absent" | "earlier" = missing;
    let wish = recovery;
    for (let i = 0; typeof result === "string"; i++) {
      if (i === ENGINE_ATTEMPTS) return CLIENT_ERRORS.INTERNAL;
      if (result === "absent") {
        if (await broker.open(key) !== "open") return CLIENT_ERRORS.INTERNAL;
      } else {
        const { delta } = this.#planOf(channel, what.wish, what.grant);
        const earlier = await recoverEarlier(this.#context, key, { ...recovery, delta });
        if (earlier !== undefined && "code" in earlier) return earlier;
        wish = { ...recovery, earlier: earlier ?? NOTHING_EARLIER };
      }
      // Meanwhile the client may have left, or a server may have subscribed it.
      if (this.#owner.isClosed) return CLIENT_ERRORS.INTERNAL;
      const refusal = this.refusalOf(channel.name);
      if (refusal !== undefined) return refusal;
      result = this.#attempt(channel, what, wish);
    }
    return result;
  }

  /**
   * Subscribes, in one piece. `absent`: the channel has to be followed first. `earlier`: an engine has to be asked for what was published
   * before it was followed.
   */
  #attempt(
    channel: Channel,
    { wish, grant }: SubscriptionAsk,
    wanted: RecoveryWish,
  ): SubscribeResult | ClientError | "absent" | "earlier" {
    const ttl = secondsUntil(this.#context, grant.expireAt);
    if (ttl !== undefined && ttl <= 0) return CLIENT_ERRORS.EXPIRED;
    const key = utf8Of(channel.name);
    const entrance = this.#context.hub.enter(channel.name, key);
    if (entrance === "absent") return entrance;
    if (typeof entrance === "string") return CLIENT_ERRORS.INTERNAL;
    const plan = this.#planOf(channel, wish, grant);
    const recovery = plan.recoverable && wish.recover === true
      ? recover(this.#context, entrance, { ...wanted, delta: plan.delta })
      : undefined;
    const isRefused = recovery === "earlier" || (recovery !== undefined && "code" in recovery);
    const entered = isRefused
      ? recovery
      : enterPresence(this.#context, this.#owner.identity, { key, plan, info: grant.info });
    if (entered !== undefined && !(entered instanceof Promise)) {
      this.#context.hub.leave(entrance.channel);
      return entered;
    }
    const found = recovery as Recovery | undefined;
    const subscription = this.#add(entrance, { plan, wish, grant, found });
    if (entered !== undefined) this.#confirm(subscription, entered);
    return this.#join(subscription, { entrance, plan, wish, grant, ttl, found });
  }

  /** Ends a subscription whose client cannot become a member: an engine says so later. The client tries again. */
  #confirm(subscription: Subscription, entered: Promise<ClientError | undefined>): void {
    this.#context.follow(entered.then((error) => {
      if (error === undefined || this.get(subscription.name) !== subscription) return;
      this.#context.hub.leave(subscription.hubChannel, subscription);
      this.#forget(subscription);
      this.#tellInsufficientState(subscription);
    }));
  }

  /** Lets a subscription get what comes behind what was recovered, and describes it for the client. */
  #join(
    subscription: Subscription,
    { entrance, plan, wish, grant, ttl, found }: SubscriptionAsk & {
      readonly entrance: Entrance;
      readonly plan: SubscriptionPlan;
      readonly ttl: number | undefined;
      readonly found: Recovery | undefined;
    },
  ): SubscribeResult {
    if (found) this.#context.meter.recovered(found.recovered, found.publications.length);
    const offset = found?.recovered ? found.offset : entrance.offset;
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
      delta: plan.delta,
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
    const subscription = this.get(name);
    if (subscription === undefined) return false;
    this.#context.hub.leave(subscription.hubChannel, subscription);
    this.#forget(subscription);
    return true;
  }

  /** Ends a subscription, and tells the client. */
  end(name: string, reason: Unsubscribe): void {
    if (this.unsubscribe(name)) this.#tell(name, reason);
  }

  /** What another process has to know of them; undefined: one of them waits for something. */
  get states(): readonly SubscriptionState[] | undefined {
    if (this.#newest?.isEmpty === false) return undefined;
    const states: SubscriptionState[] = [];
    for (const subscription of this.values()) {
      const state = stateOf(this.#context, this.#owner.link.wire, subscription);
      if (state === undefined) return undefined;
      states.push(state);
    }
    return states;
  }

  /** Goes on with one that another process has begun. What cannot go on the client has to begin again. */
  resume(state: SubscriptionState): void {
    const subscription = resumed(this.#context, this.#owner, state);
    if (this.#owner.isClosed) return;
    if (subscription === undefined) {
      this.#context.meter.lost();
      return this.#tellInsufficientState(state);
    }
    this.set(subscription.name, subscription);
    this.#context.meter.subscribed(subscription.isMember);
  }

  /** Gives up all of them: they go on in another process, where their members stay. */
  leave(): void {
    for (const [name, { hubChannel, isMember }] of this.entries()) {
      this.#context.hub.leave(hubChannel, this.get(name));
      this.delete(name);
      this.#context.meter.unsubscribed(isMember);
    }
  }

  /** The hub has ended it. */
  noteLost(subscription: Subscription): void {
    if (this.get(subscription.name) !== subscription) return;
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
    this.#newest?.onTime(this.#context.loop.now, this.#owner.link.queuedBytes);
  }

  /** The client has to subscribe again, and recovers by that. To what a server subscribed it, it does so only by another connection. */
  #tellInsufficientState(
    { name, isServerSide }: Pick<Subscription, "name" | "isServerSide">,
  ): void {
    if (isServerSide) this.#owner.onInsufficientState();
    else this.#tell(name, UNSUBSCRIBES.INSUFFICIENT_STATE);
  }

  /** Ends those that have expired, and tells the client. */
  expire(now: number): void {
    for (const [name, subscription] of this.entries()) {
      if (subscription.expiresAt > now) continue;
      if (subscription.isByApp && this.#owner.onExpiring(subscription)) continue;
      this.end(name, UNSUBSCRIBES.EXPIRED);
    }
  }

  /** Ends those that the client's own permissions allowed, and do not any more; and tells the client. */
  revise(isAllowed: (name: string) => boolean): void {
    for (const [name, { isGranted }] of this.entries()) {
      if (!isGranted && !isAllowed(name)) this.end(name, UNSUBSCRIBES.SERVER);
    }
  }

  /** Ends all of them; the client is gone. */
  clear(): void {
    for (const [name] of this.entries()) this.unsubscribe(name);
  }

  #planOf(
    channel: Channel,
    wish: SubscriptionWish,
    { override }: SubscriptionGrant,
  ): SubscriptionPlan {
    const { positioned = false, recoverable = false, joinLeave = false, delta = "" } = wish;
    // A delta needs every publication.
    const isFiltered = wish.tagsFilter !== undefined;
    const wishes = { positioned, recoverable, joinLeave, delta: isFiltered ? "" : delta };
    return planFor(this.#context, this.#owner.identity, { channel, wishes, override });
  }

  #add(
    entrance: Entrance,
    { plan, wish, grant, found }: SubscriptionAsk & {
      readonly plan: SubscriptionPlan;
      readonly found: Recovery | undefined;
    },
  ): Subscription {
    const { info } = grant;
    const isMember = isMemberBy(plan);
    const kind = {
      compact: this.#takesNumber(wish, grant),
      joins: plan.pushJoinLeave,
      delta: plan.delta,
      filter: wish.tagsFilter,
    };
    const owner = this.#owner;
    const face = owner.link.wire.face(kind);
    const { channel: hubChannel } = entrance;
    const subscription = new Subscription({
      hubChannel,
      face,
      owner,
      info,
      isMember,
      isGranted: grant !== PLAIN_GRANT,
      isServerSide: grant.isServerSide,
      isByApp: grant.isByApp ?? false,
      whenSlow: plan.whenSlow,
      hasLatest: plan.delta && found !== undefined && found.publications.length > 0,
    });
    this.set(hubChannel.name, subscription);
    this.#context.meter.subscribed(isMember);
    return subscription;
  }

  /** The result of connect has no numbers. */
  #takesNumber({ flag = 0 }: SubscriptionWish, { isServerSide }: SubscriptionGrant): boolean {
    return !isServerSide && (flag & CHANNEL_COMPACTION) !== 0;
  }

  #forget(subscription: Subscription): void {
    const { name, hubChannel, isMember } = subscription;
    this.delete(name);
    this.#newest?.drop(subscription);
    this.#context.meter.unsubscribed(isMember);
    if (isMember) leavePresence(this.#context, this.#owner.identity, hubChannel.key);
  }

  #tell(name: string, reason: Unsubscribe): void {
    this.#context.meter.unsubscribePushed(reason.code);
    const push = new Replies(this.#owner.link);
    push.add((out) => writeUnsubscribePush(out, name, reason));
    if (!push.send()) this.#owner.onSlow();
  }
}
