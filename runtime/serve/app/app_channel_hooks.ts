/**
 * What an app decides about channels: types of the functions under `channels` of its default export.
 *
 * Types alone: app_module.ts refers to them. One rule for all: a function that returns nothing leaves the decision to the
 * configuration; one that returns an object or `true` allows what was asked for; one that throws refuses it, as `false` does. An error with a
 * `code` from 100 to 1999 is the client's answer, with its message; one with a code from 3000 to 4999 ends the
 * connection with that code. Any other error is a fault of the app, and so is anything else that it returns: it is logged, and the
 * client is told that the server failed (100).
 */

/** Any value that JSON has. */
// deno-lint-ignore no-explicit-any -- what a client sends may be of any shape
export type Json = any;

/** Who asks. */
export interface ChannelCaller {
  /** The id of the connection. */
  readonly client: string;
  /** The user; empty: none. */
  readonly user: string;
  /** What carries the connection. */
  readonly transport: "websocket" | "sse" | "http_stream";
  /** What `connect` has returned as `meta`, or the token's claim; it is never sent. */
  readonly meta: Json;
}

/** A client wants to connect. */
export interface ConnectEvent extends Omit<ChannelCaller, "meta"> {
  /** The name and the version that the client gives itself. */
  readonly name: string;
  readonly version: string;
  /** What the client sends along. */
  readonly data: Json;
  /** The token, if the server has no key to verify it; otherwise `user` is that of a valid token. */
  readonly token: string;
  /** Fields that a client sends in place of header fields, by their names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a connection is given. */
export interface ConnectAnswer {
  /** The user; default: that of the token, or none. */
  readonly user?: string;
  /** Seconds since 1970 at which the connection ends, unless `refresh` prolongs it. */
  readonly expireAt?: number;
  /** What others see of the client: in presence, joins and publications. */
  readonly info?: Json;
  /** What the client is told. */
  readonly data?: Json;
  /** For the app's other functions. */
  readonly meta?: Json;
  /** Channels that the client is subscribed to at once. */
  readonly channels?: readonly string[];
}

/** A connection is about to end: it is the moment that `expireAt` has named. */
export type RefreshEvent = ChannelCaller;

/** How long it goes on. Nothing: it ends. */
export interface RefreshAnswer {
  /** Seconds since 1970; default: it does not end any more. */
  readonly expireAt?: number;
}

/** A client wants to subscribe. */
export interface SubscribeEvent extends ChannelCaller {
  readonly channel: string;
  readonly data: Json;
  /** The subscription token, if the server has no key to verify it. */
  readonly token: string;
}

/** What a subscription is given. */
export interface SubscribeAnswer {
  /** What others see beside the client in this channel. */
  readonly info?: Json;
  /** What the client is told. */
  readonly data?: Json;
  /** Seconds since 1970 at which the subscription ends, unless `subRefresh` prolongs it. */
  readonly expireAt?: number;
}

/** A subscription is about to end. */
export interface SubRefreshEvent extends ChannelCaller {
  readonly channel: string;
}

/** A client wants to publish. */
export interface PublishEvent extends ChannelCaller {
  readonly channel: string;
  readonly data: Json;
}

/** What becomes of a publication. */
export interface PublishAnswer {
  /** In place of what the client has sent. */
  readonly data?: Json;
  /** Whether it is left out of the history, and has no offset. */
  readonly skipHistory?: boolean;
  /** What it is a newer value of, where the namespace merges publications. */
  readonly key?: string;
}

/** A client calls a method. */
export interface RpcEvent extends ChannelCaller {
  readonly method: string;
  readonly data: Json;
}

/** A client has sent something that it expects no answer to. */
export interface ClientMessageEvent extends ChannelCaller {
  readonly data: Json;
}

/** A connection has ended. */
export interface DisconnectEvent extends ChannelCaller {
  /** Of the protocol if the server has ended it; 3000 otherwise. */
  readonly code: number;
  readonly reason: string;
}

/** What a function may return: an answer, nothing, or a promise of that. */
type Answer<T> = T | boolean | void | null | Promise<T | boolean | void | null>;

/** The functions. `Server` is the app's server. */
export interface AppChannelHooks<Server = unknown> {
  connect?(event: ConnectEvent, server: Server): Answer<ConnectAnswer>;
  refresh?(event: RefreshEvent, server: Server): Answer<RefreshAnswer>;
  subscribe?(event: SubscribeEvent, server: Server): Answer<SubscribeAnswer>;
  subRefresh?(event: SubRefreshEvent, server: Server): Answer<RefreshAnswer>;
  publish?(event: PublishEvent, server: Server): Answer<PublishAnswer>;
  /** What it returns is the answer's data. */
  rpc?(event: RpcEvent, server: Server): Json;
  message?(event: ClientMessageEvent, server: Server): unknown;
  disconnect?(event: DisconnectEvent, server: Server): unknown;
}
