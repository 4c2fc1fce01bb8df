/**
 * Decodes what a client of the Pusher protocol sends: one command a message.
 *
 * In: a whole text message as (bytes, start, end). Out: the command; or a ProtocolError with close code {@link MALFORMED}, which a server
 * answers with `pusher:error` and may survive. Events that the protocol has later, or that clients make up, are `unknown`. Payloads are
 * views of the message: copy them to keep them.
 */

import { ProtocolError } from "../errors.ts";
import {
  type Decoded,
  decodeShape,
  JSON_DEPTH,
  JsonError,
  raw,
  readText,
  type Shape,
  text,
} from "../json/mod.ts";

/** A command of a client. */
export type PusherCommand =
  | {
    readonly name: "subscribe";
    readonly channel: string;
    /** Empty: there is none. */
    readonly auth: string;
    /** JSON, as it was signed; undefined: there is none. */
    readonly channelData: string | undefined;
  }
  | { readonly name: "unsubscribe"; readonly channel: string }
  | { readonly name: "signin"; readonly auth: string; readonly userData: string }
  | { readonly name: "ping" | "pong" }
  | {
    readonly name: "event";
    readonly event: string;
    readonly channel: string;
    /** JSON. */
    readonly data: Uint8Array;
  }
  | { readonly name: "unknown"; readonly event: string };

/** "Any other type of error", which ends nothing. */
export const MALFORMED = 4301;

const MESSAGE = { event: text("event"), channel: text("channel"), data: raw("data") } as const;
const SUBSCRIBE = {
  channel: text("channel"),
  auth: text("auth"),
  channelData: text("channel_data"),
} as const;
const UNSUBSCRIBE = { channel: text("channel") } as const;
const SIGNIN = { auth: text("auth"), userData: text("user_data") } as const;

const CLIENT_EVENT = "client-";
const QUOTE = 0x22;
const UTF8 = new TextEncoder();
const NULL = UTF8.encode("null");
const EMPTY = UTF8.encode("{}");

/** Decodes one message. @throws {ProtocolError} */
export function decodePusherMessage(bytes: Uint8Array, start: number, end: number): PusherCommand {
  try {
    return decode(bytes, start, end);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw malformed(`${error.message}, at byte ${error.offset - start} of the message`);
  }
}

function decode(bytes: Uint8Array, start: number, end: number): PusherCommand {
  const whole = { bytes, start, end, depth: JSON_DEPTH };
  const { event, channel = "", data } = decodeShape(whole, MESSAGE);
  if (event === undefined) throw malformed("The message names no event");
  switch (event) {
    case "pusher:subscribe": {
      const { channel = "", auth = "", channelData } = read(data, SUBSCRIBE);
      return { name: "subscribe", channel, auth, channelData };
    }
    case "pusher:unsubscribe":
      return { name: "unsubscribe", channel: read(data, UNSUBSCRIBE).channel ?? "" };
    case "pusher:signin": {
      const { auth = "", userData = "" } = read(data, SIGNIN);
      return { name: "signin", auth, userData };
    }
    case "pusher:ping":
      return { name: "ping" };
    case "pusher:pong":
      return { name: "pong" };
    default:
      return event.startsWith(CLIENT_EVENT)
        ? { name: "event", event, channel, data: data ?? NULL }
        : { name: "unknown", event };
  }
}

/** The fields of `data`, which some clients send as a string with JSON in it. */
function read<S extends Shape>(data: Uint8Array = EMPTY, shape: S): Decoded<S> {
  const whole = { start: 0, depth: JSON_DEPTH - 1 };
  if (data[0] !== QUOTE) return decodeShape({ ...whole, bytes: data, end: data.length }, shape);
  const inner = UTF8.encode(readText({ ...whole, bytes: data, end: data.length }));
  return decodeShape({ ...whole, bytes: inner, end: inner.length }, shape);
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("PUSHER_MALFORMED", message, { closeCode: MALFORMED });
}
