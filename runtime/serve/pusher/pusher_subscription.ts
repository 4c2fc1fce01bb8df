/**
 * One subscription of one client of the Pusher protocol.
 *
 * In: messages from the hub, from the moment at which it joins a channel. Out: what the client is to get of them, once it was told that it
 * is subscribed; until then they wait. It is data otherwise; pusher_client.ts changes it.
 */

import type { PusherMember } from "../../../protocol/pusher/mod.ts";
import type { HubChannel, Subscriber } from "../hub/mod.ts";
import type { PresenceRoom } from "./presence_rooms.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherFace, PusherFrames } from "./pusher_face.ts";

/** What happens to a subscription. */
export interface PusherSubscriptionOwner {
  /** Sends a message. */
  pass(message: PusherFrames): void;
  /** Publications were lost, or too many wait. */
  onLost(): void;
}

/** An engine answers within milliseconds; who has more waiting by then connects again. */
const MOST_HELD = 256;

/** A subscription. */
export class PusherSubscription implements Subscriber<PusherFrames> {
  readonly channel: PusherChannel;
  readonly face: PusherFace;
  /** Who the client is in a presence channel. */
  readonly member: PusherMember | undefined;
  /** The channel here; undefined: it was not entered yet. */
  hubChannel: HubChannel | undefined = undefined;
  /** Those in the presence channel. */
  room: PresenceRoom | undefined = undefined;
  /** Whether the client is among the members of the channel. */
  isMember = false;
  readonly #owner: PusherSubscriptionOwner;
  /** What waits; undefined: the client was told. */
  #held: PusherFrames[] | undefined = [];

  constructor(
    parts: {
      readonly channel: PusherChannel;
      readonly face: PusherFace;
      readonly member: PusherMember | undefined;
      readonly owner: PusherSubscriptionOwner;
    },
  ) {
    this.channel = parts.channel;
    this.face = parts.face;
    this.member = parts.member;
    this.#owner = parts.owner;
  }

  /** Whether the client was told that it is subscribed. */
  get isOpen(): boolean {
    return this.#held === undefined;
  }

  /** The client was told: it gets what has waited, and all that comes. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#owner.pass(message);
  }

  receive(message: PusherFrames): void {
    if (this.#held === undefined) return this.#owner.pass(message);
    this.#held.push(message);
    if (this.#held.length > MOST_HELD) this.#owner.onLost();
  }

  lost(): void {
    this.#owner.onLost();
  }
}
