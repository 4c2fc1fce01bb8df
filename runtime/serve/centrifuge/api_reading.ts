/**
 * The methods of the HTTP API that read, and the one that removes a history.
 *
 * In: a request. Out: what the store or the engine has, or what all servers say. Backends may read every channel whose namespace exists.
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { flag, readInteger, text } from "../../../protocol/json/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import {
  type ApiAnswer,
  type ApiContext,
  apiMethod,
  channelOf,
  EMPTY,
  readPosition,
  type WriteResult,
} from "./api_method.ts";
import { readHistory } from "./history_reading.ts";
import { SERVER_NUMBERS, SERVER_TEXTS } from "./servers.ts";
import { readPresence, readPresenceStats } from "./presence_reading.ts";

const UTF8 = new TextEncoder();
/** A list of channels takes as much time as an answer of this length. */
const LISTING_BYTES = 1024 * 1024;
/** As of the patterns of capabilities. */
const LONGEST_PATTERN = 256;
const MAX_INT32 = 0x7fff_ffff;
const OF_A_CHANNEL = { channel: text("channel") } as const;

/** The clients that are present in a channel. */
export const presence = apiMethod(OF_A_CHANNEL, (api, request) => {
  const channel = channelOf(api, request.channel);
  if ("code" in channel) return channel;
  if (!channel.options.presence) return CLIENT_ERRORS.NOT_AVAILABLE;
  if (!api.budget.mayRead) return CLIENT_ERRORS.LIMIT_EXCEEDED;
  return answerWith(readPresence(api.context, UTF8.encode(channel.name)), (clients) => {
    api.budget.spend(clients.reduce((sum, [, info]) => sum + info.length, 0));
    return (json) => {
      json.name("presence").openObject();
      for (const [client, info] of clients) json.name(client).raw(info);
      json.closeObject();
    };
  });
});

/** How many they are. */
export const presenceStats = apiMethod(OF_A_CHANNEL, (api, request) => {
  const channel = channelOf(api, request.channel);
  if ("code" in channel) return channel;
  if (!channel.options.presence) return CLIENT_ERRORS.NOT_AVAILABLE;
  const stats = readPresenceStats(api.context, UTF8.encode(channel.name));
  return answerWith(stats, ({ clients, users }) => (json) => {
    json.name("num_clients").integer(clients).name("num_users").integer(users);
  });
});

/** A part of the history. */
export const history = apiMethod({
  ...OF_A_CHANNEL,
  limit: { wire: "limit", read: readInteger(-MAX_INT32, MAX_INT32) },
  since: { wire: "since", read: readPosition },
  reverse: flag("reverse"),
}, (api, request) => {
  const channel = channelOf(api, request.channel);
  if ("code" in channel) return channel;
  if (channel.options.historySize === 0) return CLIENT_ERRORS.NOT_AVAILABLE;
  if (!api.budget.mayRead) return CLIENT_ERRORS.LIMIT_EXCEEDED;
  const page = readHistory(api.context, UTF8.encode(channel.name), request);
  return answerWith(page, ({ publications, position: { offset, epoch } }) => {
    api.budget.spend(publications.reduce((sum, { length }) => sum + length, 0));
    return (json) => {
      json.name("publications").openArray();
      for (const publication of publications) json.raw(publication);
      json.closeArray().name("epoch").text(epoch).name("offset").integer(offset);
    };
  });
});

/** Removes a history; offset and epoch of the channel stay. */
export const historyRemove = apiMethod(OF_A_CHANNEL, (api, request) => {
  const channel = channelOf(api, request.channel);
  if ("code" in channel) return channel;
  if (channel.options.historySize === 0) return CLIENT_ERRORS.NOT_AVAILABLE;
  const answer = api.context.broker.removeHistory(UTF8.encode(channel.name));
  return whenThere(answer, (isRemoved) => isRemoved ? EMPTY : CLIENT_ERRORS.INTERNAL);
});

/** Answers with what was read, now or later. */
function answerWith<Result extends object>(
  read: Soon<Result | ClientError>,
  write: (result: Result) => WriteResult,
): Soon<ApiAnswer> {
  return whenThere(read, (result): ApiAnswer => "code" in result ? result : write(result));
}

/** The channels that have subscribers. */
export const channels = apiMethod({ pattern: text("pattern") }, async (
  api,
  { pattern = "" },
): Promise<ApiAnswer> => {
  if (pattern.length > LONGEST_PATTERN) return CLIENT_ERRORS.BAD_REQUEST;
  if (!mayList(api)) return CLIENT_ERRORS.LIMIT_EXCEEDED;
  const found = await api.servers.channels(pattern);
  if ("code" in found) return found;
  return (json) => {
    json.name("channels").openObject();
    for (const [name, clients] of found) {
      json.name(name).openObject().name("num_clients").integer(clients).closeObject();
    }
    json.closeObject();
  };
});

/** What the servers are: each is one node, whatever worker answers. */
export const info = apiMethod({}, async (api): Promise<ApiAnswer> => {
  if (!mayList(api)) return CLIENT_ERRORS.LIMIT_EXCEEDED;
  const found = await api.servers.info();
  if ("code" in found) return found;
  return (json) => {
    json.name("nodes").openArray();
    for (const server of found) {
      json.openObject();
      for (const field of SERVER_TEXTS) json.name(field).text(server[field]);
      for (const field of SERVER_NUMBERS) json.name(field).integer(server[field]);
      json.closeObject();
    }
    json.closeArray();
  };
});

/** Whether there is budget for a list of channels, which it then has spent. */
function mayList({ budget }: ApiContext): boolean {
  if (!budget.mayRead) return false;
  budget.spend(LISTING_BYTES);
  return true;
}
