/**
 * Decodes the bodies of requests to the Pusher API: an event for some channels, and a batch of events.
 *
 * In: JSON as (bytes, start, end). Out: events whose names and channels are right; or a ProtocolError with a status, whose message is for
 * the developer of the backend.
 */

import { ProtocolError } from "../errors.ts";
import {
  type Decoded,
  decodeShape,
  JSON_DEPTH,
  JsonError,
  type Read,
  readList,
  readObject,
  readText,
  text,
} from "../json/mod.ts";
import { parsePusherChannel, type PusherChannelName } from "./channel_name.ts";
import { CHANNELS_OF_EVENT, EVENT_NAME_LENGTH, EVENTS_OF_BATCH } from "./limits.ts";

/** An event of a backend. */
export interface PusherApiEvent {
  readonly name: string;
  /** At least one. */
  readonly channels: readonly PusherChannelName[];
  /** As clients get it. */
  readonly data: string;
  /** The connection that does not get it; empty: all do. */
  readonly socketId: string;
  /** What the answer says about the channels. */
  readonly info: readonly PusherInfo[];
}

/** What an answer can say about a channel. */
export const PUSHER_INFOS = ["subscription_count", "user_count"] as const;
/** One of {@link PUSHER_INFOS}. */
export type PusherInfo = (typeof PUSHER_INFOS)[number];

const QUOTE = 0x22;
const UTF8 = new TextDecoder();
const SOCKET_ID = /^\d{1,20}\.\d{1,20}$/;
const RESERVED = /^pusher(?:_internal)?:/;

/** A string; any other value is taken for what its JSON is. */
const readData: Read<string> = (slice) => {
  const { bytes, start, end } = slice;
  return bytes[start] === QUOTE ? readText(slice) : UTF8.decode(bytes.subarray(start, end));
};

const EVENT = {
  name: text("name"),
  channel: text("channel"),
  channels: { wire: "channels", read: readList(readText) },
  data: { wire: "data", read: readData, takesNull: true },
  socketId: text("socket_id"),
  info: text("info"),
} as const;
const BATCH = { batch: { wire: "batch", read: readList(readObject(EVENT)) } } as const;

/** The event of a body. @throws {ProtocolError} */
export function decodePusherEvent(bytes: Uint8Array, start: number, end: number): PusherApiEvent {
  return eventOf(decodeBody(bytes, start, end, EVENT));
}

/** The events of a batch. @throws {ProtocolError} */
export function decodePusherBatch(
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly PusherApiEvent[] {
  const { batch = [] } = decodeBody(bytes, start, end, BATCH);
  if (batch.length === 0 || batch.length > EVENTS_OF_BATCH) {
    throw refusal(`A batch has 1 to ${EVENTS_OF_BATCH} events, and not ${batch.length}`);
  }
  return batch.map((event) => eventOf(event));
}

/** What a request asks to be told about a channel. @throws {ProtocolError} for another word */
export function readPusherInfo(text: string): readonly PusherInfo[] {
  if (text === "") return [];
  return [...new Set(text.split(","))].map((word) => {
    const info = PUSHER_INFOS.find((one) => one === word);
    if (info !== undefined) return info;
    throw refusal(`info can be ${PUSHER_INFOS.join(" and ")}, separated by commas`);
  });
}

function decodeBody<S extends typeof EVENT | typeof BATCH>(
  bytes: Uint8Array,
  start: number,
  end: number,
  shape: S,
): Decoded<S> {
  try {
    return decodeShape({ bytes, start, end, depth: JSON_DEPTH }, shape);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw refusal(`${error.message}, at byte ${error.offset - start} of the body`);
  }
}

function eventOf(given: Decoded<typeof EVENT>): PusherApiEvent {
  const { name = "", channel, channels: list = [], data, socketId = "", info = "" } = given;
  if (name === "" || name.length > EVENT_NAME_LENGTH) {
    throw refusal(`The name of an event has 1 to ${EVENT_NAME_LENGTH} characters`);
  }
  if (RESERVED.test(name)) throw refusal("Events of this name are the server's own");
  if (data === undefined) throw refusal("The event has no data");
  if (socketId !== "" && !SOCKET_ID.test(socketId)) {
    throw refusal("socket_id is two numbers with a dot between");
  }
  const names = channel === undefined ? list : [channel, ...list];
  return { name, channels: channelsOf(names), data, socketId, info: readPusherInfo(info) };
}

function channelsOf(names: readonly string[]): readonly PusherChannelName[] {
  if (names.length === 0 || names.length > CHANNELS_OF_EVENT) {
    throw refusal(`An event is for 1 to ${CHANNELS_OF_EVENT} channels, and not ${names.length}`);
  }
  const channels = names.map((name) => {
    const parsed = parsePusherChannel(name);
    if (parsed !== undefined) return parsed;
    throw refusal(
      "The name of a channel has 1 to 200 of the characters a-z A-Z 0-9 _ - = @ , . ;",
    );
  });
  // Each has a key of its own.
  if (channels.length > 1 && channels.some(({ kind }) => kind === "encrypted")) {
    throw refusal("An encrypted event is for one channel alone");
  }
  return channels;
}

function refusal(message: string): ProtocolError {
  return new ProtocolError("PUSHER_API", message, { status: 400 });
}
