/**
 * Encodes the replies to commands.
 *
 * In: the buffer, the command's id, and its result or error. Out: one JSON object appended, without what
 * separates it from others: reply_batch.ts adds that. Fields that say nothing (false, no data) are left out, as clients take
 * a missing one for that. Payloads and publications are copied as they are.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { JsonWriter } from "../json/mod.ts";
import type { ClientError } from "./client_error.ts";

/** Where a client is in a channel's stream. */
export interface StreamPosition {
  readonly offset: number;
  /** Names the stream: offsets of another epoch mean nothing. */
  readonly epoch: string;
}

/** When something ends unless the client refreshes it. */
export interface Expiry {
  /** Seconds; undefined: it does not end. */
  readonly ttl?: number | undefined;
}

/** The result of a subscription. */
export interface SubscribeResult extends Expiry {
  readonly recoverable?: boolean;
  readonly positioned?: boolean;
  /** Where the stream is, or was before `publications`; only if it is recoverable or positioned. */
  readonly position?: StreamPosition | undefined;
  /** What was missed, each as writePublication made it; all of it or nothing. */
  readonly publications?: readonly Uint8Array[];
  readonly recovered?: boolean;
  readonly wasRecovering?: boolean;
  readonly data?: Uint8Array | undefined;
  /** Whether publications may come as deltas, and then all come as strings. */
  readonly delta?: boolean;
  /** The channel's number, if the client takes one in place of the name. */
  readonly id?: number | undefined;
}

/** The result of a connection. */
export interface ConnectResult extends Expiry {
  /** The id of the connection. */
  readonly client: string;
  readonly version: string;
  readonly data?: Uint8Array | undefined;
  /** The server-side subscriptions, by channel. */
  readonly subs?: ReadonlyMap<string, SubscribeResult>;
  /** Seconds between two pings; 0: there are none. */
  readonly ping: number;
  /** Whether pings are to be answered. */
  readonly pong: boolean;
  /** What an emulation request names to be brought here. */
  readonly session?: string | undefined;
  readonly node?: string | undefined;
  /** Milliseconds since 1970. */
  readonly time?: number | undefined;
}

/** The result of a history request. */
export interface HistoryResult {
  /** Each as writePublication made it. */
  readonly publications: readonly Uint8Array[];
  /** The newest position. */
  readonly position: StreamPosition;
}

/** The result of refresh: the connection's identity, and how long it lives now. */
export interface RefreshResult extends Expiry {
  readonly client: string;
  readonly version: string;
}

/** A ping, which has no fields at all; the client's pong looks the same. */
export const PING: Uint8Array = new TextEncoder().encode("{}");

/** A reply whose result has no fields: to unsubscribe and publish. */
export function writeEmptyResult(
  out: ByteBuffer,
  id: number,
  name: "unsubscribe" | "publish",
): void {
  openResult(out, id, name).closeObject().closeObject();
}

/** A reply with an error. */
export function writeError(out: ByteBuffer, id: number, error: ClientError): void {
  const json = openResult(out, id, "error");
  json.name("code").integer(error.code).name("message").text(error.message);
  if (error.temporary) json.name("temporary").flag(true);
  json.closeObject().closeObject();
}

/** The reply to connect. */
export function writeConnectResult(out: ByteBuffer, id: number, result: ConnectResult): void {
  const json = openResult(out, id, "connect");
  const { client, version, data, subs, ping, pong, session, node, time } = result;
  json.name("client").text(client).name("version").text(version);
  writeExpiry(json, result);
  if (data !== undefined) json.name("data").raw(data);
  if (subs !== undefined && subs.size > 0) {
    json.name("subs").openObject();
    for (const [channel, subscription] of subs) {
      writeSubscribeFields(json.name(channel).openObject(), subscription);
      json.closeObject();
    }
    json.closeObject();
  }
  if (ping > 0) json.name("ping").integer(ping);
  if (pong) json.name("pong").flag(true);
  if (session !== undefined) json.name("session").text(session);
  if (node !== undefined) json.name("node").text(node);
  if (time !== undefined) json.name("time").integer(time);
  json.closeObject().closeObject();
}

