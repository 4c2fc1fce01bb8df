/**
 * The commands of the Centrifuge protocol: their fields, with types, as tables.
 *
 * In: nothing. Out: a shape for each command, which command_reader.ts decodes with, and the types of the results.
 * The names on the wire are those of the protocol's definition (client.proto of protocol 2); fields that only
 * other features have, such as map subscriptions, are read as far as they must be refused. Offsets are
 * unsigned numbers of 64 bits there; here they end at 2^53 - 1, as in JavaScript clients.
 */

import {
  type Decoded,
  type Field,
  flag,
  MAX_UINT32,
  raw,
  readInteger,
  readMap,
  readObject,
  readText,
  type Shape,
  text,
  unsigned,
} from "../json/mod.ts";
import { readTagsFilter } from "./tags_filter.ts";

const MIN_INT32 = -0x8000_0000;
const MAX_INT32 = 0x7fff_ffff;

/** Bit 0 of `flag`: the client understands a number in place of the channel's name. */
export const CHANNEL_COMPACTION = 1;

const offset = unsigned("offset", Number.MAX_SAFE_INTEGER);
/** 0: an ordinary stream. Others are kinds of subscriptions that this server does not have. */
const type: Field<number> = { wire: "type", read: readInteger(MIN_INT32, MAX_INT32) };

const SUBSCRIBE = {
  channel: text("channel"),
  token: text("token"),
  recover: flag("recover"),
  epoch: text("epoch"),
  offset,
  data: raw("data"),
  positioned: flag("positioned"),
  recoverable: flag("recoverable"),
  joinLeave: flag("join_leave"),
  /** `fossil`, or empty. */
  delta: text("delta"),
  /** A condition on tags: see tags_filter.ts. */
  tagsFilter: { wire: "tf", read: readTagsFilter },
  flag: unsigned("flag", Number.MAX_SAFE_INTEGER),
  type,
} as const satisfies Shape;

const POSITION = { offset, epoch: text("epoch") } as const satisfies Shape;

/** The fields of each command, by the command's name on the wire. */
export const REQUESTS = {
  connect: {
    token: text("token"),
    data: raw("data"),
    /** Positions of server-side subscriptions. */
    subs: { wire: "subs", read: readMap(readObject(SUBSCRIBE)) },
    name: text("name"),
    version: text("version"),
    /** Header fields that a browser could not set, by name. */
    headers: { wire: "headers", read: readMap(readText) },
  },
  subscribe: SUBSCRIBE,
  unsubscribe: { channel: text("channel") },
  publish: { channel: text("channel"), data: raw("data"), type },
  presence: { channel: text("channel") },
  presence_stats: { channel: text("channel") },
  history: {
    channel: text("channel"),
    /** Below 0: no limit; 0: the position alone. */
    limit: { wire: "limit", read: readInteger(MIN_INT32, MAX_INT32) },
    since: { wire: "since", read: readObject(POSITION) },
    reverse: flag("reverse"),
  },
  rpc: { method: text("method"), data: raw("data") },
  send: { data: raw("data") },
  refresh: { token: text("token") },
  sub_refresh: { channel: text("channel"), token: text("token"), type },
} as const satisfies Readonly<Record<string, Shape>>;

/** The name of a command. */
export type CommandName = keyof typeof REQUESTS;

/** The fields of a command, as they were decoded. */
export type RequestOf<Name extends CommandName> = Decoded<(typeof REQUESTS)[Name]>;

/** The fields of a subscribe command. */
export type SubscribeRequest = RequestOf<"subscribe">;

/** The number that a client gives a command. */
export const COMMAND_ID: Field<number> = unsigned("id", MAX_UINT32);
