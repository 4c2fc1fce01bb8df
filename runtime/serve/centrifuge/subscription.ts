/**
 * One subscription of one client.
 *
 * In: messages from the hub. Out: the same to the client's link, or to its owner, if the client is slow and its channel's policy
 * is to skip. It is data otherwise; subscriptions.ts changes it.
 */

import type { Face, HubChannel, Subscriber } from "../hub/mod.ts";
import type { WhenSlow } from "../channels/mod.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { ClientLink, Sized } from "./client_link.ts";
import { momentOfTick, NEVER_TICK, tickOf } from "./deadlines.ts";

/** What happens to a subscription. */
export interface SubscriptionOwner {
  readonly identity: ClientIdentity;
  readonly link: ClientLink;
  /** If the client has not read so many bytes, it is slow. */
  readonly slowBytes: number;
  /** Whether the connection is over. */
  readonly isClosed: boolean;
  /** A message was dropped, because too much waits for the client. */
  onSlow(): void;
  /** It ended, because publications were lost. */
  onLost(subscription: Subscription): void;
  /** A message was not sent, because the client has not read much that was sent before. */
  onSkip(subscription: Subscription, message: Sized): void;
  /** The client must connect again, to recover what a server has subscribed it to. */
  onInsufficientState(): void;
  /** It is to end now; whether somebody is asked, who may prolong it. */
  onExpiring(subscription: Subscription): boolean;
  /** The time has changed at which the client's subscriptions are to be looked at. */
  setTimer(): void;
  /** A newer message than one that was not sent is sent. */
  onCaughtUp(subscription: Subscription): void;
}

/** What a subscription is made of. */
export interface SubscriptionParts {
  readonly hubChannel: HubChannel;
  readonly face: Face<Sized>;
  readonly owner: SubscriptionOwner;
  /** JSON that others see beside the subscriber. */
  readonly info: Uint8Array | undefined;
  /** Whether the client is among the members of the channel. */
  readonly isMember: boolean;
  /** Whether a token or a server has subscribed the client, and not its own permissions. */
  readonly isGranted: boolean;
  /** Whether a server has subscribed the client. */
  readonly isServerSide: boolean;
  /** Whether who has granted it decides how long it goes on. */
  readonly isByApp: boolean;
  readonly whenSlow: WhenSlow;
  /** Whether its face has a chain, and it has recovered the latest publication. */
  readonly hasLatest: boolean;
}

// What is true of a subscription, as bits of one number: there are many of them.
const MEMBER = 1;
const GRANTED = 2;
const SERVER_SIDE = 4;
const BY_APP = 8;
const BEHIND = 16;
const HAS_LATEST = 32;

/**
 * A subscription. There are many: what all subscribers of a channel have in common is in the hub's channel, what all of a
 * client's have is its owner's.
 */
export class Subscription implements Subscriber<Sized> {
  readonly hubChannel: HubChannel;
  readonly face: Face<Sized>;
  readonly whenSlow: WhenSlow;
  readonly info: Uint8Array | undefined;
  readonly #owner: SubscriptionOwner;
  #flags: number;
  #expiryTick = NEVER_TICK;

  constructor(parts: SubscriptionParts) {
    this.hubChannel = parts.hubChannel;
    this.face = parts.face;
    this.whenSlow = parts.whenSlow;
    this.info = parts.info;
    this.#owner = parts.owner;
    this.#flags = (parts.isMember ? MEMBER : 0) | (parts.isGranted ? GRANTED : 0) |
      (parts.isServerSide ? SERVER_SIDE : 0) | (parts.isByApp ? BY_APP : 0) |
      (parts.hasLatest ? HAS_LATEST : 0);
  }

  get isMember(): boolean {
    return (this.#flags & MEMBER) !== 0;
  }

  get isGranted(): boolean {
    return (this.#flags & GRANTED) !== 0;
  }

  get isServerSide(): boolean {
    return (this.#flags & SERVER_SIDE) !== 0;
  }

  get isByApp(): boolean {
    return (this.#flags & BY_APP) !== 0;
  }

  get hasLatest(): boolean {
    return (this.#flags & HAS_LATEST) !== 0;
  }

  /** Whether a message for it waits until the client reads. */
  get isBehind(): boolean {
    return (this.#flags & BEHIND) !== 0;
  }

  set isBehind(isBehind: boolean) {
    this.#flags = isBehind ? this.#flags | BEHIND : this.#flags & ~BEHIND;
  }

  /** When it ends unless it is refreshed, in the loop's milliseconds; up to a tick later than it was set to. */
  get expiresAt(): number {
    return momentOfTick(this.#expiryTick);
  }

  set expiresAt(moment: number) {
    this.#expiryTick = tickOf(moment);
  }

  /** The channel's name. */
  get name(): string {
    return this.hubChannel.name;
  }

  receive(message: Sized, newest?: () => Sized): void {
    const owner = this.#owner;
    const { link } = owner;
    if (this.whenSlow !== "close") {
      // Behind, it waits for an empty queue: commands of the client are carried out with nothing queued alone.
      const most = this.isBehind ? 0 : owner.slowBytes;
      if (link.queuedBytes > most) return owner.onSkip(this, newest?.() ?? message);
      if (this.isBehind) owner.onCaughtUp(this);
    }
    if (!link.sendShared(message)) owner.onSlow();
  }

  lost(): void {
    this.#owner.onLost(this);
  }
}
