/**
 * Reads who is present in a channel.
 *
 * In: a channel's key. Out: the clients, or the error to answer with.
 */

import { decodeUtf8 } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import type { ChannelContext } from "./channel_context.ts";

/** The id of a client, and the JSON of its info. */
export type PresentClient = readonly [client: string, info: Uint8Array];

/** The clients that are present. Their infos are copied as they are stored: there may be thousands. */
export function readPresence(
  { broker, limits, meter }: ChannelContext,
  key: Uint8Array,
): Soon<readonly PresentClient[] | ClientError> {
  const clients: PresentClient[] = [];
  const answer = broker.presence(key, limits.presenceClients, (client, info) => {
    clients.push([decodeUtf8(client), info.slice()]);
  });
  return whenThere(answer, ({ status }) => {
    if (status === "limit") {
      meter.limitExceeded("presence");
      return CLIENT_ERRORS.LIMIT_EXCEEDED;
    }
    return status === "busy" ? CLIENT_ERRORS.INTERNAL : clients;
  });
}

/** How many clients and users are present. */
export function readPresenceStats(
  { broker }: ChannelContext,
  key: Uint8Array,
): Soon<{ readonly clients: number; readonly users: number } | ClientError> {
  return whenThere(
    broker.presenceStats(key),
    ({ status, clients, users }) => status === "busy" ? CLIENT_ERRORS.INTERNAL : { clients, users },
  );
}