/** The reply to subscribe. */
export function writeSubscribeResult(out: ByteBuffer, id: number, result: SubscribeResult): void {
  const json = openResult(out, id, "subscribe");
  writeSubscribeFields(json, result);
  json.closeObject().closeObject();
}

function writeSubscribeFields(json: JsonWriter, result: SubscribeResult): void {
  const { recoverable, positioned, position, publications, recovered } = result;
  writeExpiry(json, result);
  writeTrue(json, "recoverable", recoverable);
  writeTrue(json, "positioned", positioned);
  if (position !== undefined) writePosition(json, position);
  if (publications !== undefined && publications.length > 0) {
    writePublications(json, publications);
  }
  writeTrue(json, "recovered", recovered);
  writeTrue(json, "was_recovering", result.wasRecovering);
  if (result.data !== undefined) json.name("data").raw(result.data);
  writeTrue(json, "delta", result.delta);
  if (result.id !== undefined) json.name("id").integer(result.id);
}

/**
 * The reply to presence: the connections that are there, by their ids.
 *
 * @param out where to append
 * @param id of the command
 * @param clients each with its info as `writeClientInfo` writes it
 */
export function writePresenceResult(
  out: ByteBuffer,
  id: number,
  clients: Iterable<readonly [client: string, info: Uint8Array]>,
): void {
  const json = openResult(out, id, "presence").name("presence").openObject();
  for (const [client, info] of clients) json.name(client).raw(info);
  json.closeObject().closeObject().closeObject();
}

/** The reply to presence_stats. */
export function writePresenceStatsResult(
  out: ByteBuffer,
  id: number,
  { clients, users }: { readonly clients: number; readonly users: number },
): void {
  const json = openResult(out, id, "presence_stats");
  json.name("num_clients").integer(clients).name("num_users").integer(users);
  json.closeObject().closeObject();
}

/** The reply to history. */
export function writeHistoryResult(out: ByteBuffer, id: number, result: HistoryResult): void {
  const json = openResult(out, id, "history");
  writePublications(json, result.publications);
  writePosition(json, result.position);
  json.closeObject().closeObject();
}

/** The reply to rpc. */
export function writeRpcResult(out: ByteBuffer, id: number, data: Uint8Array): void {
  openResult(out, id, "rpc").name("data").raw(data).closeObject().closeObject();
}

/** The reply to refresh. */
export function writeRefreshResult(out: ByteBuffer, id: number, result: RefreshResult): void {
  const json = openResult(out, id, "refresh");
  json.name("client").text(result.client).name("version").text(result.version);
  writeExpiry(json, result);
  json.closeObject().closeObject();
}

/** The reply to sub_refresh. */
export function writeSubRefreshResult(out: ByteBuffer, id: number, expiry: Expiry): void {
  const json = openResult(out, id, "sub_refresh");
  writeExpiry(json, expiry);
  json.closeObject().closeObject();
}

/** `"expires":true` and the time, or nothing. */
export function writeExpiry(json: JsonWriter, { ttl }: Expiry): void {
  if (ttl !== undefined) json.name("expires").flag(true).name("ttl").integer(ttl);
}

/** The epoch and the offset. */
export function writePosition(json: JsonWriter, { offset, epoch }: StreamPosition): void {
  json.name("epoch").text(epoch).name("offset").integer(offset);
}

/** A field that is only written if it is true. */
export function writeTrue(json: JsonWriter, name: string, value: boolean | undefined): void {
  if (value === true) json.name(name).flag(true);
}

function writePublications(json: JsonWriter, publications: readonly Uint8Array[]): void {
  json.name("publications").openArray();
  for (const publication of publications) json.raw(publication);
  json.closeArray();
}

/** `{"id":1,"subscribe":{`; two objects are left to be closed. */
function openResult(out: ByteBuffer, id: number, name: string): JsonWriter {
  return new JsonWriter(out).openObject().name("id").integer(id).name(name).openObject();
}
