/**
 * The methods of the Pusher API that read: which channels are occupied, one channel, and the users of a presence channel.
 *
 * In: names and the parameters of a query. Out: the answers.
 */

import { type PusherInfo, readPusherInfo } from "../../../protocol/pusher/mod.ts";
import { decodeClientInfo } from "../centrifuge/mod.ts";
import { type ApiRefusal, type PusherApiAnswer, UNAVAILABLE } from "./api_answer.ts";
import { channelInfo, subscriptionCount } from "./channel_info.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";

type Parameters = ReadonlyMap<string, string>;

const PRESENCE = "presence-";
/** Also such that a name cannot have what a pattern has. */
const PREFIX = /^[A-Za-z0-9_\-=@,.;]{0,200}$/;
const ONLY_PRESENCE: ApiRefusal = {
  status: 400,
  text: "Only presence channels have users: user_count needs filter_by_prefix=presence-…",
};

/** The occupied channels. @throws {ProtocolError} for a wrong parameter */
export async function occupiedChannels(
  context: PusherContext,
  parameters: Parameters,
): Promise<PusherApiAnswer> {
  const info = readPusherInfo(parameters.get("info") ?? "");
  const prefix = parameters.get("filter_by_prefix") ?? "";
  if (!PREFIX.test(prefix)) return { status: 400, text: "No channel has such a name" };
  if (info.includes("user_count") && !prefix.startsWith(PRESENCE)) return ONLY_PRESENCE;
  const { app, servers } = context;
  const found = await servers.channels(`${app.prefix}${prefix}*`);
  if ("code" in found) return UNAVAILABLE;
  const channels: [string, object][] = [];
  for (const [name, subscribers] of found) {
    const channel = app.channel(app.ownName(name));
    if (channel === undefined || channel.kind === "user") continue;
    const users = info.includes("user_count") ? await usersOf(context, channel) : {};
    if (users === undefined) return UNAVAILABLE;
    const count = info.includes("subscription_count") ? { subscription_count: subscribers } : {};
    channels.push([channel.name, { ...count, ...users }]);
  }
  return { json: { channels: Object.fromEntries(channels) } };
}

/** One channel. @throws {ProtocolError} for a wrong parameter */
export async function oneChannel(
  context: PusherContext,
  channel: PusherChannel,
  parameters: Parameters,
): Promise<PusherApiAnswer> {
  const asked: readonly PusherInfo[] = readPusherInfo(parameters.get("info") ?? "");
  if (asked.includes("user_count") && channel.kind !== "presence") return ONLY_PRESENCE;
  const count = await subscriptionCount(context, channel);
  const info = await channelInfo(context, channel, asked);
  if (count === undefined || info === undefined) return UNAVAILABLE;
  return { json: { occupied: count > 0, ...info } };
}

/** The users of a presence channel. */
export async function usersOfChannel(
  { channels: { broker, limits } }: PusherContext,
  channel: PusherChannel,
): Promise<PusherApiAnswer> {
  if (channel.kind !== "presence") {
    return { status: 400, text: "Only presence channels have users" };
  }
  const ids = new Set<string>();
  const { status } = await broker.presence(channel.key, limits.presenceClients, (_, info) => {
    const { user, client } = decodeClientInfo(info);
    ids.add(user === "" ? client : user);
  });
  if (status === "limit") return { status: 413, text: "The channel has too many members to list" };
  if (status === "busy") return UNAVAILABLE;
  return { json: { users: [...ids].map((id) => ({ id })) } };
}

function usersOf(context: PusherContext, channel: PusherChannel) {
  return channelInfo(context, channel, ["user_count"]);
}
