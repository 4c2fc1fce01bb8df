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
import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { PublishAnswer, Soon } from "../broker/mod.ts";
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
  readonly isClosed: boolean;
  /** Sends replies that had to wait. */
  send(replies: Replies): void;
}

const ACTIONS: Readonly<Record<ChannelCommand["name"], SubscriberAction>> = {
  publish: "publish",
  history: "history",
  presence: "presence",
  presence_stats: "presence",
};
const UTF8 = new TextEncoder();

/** Carries out a command, and adds its reply; one that an engine answers later is sent. */
export function answerChannelCommand(
  context: ChannelContext,
  client: CommandClient,
  { command, replies, isCounted = false }: {
    readonly command: ChannelCommand;
    readonly replies: Replies;
    /** Whether the limits of the namespace have admitted it already; default: false. */
    readonly isCounted?: boolean;
  },
): void | Promise<void> {
  const { id, request: { channel: name = "" } } = command;
  const found = context.rules.resolve(name);
  if ("error" in found) return replies.error(id, found.error);
  const { channel } = found;
  const refusal = refusalFor(context, client, { channel, action: ACTIONS[command.name] });
  if (refusal !== undefined) return replies.error(id, refusal);
  const tooMuch = isCounted
    ? undefined
    : context.rates.refusalOf(channel, client.identity, ACTIONS[command.name]);
  if (tooMuch !== undefined) return replies.error(id, tooMuch);
  if (command.name === "publish") return publish(context, client, { channel, command, replies });
  const key = UTF8.encode(name);
  if (command.name === "history") {
    return reply(
      client,
      replies,
      { id, write: writeHistoryResult },
      readHistory(context, key, command.request),
    );
  }
  if (command.name === "presence") {
    return reply(client, replies, { id, write: writePresenceResult }, readPresence(context, key));
  }
  return reply(
    client,
    replies,
    { id, write: writePresenceStatsResult },
    readPresenceStats(context, key),
  );
}

/** Adds the reply, or sends it once it is there. */
function reply<Result extends object>(
  client: CommandClient,
  replies: Replies,
  { id, write }: { readonly id: number; write(out: ByteBuffer, id: number, result: Result): void },
  answer: Soon<Result | ClientError>,
): void | Promise<void> {
  const add = (result: Result | ClientError) => {
    if (isError(result)) replies.error(id, result);
    else replies.add((out) => write(out, id, result));
  };
  return answer instanceof Promise ? whenAnswered(client, replies, answer.then(add)) : add(answer);
}

/** Sends replies once they are added. */
async function whenAnswered(
  client: Pick<CommandClient, "send">,
  replies: Replies,
  added: Promise<void>,
): Promise<void> {
  await added;
  client.send(replies);
}

/** What a client publishes. */
export interface ClientPublication {
  readonly channel: Channel;
  readonly command: Extract<ChannelCommand, { readonly name: "publish" }>;
  readonly replies: Replies;
  /** Default: false. */
  readonly skipHistory?: boolean;
  /** Default: it has none. */
  readonly key?: string | undefined;
}

/** Publishes for a client that may, and adds the reply; one that an engine answers later is sent. */
export function publish(
  context: ChannelContext,
  client: CommandClient,
  { channel, command, replies, skipHistory, key }: ClientPublication,
): void | Promise<void> {
  const { id, request: { data } } = command;
  if (data === undefined) return replies.error(id, CLIENT_ERRORS.BAD_REQUEST);
  const info = client.identity.infoIn(client.subscriptions.get(channel.name)?.info);
  const answer = publishTo(context, channel, { data, info, key, skipHistory, source: "client" });
  if (answer instanceof Promise) {
    const added = answer.then((result) => replyPublish(id, result, replies));
    return whenAnswered(client, replies, added);
  }
  replyPublish(id, answer, replies);
}

function replyPublish(id: number, result: PublishAnswer | ClientError, replies: Replies): void {
  if (isError(result)) replies.error(id, result);
  else replies.add((out) => writeEmptyResult(out, id, "publish"));
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
