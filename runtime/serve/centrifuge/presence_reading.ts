/**
 * Reads who is present in a channel.
 *
 * In: a channel's key. Out: the clients, or the error to answer with.
 */

import {
  CLIENT_ERRORS,
  type ClientError,
  type ClientInfo,
} from "../../../protocol/centrifuge/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { decodeClientInfo } from "./publication_fields.ts";

/** The clients that are present, by their ids. */
export function readPresence(
  { store, limits }: ChannelContext,
  key: Uint8Array,
): ReadonlyMap<string, ClientInfo> | ClientError {
  const clients = new Map<string, ClientInfo>();
  const { status } = store.presence(key, limits.presenceClients, (_client, info) => {
    const one = decodeClientInfo(info.slice());
    clients.set(one.client, one);
  });
  if (status === "limit") return CLIENT_ERRORS.LIMIT_EXCEEDED;
  return status === "busy" ? CLIENT_ERRORS.INTERNAL : clients;
}

/** How many clients and users are present. */
export function readPresenceStats(
  { store }: ChannelContext,
  key: Uint8Array,
): { readonly clients: number; readonly users: number } | ClientError {
  const { status, clients, users } = store.presenceStats(key);
  return status === "busy" ? CLIENT_ERRORS.INTERNAL : { clients, users };
}
