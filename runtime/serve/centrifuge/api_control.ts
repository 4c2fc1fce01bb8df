/**
 * The methods of the HTTP API that concern connections: unsubscribe, disconnect, subscribe, refresh.
 *
 * In: a request. Out: on the worker that got it, an empty result, once it is on its way to all workers, of all servers if there is an
 * engine; on each worker, what it does to the clients that it names. A user that is not connected is no error.
 */

import { CLIENT_ERRORS, DISCONNECTS, UNSUBSCRIBES } from "../../../protocol/centrifuge/mod.ts";
import {
  decodeShape,
  flag,
  JSON_DEPTH,
  raw,
  readInteger,
  readList,
  readObject,
  readSeconds,
  readText,
  text,
} from "../../../protocol/json/mod.ts";
import { type Soon, whenThere } from "../broker/mod.ts";
import { readOverride } from "../tokens/mod.ts";
import {
  type ApiAnswer,
  type ApiContext,
  type ApiMethod,
  apiMethod,
  channelOf,
  EMPTY,
  readPosition,
} from "./api_method.ts";
import type { ChannelContext } from "./channel_context.ts";
import type { ClientDirectory, ControlledClient } from "./client_directory.ts";
import type { ControlHandler } from "./control_channel.ts";

const CLIENTS = {
  user: text("user"),
  client: text("client"),
  session: text("session"),
} as const;

const UNSUBSCRIBE = { ...CLIENTS, channel: text("channel") } as const;

const DISCONNECT = {
  ...CLIENTS,
  /** Ids of connections that stay. */
  whitelist: { wire: "whitelist", read: readList(readText) },
  disconnect: {
    wire: "disconnect",
    read: readObject({
      code: { wire: "code", read: readInteger(3000, 4999) },
      reason: text("reason"),
    }),
  },
} as const;

const SUBSCRIBE = {
  ...CLIENTS,
  channel: text("channel"),
  info: raw("info"),
  data: raw("data"),
  override: { wire: "override", read: readOverride },
  expireAt: { wire: "expire_at", read: readSeconds },
  recoverSince: { wire: "recover_since", read: readPosition },
} as const;

const REFRESH = {
  ...CLIENTS,
  expired: flag("expired"),
  expireAt: { wire: "expire_at", read: readSeconds },
} as const;

/** RFC 6455 section 5.5: what a close frame has room for. */
const MAX_REASON_BYTES = 123;

/** Ends the subscription of a user's connections. */
export const unsubscribe: ApiMethod = apiMethod(UNSUBSCRIBE, (api, { channel }, slice) => {
  const found = channelOf(api, channel);
  return "code" in found ? found : send(api, "unsubscribe", slice);
});

/** Subscribes a user's connections. */
export const subscribe: ApiMethod = apiMethod(SUBSCRIBE, (api, { channel }, slice) => {
  const found = channelOf(api, channel);
  return "code" in found ? found : send(api, "subscribe", slice);
});

/** Ends a user's connections. */
export const disconnect: ApiMethod = apiMethod(DISCONNECT, (api, request, slice) => {
  const { code, reason = "" } = request.disconnect ?? {};
  const isTooLong = new TextEncoder().encode(reason).length > MAX_REASON_BYTES;
  if (isTooLong || (request.disconnect !== undefined && code === undefined)) {
    return CLIENT_ERRORS.BAD_REQUEST;
  }
  return send(api, "disconnect", slice);
});

/** Changes when a user's connections expire. */
export const refresh: ApiMethod = apiMethod(
  REFRESH,
  (api, _request, slice) => send(api, "refresh", slice),
);

function send(
  { context, control }: ApiContext,
  method: string,
  { bytes, start, end }: {
    readonly bytes: Uint8Array;
    readonly start: number;
    readonly end: number;
  },
): Soon<ApiAnswer> {
  // It would never fit.
  if (method.length + end - start > context.store.maxEntryBytes) return CLIENT_ERRORS.BAD_REQUEST;
  const sent = control.request(method, bytes.subarray(start, end));
  return whenThere(sent, (isSent): ApiAnswer => isSent ? EMPTY : CLIENT_ERRORS.INTERNAL);
}

/** Does on this worker what was asked on any. */
export class ConnectionControl implements ControlHandler {
  readonly #context: Pick<ChannelContext, "rules">;
  readonly #directory: ClientDirectory;

  constructor(context: Pick<ChannelContext, "rules">, directory: ClientDirectory) {
    this.#context = context;
    this.#directory = directory;
  }

  control(method: string, bytes: Uint8Array): void {
    const slice = { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH };
    if (method === "unsubscribe") {
      const { channel = "", ...clients } = decodeShape(slice, UNSUBSCRIBE);
      for (const client of this.#find(clients)) client.unsubscribe(channel, UNSUBSCRIBES.SERVER);
    } else if (method === "disconnect") {
      const { whitelist = [], disconnect, ...clients } = decodeShape(slice, DISCONNECT);
      const { code, reason = "" } = disconnect ?? {};
      const end = code === undefined ? DISCONNECTS.FORCE_NO_RECONNECT : { code, reason };
      for (const client of this.#find(clients)) {
        if (!whitelist.includes(client.identity.id)) client.disconnect(end);
      }
    } else if (method === "subscribe") {
      this.#subscribe(decodeShape(slice, SUBSCRIBE));
    } else if (method === "refresh") {
      const { expired = false, expireAt, ...clients } = decodeShape(slice, REFRESH);
      for (const client of this.#find(clients)) {
        if (expired) client.disconnect(DISCONNECTS.EXPIRED);
        else client.refreshByServer(expireAt || undefined);
      }
    }
  }

  #subscribe(request: ReturnType<typeof decodeShape<typeof SUBSCRIBE>>): void {
    const found = this.#context.rules.resolve(request.channel ?? "");
    if ("error" in found) return;
    const { info, data, override = {}, expireAt, recoverSince } = request;
    const grant = {
      info: info?.slice(),
      data: data?.slice(),
      override,
      expireAt: expireAt || undefined,
      isServerSide: true,
    };
    const wish = recoverSince === undefined ? {} : { recover: true, ...recoverSince };
    for (const client of this.#find(request)) {
      client.subscribeByServer(found.channel, wish, grant);
    }
  }

  #find({ user = "", client, session }: {
    readonly user: string | undefined;
    readonly client: string | undefined;
    readonly session: string | undefined;
  }): readonly ControlledClient[] {
    return this.#directory.find(user, client, session);
  }
}
