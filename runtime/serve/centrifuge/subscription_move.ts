/**
 * A subscription goes on in the server that replaces this one.
 *
 * In: a subscription whose client is about to move, in a store that is sealed; its state, in the new server, which has the same store. Out:
 * the state; and there a subscription that gets what was published since, without a gap. Its member is there all the time. Numbers
 * that stand for names are those of a worker: in the new server the name itself is sent, which clients understand too.
 */

import { utf8Of } from "../../../protocol/mod.ts";
import { NEVER } from "../../net/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { optionalBytes, optionalText, type SubscriptionState } from "./client_state.ts";
import type { Sized } from "./client_link.ts";
import { presentOf } from "./deadlines.ts";
import { leavePresence, rejoinPresence } from "./membership.ts";
import { Subscription, type SubscriptionOwner } from "./subscription.ts";
import type { Wire } from "./wire.ts";

/** What the new server has to know; undefined: the subscription waits for something. */
export function stateOf(
  context: ChannelContext,
  wire: Wire<Sized>,
  subscription: Subscription,
): SubscriptionState | undefined {
  const { hubChannel, expiresAt, info, isBehind, face } = subscription;
  if (isBehind || hubChannel.hasWaiting) return undefined;
  const { joins, delta, filter } = wire.kindOf(face);
  return {
    name: hubChannel.name,
    offset: hubChannel.passedUpTo,
    epoch: context.store.epochText(hubChannel.epoch),
    face: { joins, delta, filter },
    info: optionalText(info),
    expiresIn: expiresAt === NEVER ? undefined : expiresAt - presentOf(context),
    whenSlow: subscription.whenSlow,
    isMember: subscription.isMember,
    isGranted: subscription.isGranted,
    isServerSide: subscription.isServerSide,
    isByApp: subscription.isByApp,
  };
}

/** The subscription in the new server; undefined: it cannot go on. */
export function resumed(
  context: ChannelContext,
  owner: SubscriptionOwner,
  state: SubscriptionState,
): Subscription | undefined {
  const { hub, rules, store } = context;
  const { name, info, expiresIn, face, ...kind } = state;
  // The config of this server may not have it any more.
  if ("error" in rules.resolve(name)) return undefined;
  const key = utf8Of(name);
  const entrance = hub.enter(name, key);
  if (typeof entrance === "string") return undefined;
  const subscription = new Subscription({
    ...kind,
    hubChannel: entrance.channel,
    face: owner.link.wire.face({ ...face, compact: false }),
    owner,
    info: optionalBytes(info),
    hasLatest: false,
  });
  subscription.expiresAt = expiresIn === undefined ? NEVER : presentOf(context) + expiresIn;
  const isHere = store.epochText(entrance.channel.epoch) === state.epoch &&
    (!state.isMember || rejoinPresence(context, owner.identity, key));
  // Otherwise it has nothing here that it would have to give up.
  const isMember = isHere && state.isMember;
  const hasJoined = isHere && hub.resume(entrance, subscription, state.offset);
  // What it lacked may have been too much for a client that does not read.
  if (hasJoined && !owner.isClosed) return subscription;
  hub.leave(entrance.channel, hasJoined ? subscription : undefined);
  if (isMember) leavePresence(context, owner.identity, key);
  return undefined;
}
