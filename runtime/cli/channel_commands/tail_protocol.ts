/**
 * The client's side of the Centrifuge protocol, as far as following one channel needs it.
 *
 * In: the bytes of a message. Out: its replies, decoded; publications stay the bytes that they are. And the other way: the commands
 * that begin a subscription.
 */

import {
  type Decoded,
  decodeShape,
  flag,
  JSON_DEPTH,
  JsonError,
  MAX_UINT32,
  raw,
  readInteger,
  readList,
  readObject,
  readRaw,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import type { Tokens } from "./tail_tokens.ts";

/** A position in a channel. */
export interface TailPosition {
  readonly offset: number;
  /** Undefined: whichever the channel has. */
  readonly epoch: string | undefined;
}

const CONNECT_ID = 1;
const SUBSCRIBE_ID = 2;
const LINE_FEED = 0x0a;
const offset = unsigned("offset", Number.MAX_SAFE_INTEGER);
const code = { wire: "code", read: readInteger(0, MAX_UINT32) } as const;
const reason = { code, reason: text("reason") } as const;
const CONNECT = { ping: unsigned("ping", MAX_UINT32), pong: flag("pong") } as const;
const SUBSCRIBE = {
  positioned: flag("positioned"),
  recoverable: flag("recoverable"),
  recovered: flag("recovered"),
  epoch: text("epoch"),
  offset,
  publications: { wire: "publications", read: readList(readRaw) },
} as const;
const PUSH = {
  publication: raw("pub"),
  unsubscribe: { wire: "unsubscribe", read: readObject(reason) },
  disconnect: { wire: "disconnect", read: readObject(reason) },
} as const;
const REPLY = {
  id: unsigned("id", MAX_UINT32),
  error: {
    wire: "error",
    read: readObject({ code, message: text("message"), temporary: flag("temporary") }),
  },
  connect: { wire: "connect", read: readObject(CONNECT) },
  subscribe: { wire: "subscribe", read: readObject(SUBSCRIBE) },
  push: { wire: "push", read: readObject(PUSH) },
} as const;

/** A reply, a push, or a ping, which has nothing. */
export type TailReply = Decoded<typeof REPLY>;
/** The result of the connection: seconds between pings, and whether they are answered. */
export type TailConnection = Decoded<typeof CONNECT>;
/** The result of the subscription. */
export type TailSubscription = Decoded<typeof SUBSCRIBE>;

/** The message that begins. */
export function beginning(
  channel: string,
  { connection, subscription }: Tokens,
  since: TailPosition | undefined,
): string {
  const connect = { id: CONNECT_ID, connect: { token: connection, name: "async-deno" } };
  const recovery = since === undefined ? {} : { recover: true, ...since };
  const subscribe = {
    id: SUBSCRIBE_ID,
    subscribe: { channel, token: subscription, positioned: true, recoverable: true, ...recovery },
  };
  return `${JSON.stringify(connect)}\n${JSON.stringify(subscribe)}`;
}

/** The replies of a message; undefined: it is none of this protocol. */
export function repliesOf(message: Uint8Array): readonly TailReply[] | undefined {
  const replies: TailReply[] = [];
  try {
    for (let start = 0; start < message.length;) {
      const found = message.indexOf(LINE_FEED, start);
      const end = found < 0 ? message.length : found;
      const slice = { bytes: message, start, end, depth: JSON_DEPTH + 4 };
      replies.push(decodeShape(slice, REPLY));
      start = end + 1;
    }
    return replies;
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

/** Whether it is the answer to the connect command. */
export function isOfConnect({ id }: TailReply): boolean {
  return id === CONNECT_ID;
}

/** Whether it is a ping. */
export function isPing({ id, push }: TailReply): boolean {
  return id === undefined && push === undefined;
}

/** The offset of a publication; undefined: its channel keeps no history. */
export function offsetOf(publication: Uint8Array): number | undefined {
  const slice = { bytes: publication, start: 0, end: publication.length, depth: JSON_DEPTH + 2 };
  return decodeShape(slice, { offset }).offset;
}
