/**
 * Encodes the pushes, which the server sends on its own, except publications.
 *
 * In: the buffer, the channel and what happened. Out: one JSON object appended, as replies.ts does. Joins
 * and leaves may name the channel by its number; clients know unsubscribe and subscribe by the name alone.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { type Disconnect, reconnects } from "./disconnect.ts";
import {
  type ChannelReference,
  type ClientInfo,
  openPush,
  writeClientInfo,
} from "./publication.ts";
import {
  type Expiry,
  type StreamPosition,
  writeExpiry,
  writePosition,
  writeTrue,
} from "./replies.ts";
import type { Unsubscribe } from "./unsubscribe.ts";

/** A subscription that the server made. */
interface ServerSubscription {
  readonly recoverable?: boolean;
  readonly positioned?: boolean;
  /** Only if it is recoverable or positioned. */
  readonly position?: StreamPosition | undefined;
  readonly data?: Uint8Array | undefined;
}

/** Somebody subscribed to the channel, or left it. */
export function writeJoinOrLeave(
  out: ByteBuffer,
  kind: "join" | "leave",
  { channel, info }: { readonly channel: ChannelReference; readonly info: ClientInfo },
): void {
  const json = openPush(out, channel).name(kind).openObject().name("info");
  writeClientInfo(json, info);
  json.closeObject().closeObject().closeObject();
}

/** The server ended a subscription. */
export function writeUnsubscribePush(
  out: ByteBuffer,
  channel: string,
  { code, reason }: Unsubscribe,
): void {
  const json = openPush(out, channel).name("unsubscribe").openObject();
  json.name("code").integer(code).name("reason").text(reason);
  json.closeObject().closeObject().closeObject();
}

/** The server subscribed the client to a channel. */
export function writeSubscribePush(
  out: ByteBuffer,
  channel: string,
  subscription: ServerSubscription,
): void {
  const { recoverable, positioned, position, data } = subscription;
  const json = openPush(out, channel).name("subscribe").openObject();
  writeTrue(json, "recoverable", recoverable);
  writeTrue(json, "positioned", positioned);
  if (position !== undefined) writePosition(json, position);
  if (data !== undefined) json.name("data").raw(data);
  json.closeObject().closeObject().closeObject();
}

/** The connection ends: how SSE and HTTP streams learn what a WebSocket learns from its close frame. */
export function writeDisconnectPush(out: ByteBuffer, { code, reason }: Disconnect): void {
  const json = openPush(out, undefined).name("disconnect").openObject();
  json.name("code").integer(code).name("reason").text(reason);
  writeTrue(json, "reconnect", reconnects(code));
  json.closeObject().closeObject().closeObject();
}

/** The server refreshed the connection. */
export function writeRefreshPush(out: ByteBuffer, expiry: Expiry): void {
  const json = openPush(out, undefined).name("refresh").openObject();
  writeExpiry(json, expiry);
  json.closeObject().closeObject().closeObject();
}
