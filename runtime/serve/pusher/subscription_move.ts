/**
 * A subscription of a Pusher client goes on in the server that replaces this one.
 *
 * In: a subscription whose client is about to move, in a store that is sealed; its state, in the new server, which has the same store. Out:
 * the state; and there a subscription that gets what was published since, and who has come and gone, without a gap. Its member is in the
 * store all the time, so nobody is told that it leaves.
 */

import { type ChannelContext, optionalText, rejoinPresence } from "../centrifuge/mod.ts";
import type { HubChannel, ResumeWish } from "../hub/mod.ts";
import { FirstChanges, MissedMembers } from "./missed_members.ts";
import type { PusherSubscriptionState } from "./pusher_client_state.ts";
import type { PusherContext } from "./pusher_context.ts";
import type { PusherSubscription } from "./pusher_subscription.ts";

/** What the new server has to know; undefined: the subscription waits for something. */
export function subscriptionState(
  { store }: Pick<ChannelContext, "store">,
  { channel: { name }, member, hubChannel, isOpen }: PusherSubscription,
): PusherSubscriptionState | undefined {
  if (!isOpen || hubChannel === undefined || hubChannel.hasWaiting) return undefined;
  return {
    name,
    offset: hubChannel.passedUpTo,
    epoch: store.epochText(hubChannel.epoch),
    member: member && { id: member.id, info: optionalText(member.info) },
  };
}

/**
 * Goes on with a subscription in the new server. Returns false if it cannot, as something is lost, or if the client has ended by what it
 * was sent; the subscription is not in the channel then.
 */
export function resumeSubscription(
  context: PusherContext,
  client: { readonly socketId: string; readonly isClosed: boolean },
  { subscription, state }: {
    readonly subscription: PusherSubscription;
    readonly state: PusherSubscriptionState;
  },
): boolean {
  const { hub, store, meter } = context.channels;
  const { channel: { channel: { name }, key }, member } = subscription;
  // So that rooms know all joins and leaves that their first lists have had.
  hub.catchUp();
  if (client.isClosed) return false;
  const entrance = hub.enter(name, key);
  if (typeof entrance === "string") return false;
  const { channel } = entrance;
  const identity = { id: client.socketId, user: member?.id ?? "" };
  const isHere = store.epochText(channel.epoch) === state.epoch &&
    (member === undefined || rejoinPresence(context.channels, identity, key));
  const wish = isHere ? wishOf(context, subscription, channel) : undefined;
  subscription.open();
  const hasJoined = wish !== undefined && hub.resume(entrance, subscription, state.offset, wish);
  if (!hasJoined || client.isClosed) {
    hub.leave(channel, hasJoined ? subscription : undefined);
    return false;
  }
  subscription.hubChannel = channel;
  meter.subscribed(member !== undefined);
  return true;
}

/** How it gets what it has missed; undefined: who has come and gone is not known any more. */
function wishOf(
  { rooms, channels: { hub }, face }: PusherContext,
  subscription: PusherSubscription,
  channel: HubChannel,
): ResumeWish | undefined {
  const { channel: { channel: { name }, key }, member } = subscription;
  if (member === undefined) return { needsAll: true };
  const isNew = rooms.find(name) === undefined;
  const room = subscription.room = rooms.enter(name, key);
  if (room.ready !== "ready") return undefined;
  if (isNew) {
    const early = new FirstChanges();
    if (!hub.readAhead(channel, early)) return undefined;
    room.rewind(early);
  }
  const missed = new FirstChanges();
  if (!hub.readSinceMove(channel, missed)) return undefined;
  return { needsAll: true, face: face.forMissed(new MissedMembers(room, missed)) };
}
