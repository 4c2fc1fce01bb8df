/**
 * The methods of the Pusher API that publish: events, and batches of them.
 *
 * In: events whose names and channels are right. Out: the answer, once all are in the store; with what is asked about the channels. If one
 * finds no room, those before it are published all the same, as at Pusher.
 */

import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import type { PusherApiEvent, PusherInfo } from "../../../protocol/pusher/mod.ts";
import { whenThere } from "../broker/mod.ts";
import { type ApiRefusal, DONE, type PusherApiAnswer, UNAVAILABLE } from "./api_answer.ts";
import { channelInfo } from "./channel_info.ts";
import { publishEvent } from "./publishing.ts";
import type { PusherChannel } from "./pusher_app.ts";
import type { PusherContext } from "./pusher_context.ts";

const TOO_LONG: ApiRefusal = {
  status: 413,
  text: "The data of an event is longer than --max-publication allows",
};
const NO_CHANNEL: ApiRefusal = {
  status: 400,
  text: "A name is too long, or not one that the namespace of the app allows",
};

/** One event for some channels. */
export async function triggerEvent(
  context: PusherContext,
  event: PusherApiEvent,
): Promise<PusherApiAnswer> {
  const channels = channelsOf(context, event);
  if ("status" in channels) return channels;
  const refusal = await publishAll(context, event, channels);
  if (refusal !== undefined) return refusal;
  if (event.info.length === 0) return DONE;
  const infos: [string, object][] = [];
  for (const channel of channels) {
    const info = await infoOf(context, channel, event.info);
    if (info === undefined) return UNAVAILABLE;
    infos.push([channel.name, info]);
  }
  return { json: { channels: Object.fromEntries(infos) } };
}

/** Several events, one after the other. */
export async function triggerBatch(
  context: PusherContext,
  events: readonly PusherApiEvent[],
): Promise<PusherApiAnswer> {
  const all = events.map((event) => ({ event, channels: channelsOf(context, event) }));
  const infos: object[] = [];
  for (const { channels } of all) if ("status" in channels) return channels;
  for (const { event, channels } of all) {
    if ("status" in channels) return channels;
    const refusal = await publishAll(context, event, channels);
    if (refusal !== undefined) return refusal;
    const [channel] = channels;
    const info = channel && await infoOf(context, channel, event.info);
    if (info === undefined) return UNAVAILABLE;
    infos.push(info);
  }
  const isAsked = events.some(({ info }) => info.length > 0);
  return isAsked ? { json: { batch: infos } } : DONE;
}

function channelsOf(
  { app }: PusherContext,
  { channels }: PusherApiEvent,
): readonly PusherChannel[] | ApiRefusal {
  const found = channels.map((channel) => app.channelOf(channel));
  const all = found.filter((channel) => channel !== undefined);
  return all.length === found.length ? all : NO_CHANNEL;
}

async function publishAll(
  context: PusherContext,
  { name: event, data, socketId }: PusherApiEvent,
  channels: readonly PusherChannel[],
): Promise<ApiRefusal | undefined> {
  for (const channel of channels) {
    const wish = { event, data, socketId, user: "", source: "api" } as const;
    const result = await publishEvent(context, channel, wish);
    if (!("code" in result)) continue;
    return result.code === CLIENT_ERRORS.INTERNAL.code ? UNAVAILABLE : TOO_LONG;
  }
  return undefined;
}

/** User counts of channels that have no users are left out, as at Pusher. */
function infoOf(context: PusherContext, channel: PusherChannel, asked: readonly PusherInfo[]) {
  const isPresence = channel.kind === "presence";
  const infos = asked.filter((info) => isPresence || info !== "user_count");
  return whenThere(channelInfo(context, channel, infos), (info) => info);
}
