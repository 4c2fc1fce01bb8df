/**
 * The config section for channels: their options by namespace, tokens, and the key of the HTTP API.
 *
 * In: the section of the configuration file, checked in runtime/cli/channels/. Out: plain data, a copy for each
 * worker. It names where secrets are and has none of them. The names in the file are those of Centrifugo, where it has
 * the option. By default a client may do nothing.
 */

import type { ChannelProxyConfig, ChannelProxyEvent } from "./channel_proxy.ts";
import type { EngineConfig } from "./engine.ts";
import type { PusherAppConfig } from "./pusher.ts";

/** Who may do something with a channel. */
export interface Access {
  /** Every client that has a user. */
  readonly client: boolean;
  /** A client that is subscribed to the channel. */
  readonly subscriber: boolean;
  /** Extends the other two to clients without a user; grants nothing alone. */
  readonly anonymous: boolean;
}

/** What clients ask permission for. */
export const CHANNEL_ACTIONS = ["subscribe", "publish", "history", "presence"] as const;
/** One of {@link CHANNEL_ACTIONS}. */
export type ChannelAction = (typeof CHANNEL_ACTIONS)[number];

/** The kinds of deltas. */
export const DELTA_TYPES = ["fossil"] as const;
/** One of {@link DELTA_TYPES}. */
export type DeltaType = (typeof DELTA_TYPES)[number];

/** What happens to a subscriber that does not read as fast as is published. */
export const SLOW_POLICIES = ["close", "skip"] as const;
/** One of {@link SLOW_POLICIES}: its connection ends with 3008, or it skips to the newest publication. */
export type SlowPolicy = (typeof SLOW_POLICIES)[number];

/** What a namespace limits, as the options are called: what one user does in all of its channels, or all clients in one of them. */
export const RATE_LIMITS = [
  "publish_limit_per_user",
  "publish_limit_per_channel",
  "subscribe_limit_per_user",
  "history_limit_per_user",
  "presence_limit_per_user",
] as const;
/** One of {@link RATE_LIMITS}. */
export type RateLimitName = (typeof RATE_LIMITS)[number];

/** How often something may be done: so many times at once, and as often again in each `time`. */
export interface RateLimitConfig {
  readonly count: number;
  /** Milliseconds. */
  readonly time: number;
}

/** The options of the channels of one namespace. */
export interface ChannelOptions {
  /** Whether it is kept who is subscribed. */
  readonly presence: boolean;
  /** Whether subscribers are told who comes and goes. */
  readonly joinLeave: boolean;
  /** Whether they are told without having asked. */
  readonly forcePushJoinLeave: boolean;
  /** Publications that are kept; 0: none. */
  readonly historySize: number;
  /** Milliseconds for which a publication is kept; 0: none is. */
  readonly historyTime: number;
  /** Whether every subscriber's position is checked, without having been asked for. */
  readonly forcePositioning: boolean;
  readonly allowPositioning: boolean;
  /** Whether every subscriber recovers what it missed, without having asked. */
  readonly forceRecovery: boolean;
  readonly allowRecovery: boolean;
  /** Permissions; `subscriber` of `subscribe` is always false. */
  readonly access: Readonly<Record<ChannelAction, Access>>;
  /** Whether the part of a name behind `#` lists the users that the channel is for. */
  readonly allowUserLimitedChannels: boolean;
  /** What names must match behind the namespace; undefined: ASCII. */
  readonly channelRegex: string | undefined;
  /** Whether a subscriber may ask for the publications alone whose tags match its filter. */
  readonly allowTagsFilter: boolean;
  readonly allowedDeltaTypes: readonly DeltaType[];
  /** Whether publications are sent as deltas without the publisher's asking. */
  readonly deltaPublish: boolean;
  readonly slowPolicy: SlowPolicy;
  /** Milliseconds in which subscribers get the newest publication of each key alone; 0: they get all. Nobody counts offsets then. */
  readonly conflationInterval: number;
  /** What is not there is not limited. */
  readonly rateLimits: Readonly<Partial<Record<RateLimitName, RateLimitConfig>>>;
  /** What the backend of the proxy is asked about, in place of the permissions. */
  readonly proxied: readonly ChannelProxyEvent[];
}

