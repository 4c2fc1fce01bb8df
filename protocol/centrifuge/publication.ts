/**
 * Encodes publications so that all subscribers of a channel, and its history, share one encoding.
 *
 * In: what was published. Out: first its fields, without the offset, which is not known before the store has
 * ordered it; then, with the offset, the publication of a history, or the push to subscribers. A subscriber that
 * offered channel compaction gets the push with the channel's number, the others with its name. A
 * payload is copied byte for byte, but for line breaks between its tokens.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { JsonWriter } from "../json/mod.ts";

/** The connection that published, joined or left. */
export interface ClientInfo {
  /** Empty for an anonymous one. */
  readonly user: string;
  /** The connection's id. */
  readonly client: string;
  /** JSON of the connection token. */
  readonly connectionInfo?: Uint8Array | undefined;
  /** JSON of the subscription token. */
  readonly channelInfo?: Uint8Array | undefined;
}

/** What was published. */
export interface Publication {
  /** JSON; or, with `dataFormat`, what is sent as a JSON string. */
  readonly data: Uint8Array;
  /**
   * How a subscriber that negotiated deltas gets it: `whole`, the JSON as a string, or `delta`, the difference
   * as a string. Undefined: the JSON itself, for everybody else.
   */
  readonly dataFormat?: "whole" | "delta" | undefined;
  /** Only if a client published it. */
  readonly info?: ClientInfo | undefined;
  readonly tags?: ReadonlyMap<string, string> | undefined;
  /** Milliseconds since 1970. */
  readonly time?: number | undefined;
}

/** A channel's name, or the number that stands for it. */
export type ChannelReference = string | number;

/** Appends the fields of a publication except its offset, without braces. */
export function writePublicationFields(out: ByteBuffer, publication: Publication): void {
  const { data, dataFormat, info, tags, time } = publication;
  const json = new JsonWriter(out).name("data");
  if (dataFormat === undefined) json.raw(data);
  else json.quoted(data);
  if (info !== undefined) writeClientInfo(json.name("info"), info);
  if (tags !== undefined && tags.size > 0) {
    json.name("tags").openObject();
    for (const [name, value] of tags) json.name(name).text(value);
    json.closeObject();
  }
  if (dataFormat === "delta") json.name("delta").flag(true);
  if (time !== undefined) json.name("time").integer(time);
}

/** Appends a publication, as histories and recoveries list it. */
export function writePublication(out: ByteBuffer, offset: number, fields: Uint8Array): void {
  // 0: the channel keeps no history.
  out.appendLatin1(offset === 0 ? "{" : `{"offset":${offset},`);
  out.append(fields);
  out.appendLatin1("}");
}

/** Appends the push of a publication: the reply that all subscribers get. */
export function writePublicationPush(
  out: ByteBuffer,
  channel: ChannelReference,
  { offset, fields }: { readonly offset: number; readonly fields: Uint8Array },
): void {
  const json = openPush(out, channel).name("pub");
  writePublication(json.out, offset, fields);
  json.closeObject().closeObject();
}

/** Begins a push: `{"push":{"channel":…`; two objects are left to be closed. */
export function openPush(out: ByteBuffer, channel: ChannelReference | undefined): JsonWriter {
  const json = new JsonWriter(out).openObject().name("push").openObject();
  if (typeof channel === "string") json.name("channel").text(channel);
  else if (channel !== undefined) json.name("id").integer(channel);
  return json;
}

/** Writes the info of a connection as the next value. */
export function writeClientInfo(json: JsonWriter, info: ClientInfo): void {
  const { user, client, connectionInfo, channelInfo } = info;
  json.openObject().name("user").text(user).name("client").text(client);
  if (connectionInfo !== undefined) json.name("conn_info").raw(connectionInfo);
  if (channelInfo !== undefined) json.name("chan_info").raw(channelInfo);
  json.closeObject();
}
