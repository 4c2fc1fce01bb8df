/**
 * What somebody else decides about clients: an app, or a backend. Without one, the config and the tokens decide alone.
 *
 * In: what a client asks for. Out: a grant; or a refusal; or undefined, which leaves the decision to the config. Answers may be promises,
 * which are never rejected.
 */

import type { ClientError, Disconnect } from "../../../protocol/centrifuge/mod.ts";
import type { ConnectionClaims, SubscriptionOverride, TokenSubscription } from "../tokens/mod.ts";
import type { ClientTransport } from "./channel_meter.ts";
import type { ClientIdentity } from "./client_identity.ts";
import type { KeptFields } from "./kept_fields.ts";

/** The client is answered with an error, or its connection ends. */
export type HookRefusal = { readonly error: ClientError } | { readonly disconnect: Disconnect };

/** What is decided. */
export type HookAnswer<Grant> = Grant | HookRefusal | undefined;

/** Decides one kind of requests. */
export type Hook<Ask, Grant> = (
  ask: Ask & HookCaller,
) => HookAnswer<Grant> | Promise<HookAnswer<Grant>>;

/** Who asks. */
export interface HookCaller {
  readonly identity: ClientIdentity;
  readonly transport: ClientTransport;
  /** Fields of the request that the client has begun with, as {@link ClientHooks.keptFields} names them. */
  readonly fields?: KeptFields | undefined;
}

/** Of a client that wants to connect. */
export interface ConnectAsk {
  readonly name: string;
  readonly version: string;
  /** JSON. Payloads are valid until the hook returns. */
  readonly data: Uint8Array | undefined;
  /** What was not verified. */
  readonly token: string;
  /** Of the token that was verified; undefined: there is none. */
  readonly claims: ConnectionClaims | undefined;
  readonly headers: ReadonlyMap<string, string>;
}

/** What a connection is given; what is undefined is as the token says. */
export interface ConnectGrant {
  readonly user: string | undefined;
  /** Seconds since 1970. */
  readonly expireAt: number | undefined;
  /** JSON. */
  readonly info: Uint8Array | undefined;
  /** JSON. */
  readonly data: Uint8Array | undefined;
  readonly channels: readonly string[];
  /** Channels with what the subscription is given. */
  readonly subscriptions?: ReadonlyMap<string, TokenSubscription> | undefined;
}

/** Of a client whose subscription is about to begin or to end. */
export interface SubscriptionAsk {
  readonly channel: string;
}

/** Of a client that wants to subscribe. */
export interface SubscribeAsk extends SubscriptionAsk {
  /** JSON. */
  readonly data: Uint8Array | undefined;
  /** What was not verified. */
  readonly token: string;
}

/** What a subscription is given. */
export interface SubscribeGrant {
  /** JSON. */
  readonly info: Uint8Array | undefined;
  /** JSON. */
  readonly data: Uint8Array | undefined;
  /** Seconds since 1970. */
  readonly expireAt: number | undefined;
  /** What it changes of the channel's options; absent: nothing. */
  readonly override?: SubscriptionOverride | undefined;
}

/** How long a connection or a subscription goes on. */
export interface RefreshGrant {
  /** Seconds since 1970; undefined: it does not end. */
  readonly expireAt: number | undefined;
}

/** Of a client that publishes. */
export interface PublishAsk {
  readonly channel: string;
  /** JSON. */
  readonly data: Uint8Array;
}

/** What is published. */
export interface PublishGrant {
  /** JSON, in place of the client's. */
  readonly data: Uint8Array | undefined;
  readonly skipHistory: boolean;
  /** What it is a newer value of; absent, empty: nothing. */
  readonly key?: string | undefined;
}

/** Of a client that calls a method. */
export interface RpcAsk {
  readonly method: string;
  /** JSON. */
  readonly data: Uint8Array | undefined;
}

/** The answer. */
export interface RpcGrant {
  /** JSON. */
  readonly data: Uint8Array;
}

/** The decisions; each is undefined if nobody takes it. */
export interface ClientHooks {
  /** Names of header fields, in lower case, that hooks are told of each client; absent: none. */
  readonly keptFields?: readonly string[];
  readonly connect: Hook<ConnectAsk, ConnectGrant> | undefined;
  readonly refresh: Hook<unknown, RefreshGrant> | undefined;
  readonly subscribe: Hook<SubscribeAsk, SubscribeGrant> | undefined;
  readonly subRefresh: Hook<SubscriptionAsk, RefreshGrant> | undefined;
  readonly publish: Hook<PublishAsk, PublishGrant> | undefined;
  readonly rpc: Hook<RpcAsk, RpcGrant> | undefined;
  /** Takes what clients send without expecting an answer. */
  readonly message: Hook<{ readonly data: Uint8Array | undefined }, unknown> | undefined;
  /** Is told that a connection has ended. */
  readonly disconnect: ((caller: HookCaller & { readonly reason: Disconnect }) => void) | undefined;
}

/** Whether an answer refuses. */
export function isRefusal(answer: unknown): answer is HookRefusal {
  return typeof answer === "object" && answer !== null &&
    ("error" in answer || "disconnect" in answer);
}

/** The claims of a connection that was granted. */
export function grantedClaims(
  { user, info, channels, subscriptions: described = new Map() }: ConnectGrant,
  claims: ConnectionClaims,
): ConnectionClaims {
  const subscriptions = new Map<string, TokenSubscription>();
  for (const channel of channels) subscriptions.set(channel, PLAIN);
  for (const [channel, one] of [...described, ...claims.subscriptions]) {
    subscriptions.set(channel, one);
  }
  return {
    ...claims,
    user: user ?? claims.user,
    info: info ?? claims.info,
    subscriptions,
  };
}

const PLAIN: TokenSubscription = { info: undefined, data: undefined, override: {} };