/** Where a secret is. */
export type SecretSource =
  | { readonly kind: "file"; readonly path: string }
  /** A variable of the environment. */
  | { readonly kind: "variable"; readonly name: string };

/** Bytes that a secret must have at least. */
export const LEAST_SECRET_BYTES = {
  /** RFC 7518 section 3.2: a key as long as the hash; 32 bytes are that of HS256, and too many to guess. */
  token: 32,
  /** The key of the HTTP API: too many to guess. */
  api: 16,
  /** Those of Pusher have 20 characters; with a shorter one the application could sign nothing that is hard to guess. */
  pusher: 16,
} as const;

/** What makes a token valid. */
export interface TokenConfig {
  /** Secrets of HS256, HS384 and HS512; a second one while the first replaces it. */
  readonly hmacSecrets: readonly SecretSource[];
  /** PEM files with public keys or certificates: RSA, ECDSA, Ed25519. */
  readonly publicKeyFiles: readonly string[];
  /** An address with a JSON Web Key Set; undefined: there is none. */
  readonly jwksEndpoint: string | undefined;
  /** What `aud` must contain; undefined: it is not checked. */
  readonly audience: string | undefined;
  /** What `iss` must be; undefined: it is not checked. */
  readonly issuer: string | undefined;
}

/** Channels. */
export interface ChannelsConfig {
  /** The options of channels without a namespace. */
  readonly options: ChannelOptions;
  /** By the namespace's name. */
  readonly namespaces: Readonly<Record<string, ChannelOptions>>;
  /** The options of channels of other namespaces; without, there are none. */
  readonly otherNamespaces?: ChannelOptions;
  /** Whether clients may connect without a token, as clients without a user. */
  readonly allowAnonymousConnect: boolean;
  readonly token: TokenConfig;
  /** The key of the HTTP API; undefined: there is no HTTP API. */
  readonly apiKey: SecretSource | undefined;
  /** What keeps the channels for several servers; absent: this server does, for itself. */
  readonly engine?: EngineConfig;
  /** The backend that is asked about clients; absent: none is. */
  readonly proxy?: ChannelProxyConfig;
  /** The apps of the Pusher protocol; absent: there are none. */
  readonly pusher?: readonly PusherAppConfig[];
}

/** Nobody. */
export const NO_ACCESS: Access = { client: false, subscriber: false, anonymous: false };

/** Defaults of {@link ChannelOptions}: nothing is kept, and a client may do nothing. */
export const CHANNEL_OPTIONS: ChannelOptions = {
  presence: false,
  joinLeave: false,
  forcePushJoinLeave: false,
  historySize: 0,
  historyTime: 0,
  forcePositioning: false,
  allowPositioning: false,
  forceRecovery: false,
  allowRecovery: false,
  access: { subscribe: NO_ACCESS, publish: NO_ACCESS, history: NO_ACCESS, presence: NO_ACCESS },
  allowUserLimitedChannels: false,
  channelRegex: undefined,
  allowTagsFilter: false,
  allowedDeltaTypes: [],
  deltaPublish: false,
  slowPolicy: "close",
  conflationInterval: 0,
  rateLimits: {},
  proxied: [],
};

/** What an app has without a section `[channels]`: topics of any name, and no endpoint for clients. */
const TOPICS: Omit<ChannelsConfig, "token"> = {
  options: CHANNEL_OPTIONS,
  namespaces: {},
  otherNamespaces: CHANNEL_OPTIONS,
  allowAnonymousConnect: false,
  apiKey: undefined,
};

/** No token is valid. */
export const NO_TOKENS: TokenConfig = {
  hmacSecrets: [],
  publicKeyFiles: [],
  jwksEndpoint: undefined,
  audience: undefined,
  issuer: undefined,
};

/** The channels of a server: those of its config, or the topics of its app; undefined: there are none. */
export function channelsOf(
  { channels, app }: {
    readonly channels: ChannelsConfig | undefined;
    readonly app: object | undefined;
  },
): ChannelsConfig | undefined {
  return channels ?? (app === undefined ? undefined : { ...TOPICS, token: NO_TOKENS });
}
