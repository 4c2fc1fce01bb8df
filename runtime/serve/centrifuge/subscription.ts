/**
 * One subscription of one client.
 *
 * In: messages from the hub. Out: the same to the client's link. It is data otherwise; subscriptions.ts changes it.
 */

import type { Channel, SubscriptionPlan } from "../channels/mod.ts";
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
  readonly channel: Channel;
  readonly hubChannel: HubChannel;
  readonly plan: SubscriptionPlan;
  readonly face: Face<unknown>;
  readonly link: ClientLink;
  readonly owner: SubscriptionOwner;
  /** JSON that others see beside the subscriber. */
  readonly info: Uint8Array | undefined;
  /** Whether the server made it. */
  readonly isServerSide: boolean;
}

/** A subscription. */
export class Subscription implements Subscriber {
  readonly channel: Channel;
  readonly hubChannel: HubChannel;
  readonly plan: SubscriptionPlan;
  readonly face: Face<unknown>;
  readonly isServerSide: boolean;
  readonly info: Uint8Array | undefined;
  /** When it ends unless it is refreshed, in the loop's milliseconds. */
  expiresAt = Infinity;
  readonly #link: ClientLink;
  readonly #owner: SubscriptionOwner;

  constructor(parts: SubscriptionParts) {
    this.channel = parts.channel;
    this.hubChannel = parts.hubChannel;
    this.plan = parts.plan;
    this.face = parts.face;
    this.isServerSide = parts.isServerSide;
    this.info = parts.info;
    this.#link = parts.link;
    this.#owner = parts.owner;
  }

  receive(message: unknown): void {
    if (!this.#link.sendShared(message)) this.#owner.onSlow();
  }

  lost(): void {
    this.#owner.onLost(this);
  }
}
