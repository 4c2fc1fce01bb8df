/**
 * What the Pusher API says about one channel: how many are subscribed, and how many users are present.
 *
 * In: a channel, and what is asked. Out: the fields of the answer; undefined: the store or an engine cannot tell now. Subscribers of
 * other protocols count too.
 */

import type { PusherInfo } from "../../../protocol/pusher/mod.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";

/** What is said. */
export interface ChannelFields {
  subscription_count?: number;
  user_count?: number;
}

/** The fields that are asked for. */
export async function channelInfo(
  context: PusherContext,
  channel: PusherChannel,
  asked: readonly PusherInfo[],
): Promise<ChannelFields | undefined> {
  const fields: ChannelFields = {};
  if (asked.includes("subscription_count")) {
    const count = await subscriptionCount(context, channel);
    if (count === undefined) return undefined;
    fields.subscription_count = count;
  }
  if (asked.includes("user_count")) {
    const { status, users } = await context.channels.broker.presenceStats(channel.key);
    if (status === "busy") return undefined;
    fields.user_count = users;
  }
  return fields;
}

/** The subscriptions of a channel, on all servers. */
export async function subscriptionCount(
  { channels: { store }, servers }: Pick<PusherContext, "channels" | "servers">,
  { channel, key }: PusherChannel,
): Promise<number | undefined> {
  if (servers.isAlone) return store.subscriberCount(key);
  const found = await servers.channels(channel.name);
  return "code" in found ? undefined : found.get(channel.name) ?? 0;
}
