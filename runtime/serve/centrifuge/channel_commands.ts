/**
 * The commands that name a channel and do not change the client's subscriptions: publish, history, presence.
 *
 * In: a command of a connected client. Out: the reply. Permissions are those of the channel's namespace and of the client's token.
 */

import {
  CLIENT_ERRORS,
  type ClientError,
  type Command,
  writeEmptyResult,
  writeHistoryResult,
  writePresenceResult,
  writePresenceStatsResult,
} from "../../../protocol/centrifuge/mod.ts";
import { type Channel, refusalOfAction, type SubscriberAction } from "../channels/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { publishTo } from "./channel_publishing.ts";
import type { ClientIdentity } from "./client_identity.ts";
import { readHistory } from "./history_reading.ts";
import { readPresence, readPresenceStats } from "./presence_reading.ts";
import type { Replies } from "./replies.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** The commands that are carried out here. */
export type ChannelCommand = Extract<
  Command,
  { readonly name: "publish" | "history" | "presence" | "presence_stats" }
>;

/** Who gives the command. */
export interface CommandClient {
  readonly identity: ClientIdentity;
  readonly subscriptions: Subscriptions;
}

const ACTIONS: Readonly<Record<ChannelCommand["name"], SubscriberAction>> = {
  publish: "publish",
  history: "history",
  presence: "presence",
  presence_stats: "presence",
};
const UTF8 = new TextEncoder();

/** Carries out a command, and adds its reply. */
export function answerChannelCommand(
  context: ChannelContext,
  client: CommandClient,
  { command, replies }: { readonly command: ChannelCommand; readonly replies: Replies },
): void {
  const { id, request: { channel: name = "" } } = command;
  const found = context.rules.resolve(name);
  if ("error" in found) return replies.error(id, found.error);
  const { channel } = found;
  const refusal = refusalFor(context, client, { channel, action: ACTIONS[command.name] });
  if (refusal !== undefined) return replies.error(id, refusal);
  if (command.name === "publish") return publish(context, client, { channel, command, replies });
  const key = UTF8.encode(name);
  if (command.name === "history") {
    const result = readHistory(context, key, command.request);
    if (isError(result)) return replies.error(id, result);
    return replies.add((out) => writeHistoryResult(out, id, result));
  }
  if (command.name === "presence") {
    const result = readPresence(context, key);
    if (isError(result)) return replies.error(id, result);
    return replies.add((out) => writePresenceResult(out, id, result));
  }
  const result = readPresenceStats(context, key);
  if (isError(result)) return replies.error(id, result);
  replies.add((out) => writePresenceStatsResult(out, id, result));
}

/** What a client publishes. */
export interface ClientPublication {
  readonly channel: Channel;
  readonly command: Extract<ChannelCommand, { readonly name: "publish" }>;
  readonly replies: Replies;
  /** Default: false. */
  readonly skipHistory?: boolean;
}

/** Publishes for a client that may, and adds the reply. */
export function publish(
  context: ChannelContext,
  { identity, subscriptions }: CommandClient,
  { channel, command, replies, skipHistory }: ClientPublication,
): void {
  const { id, request: { data } } = command;
  if (data === undefined) return replies.error(id, CLIENT_ERRORS.BAD_REQUEST);
  const info = identity.infoIn(subscriptions.get(channel.name)?.info);
  const result = publishTo(context, channel, { data, info, skipHistory, source: "client" });
  if (isError(result)) return replies.error(id, result);
  replies.add((out) => writeEmptyResult(out, id, "publish"));
}

function refusalFor(
  { isInsecure }: ChannelContext,
  { identity, subscriptions }: CommandClient,
  { channel, action }: { readonly channel: Channel; readonly action: SubscriberAction },
): ClientError | undefined {
  const isSubscribed = subscriptions.get(channel.name) !== undefined;
  const refusal = refusalOfAction(channel, identity, { action, isSubscribed });
  return isInsecure && refusal === CLIENT_ERRORS.PERMISSION_DENIED ? undefined : refusal;
}

/** Whether an answer is an error: no other answer has a code. */
export function isError<T extends object>(answer: T | ClientError): answer is ClientError {
  return "code" in answer;
}
