/**
 * One subscription of one client.
 *
 * In: messages from the hub. Out: the same to the client's link. It is data otherwise; subscriptions.ts changes it.
 */

import type { Face, HubChannel, Subscriber } from "../hub/mod.ts";
import type { ClientLink } from "./client_link.ts";

/** What happens to a subscription. */
export interface SubscriptionOwner {
  /** A message was dropped, because too much waits for the client. */
  onSlow(): void;
  /** It ended, because publications were lost. */
  onLost(subscription: Subscription): void;
}

/** What a subscription is made of. */
export interface SubscriptionParts {
  readonly hubChannel: HubChannel;
  readonly face: Face<unknown>;
  readonly link: ClientLink;
  readonly owner: SubscriptionOwner;
  /** JSON that others see beside the subscriber. */
  readonly info: Uint8Array | undefined;
  /** Whether the client is among the members of the channel. */
  readonly isMember: boolean;
  /** Whether a token or a server has subscribed the client, and not its own permissions. */
  readonly isGranted: boolean;
}

/** A subscription. There are many: what all subscribers of a channel have in common is in the hub's channel. */
export class Subscription implements Subscriber {
  readonly hubChannel: HubChannel;
  readonly face: Face<unknown>;
  readonly isMember: boolean;
  readonly isGranted: boolean;
  readonly info: Uint8Array | undefined;
  /** When it ends unless it is refreshed, in the loop's milliseconds. */
  expiresAt = Infinity;
  readonly #link: ClientLink;
  readonly #owner: SubscriptionOwner;

  constructor(parts: SubscriptionParts) {
    this.hubChannel = parts.hubChannel;
    this.face = parts.face;
    this.isMember = parts.isMember;
    this.isGranted = parts.isGranted;
    this.info = parts.info;
    this.#link = parts.link;
    this.#owner = parts.owner;
  }

  /** The channel's name. */
  get name(): string {
    return this.hubChannel.name;
  }

  receive(message: unknown): void {
    if (!this.#link.sendShared(message)) this.#owner.onSlow();
  }

  lost(): void {
    this.#owner.onLost(this);
  }
}
