/**
 * One subscription of one client.
 *
 * In: messages from the hub. Out: the same to the client's link, or to its owner, if the client is slow and its channel's policy
 * is to skip. It is data otherwise; subscriptions.ts changes it.
 */

import type { Face, HubChannel, Subscriber } from "../hub/mod.ts";
import type { WhenSlow } from "../channels/mod.ts";
import type { ClientLink, Sized } from "./client_link.ts";

/** What happens to a subscription. */
export interface SubscriptionOwner {
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
  readonly link: ClientLink;
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
  /** If the client has not read so many bytes, it is slow. */
  readonly slowBytes: number;
}

/** A subscription. There are many: what all subscribers of a channel have in common is in the hub's channel. */
export class Subscription implements Subscriber<Sized> {
  readonly hubChannel: HubChannel;
  readonly face: Face<Sized>;
  readonly isMember: boolean;
  readonly isGranted: boolean;
  readonly isServerSide: boolean;
  readonly isByApp: boolean;
  readonly whenSlow: WhenSlow;
  readonly info: Uint8Array | undefined;
  /** When it ends unless it is refreshed, in the loop's milliseconds. */
  expiresAt = Infinity;
  /** Whether a message for it waits until the client reads. */
  isBehind = false;
  readonly #slowBytes: number;
  readonly #link: ClientLink;
  readonly #owner: SubscriptionOwner;

  constructor(parts: SubscriptionParts) {
    this.hubChannel = parts.hubChannel;
    this.face = parts.face;
    this.isMember = parts.isMember;
    this.isGranted = parts.isGranted;
    this.isServerSide = parts.isServerSide;
    this.isByApp = parts.isByApp;
    this.whenSlow = parts.whenSlow;
    this.#slowBytes = parts.slowBytes;
    this.info = parts.info;
    this.#link = parts.link;
    this.#owner = parts.owner;
  }

  /** The channel's name. */
  get name(): string {
    return this.hubChannel.name;
  }

  receive(message: Sized): void {
    if (this.whenSlow !== "close") {
      // Behind, it waits for an empty queue: commands of the client are carried out with nothing queued alone.
      const most = this.isBehind ? 0 : this.#slowBytes;
      if (this.#link.queuedBytes > most) return this.#owner.onSkip(this, message);
      if (this.isBehind) this.#owner.onCaughtUp(this);
    }
    if (!this.#link.sendShared(message)) this.#owner.onSlow();
  }

  lost(): void {
    this.#owner.onLost(this);
  }
}
