/**
 * Who asks, and for which channels: the tokens and permissions of a request without a client library.
 *
 * In: the names and tokens of a request. Out: the channels, each of which the client may subscribe to, with what a token says about
 * it; or the refusal. The rules are those of clients of the Centrifuge protocol: a channel may be opened by its namespace, by the
 * connection token (`channels`, `subs`, `caps`) or by a subscription token, which names its channel itself.
 */

import {
  CLIENT_ERRORS,
  type ClientError,
  type Disconnect,
  DISCONNECTS,
} from "../../../protocol/centrifuge/mod.ts";
import {
  ANONYMOUS,
  type ChannelContext,
  checkConnectionToken,
  checksTokens,
  ClientIdentity,
  grantedClaims,
  isRefusal,
  type KeptFields,
  readSubscriptionToken,
} from "../centrifuge/mod.ts";
import { type Channel, maySubscribe } from "../channels/mod.ts";
import type { ConnectionClaims, TokenSubscription } from "../tokens/mod.ts";
import {
  badRequest,
  channelRefusal,
  hookRefusal,
  quoted,
  Refusal,
  unauthorized,
  unavailable,
} from "./refusal.ts";

/**
 * The most channels of one request, whatever `--max-channels` says: each event of a stream has the positions of all of them, and they
 * have to fit into a field of the next request.
 */
const MOST_CHANNELS = 128;

/** What a request brings. */
export interface Credentials {
  /** As they are named; empty: those that the tokens open. */
  readonly names: readonly string[];
  /** The connection token; empty: there is none. */
  readonly token: string;
  readonly subscriptionTokens: readonly string[];
  /** What was kept of the request, for who else decides. */
  readonly fields?: KeptFields | undefined;
}

/** One channel that is open to the client. */
export interface OpenChannel {
  readonly channel: Channel;
  /** What a token says about it; undefined: it is open without one. */
  readonly grant: TokenSubscription | undefined;
}

/** What a client may read. */
export interface ChannelAccess {
  readonly identity: ClientIdentity;
  readonly channels: readonly OpenChannel[];
  /** When the first token expires, in seconds since 1970; undefined: never. */
  readonly expireAt: number | undefined;
  /** The answer then. */
  readonly expiry: Disconnect;
}

/** Who the tokens say that it is. */
interface Holder extends Omit<ChannelAccess, "channels"> {
  readonly grants: ReadonlyMap<string, TokenSubscription>;
}

/** The access of a request, or why it has none. A request without tokens is judged at once. */
export function accessOf(
  context: ChannelContext,
  credentials: Credentials,
): ChannelAccess | Refusal | Promise<ChannelAccess | Refusal> {
  const { token, subscriptionTokens, names } = credentials;
  const most = Math.min(MOST_CHANNELS, context.limits.channelsPerConnection);
  if (Math.max(new Set(names).size, subscriptionTokens.length) > most) {
    context.meter.limitExceeded("channels");
    return badRequest(`A request may name at most ${most} channels`);
  }
  const { hooks } = context;
  if (hooks?.connect !== undefined || hooks?.subscribe !== undefined) {
    return accessByHooks(context, credentials, most);
  }
  if (checksTokens(context) && (token !== "" || subscriptionTokens.length > 0)) {
    return accessOfTokens(context, credentials, most);
  }
  const holder = anonymous(context);
  return holder instanceof Refusal ? holder : openChannels(context, holder, { names, most });
}

function anonymous({ allowsAnonymous, isInsecure }: ChannelContext): Holder | Refusal {
  if (!allowsAnonymous && !isInsecure) {
    return unauthorized("A token is needed: ?token=, or Authorization: Bearer");
  }
  const expiry = DISCONNECTS.EXPIRED;
  return { identity: new ClientIdentity(), expireAt: undefined, expiry, grants: new Map() };
}

async function accessOfTokens(
  context: ChannelContext,
  { token, subscriptionTokens, names }: Credentials,
  most: number,
): Promise<ChannelAccess | Refusal> {
  let holder = token === "" ? anonymous(context) : await holderOf(context, token);
  for (const one of subscriptionTokens) {
    if (holder instanceof Refusal) return holder;
    holder = await withSubscription(context, holder, { token: one, names });
  }
  return holder instanceof Refusal ? holder : openChannels(context, holder, { names, most });
}

/** The access of a request about which an app decides too, in the same way as about other clients. */
async function accessByHooks(
  context: ChannelContext,
  { token, subscriptionTokens, names, fields }: Credentials,
  most: number,
): Promise<ChannelAccess | Refusal> {
  let holder = await holderByHook(context, token, fields);
  for (const one of checksTokens(context) ? subscriptionTokens : []) {
    if (holder instanceof Refusal) return holder;
    holder = await withSubscription(context, holder, { token: one, names });
  }
  for (const name of new Set(names)) {
    if (holder instanceof Refusal) return holder;
    if (!holder.grants.has(name)) {
      holder = await withGrant(context, holder, { channel: name, fields });
    }
  }
  return holder instanceof Refusal ? holder : openChannels(context, holder, { names, most });
}

async function holderByHook(
  context: ChannelContext,
  token: string,
  fields: KeptFields | undefined,
): Promise<Holder | Refusal> {
  const { hooks, verifier } = context;
  const isForHook = verifier === undefined && hooks?.connect !== undefined;
  const isVerified = token !== "" && !isForHook && checksTokens(context);
  const claims = isVerified ? await claimsOf(context, token) : undefined;
  if (claims instanceof Refusal) return claims;
  const identity = new ClientIdentity();
  if (claims !== undefined) identity.identify(claims);
  const ask = { name: "", version: "", data: undefined, headers: new Map() };
  const unverified = isVerified ? "" : token;
  const caller = { identity, transport: "sse" as const, fields };
  const answer = await hooks?.connect?.({ ...ask, ...caller, claims, token: unverified });
  if (isRefusal(answer)) return hookRefusal(answer);
  if (answer === undefined) return claims === undefined ? anonymous(context) : holder(claims);
  const granted = grantedClaims(answer, claims ?? ANONYMOUS);
  return holder({ ...granted, expireAt: answer.expireAt ?? granted.expireAt }, identity);
}

/** The holder with what the app says about a channel. */
async function withGrant(
  { hooks }: ChannelContext,
  holder: Holder,
  { channel, fields }: { readonly channel: string; readonly fields: KeptFields | undefined },
): Promise<Holder | Refusal> {
  const { identity } = holder;
  const caller = { identity, transport: "sse" as const, fields };
  const answer = await hooks?.subscribe?.({ ...caller, channel, data: undefined, token: "" });
  if (isRefusal(answer)) return hookRefusal(answer);
  if (answer === undefined) return holder;
  return withChannel(holder, channel, { ...answer, override: answer.override ?? {} });
}

async function holderOf(context: ChannelContext, token: string): Promise<Holder | Refusal> {
  const claims = await claimsOf(context, token);
  return claims instanceof Refusal ? claims : holder(claims);
}

async function claimsOf(
  context: ChannelContext,
  token: string,
): Promise<ConnectionClaims | Refusal> {
  const claims = await checkConnectionToken(context, token);
  if (claims === undefined) return unauthorized("The token is not valid");
  return "code" in claims ? tokenRefusal(claims) : refusalOfPast(context, claims) ?? claims;
}

/** An `expire_at` may be before the `exp` of its token: the stream would end as soon as it has begun. */
function refusalOfPast(
  { epochSeconds }: ChannelContext,
  { expireAt = Infinity }: { readonly expireAt: number | undefined },
): Refusal | undefined {
  return expireAt <= epochSeconds() ? tokenRefusal(CLIENT_ERRORS.TOKEN_EXPIRED) : undefined;
}

function holder(claims: ConnectionClaims, identity = new ClientIdentity()): Holder {
  identity.identify(claims);
  const { expireAt, subscriptions: grants } = claims;
  return { identity, expireAt, expiry: DISCONNECTS.EXPIRED, grants };
}

async function withSubscription(
  context: ChannelContext,
  holder: Holder,
  { token, names }: { readonly token: string; readonly names: readonly string[] },
): Promise<Holder | Refusal> {
  const claims = await readSubscriptionToken(context, token, holder.identity);
  if ("code" in claims) return tokenRefusal(claims);
  const past = refusalOfPast(context, claims);
  if (past !== undefined) return past;
  const { channel } = claims;
  if (names.length > 0 && !names.includes(channel)) {
    return badRequest(`A subscription token is for ${quoted(channel)}, which is not asked for`);
  }
  return withChannel(holder, channel, claims);
}

/** The holder with a channel, which ends with the first of what has opened any. */
function withChannel(
  holder: Holder,
  channel: string,
  { expireAt, ...grant }: TokenSubscription & { readonly expireAt: number | undefined },
): Holder {
  const grants = new Map(holder.grants).set(channel, grant);
  const isFirst = expireAt !== undefined && expireAt < (holder.expireAt ?? Infinity);
  if (!isFirst) return { ...holder, grants };
  return { ...holder, grants, expireAt, expiry: DISCONNECTS.SUBSCRIPTION_EXPIRED };
}

function tokenRefusal(error: ClientError): Refusal {
  if (error === CLIENT_ERRORS.TOKEN_EXPIRED) return unauthorized("The token has expired");
  if (error === CLIENT_ERRORS.INTERNAL) {
    return unavailable("The keys of tokens cannot be read now: try again later");
  }
  return new Refusal(403, "A subscription token is not valid, or not one of this user");
}

function openChannels(
  context: ChannelContext,
  { grants, ...holder }: Holder,
  { names, most }: { readonly names: readonly string[]; readonly most: number },
): ChannelAccess | Refusal {
  const asked = new Set(names.length > 0 ? names : grants.keys());
  if (asked.size === 0) return badRequest("The channel is missing: ?channel=NAME");
  if (asked.size > most) return badRequest(`A token may name at most ${most} channels`);
  const channels: OpenChannel[] = [];
  for (const name of asked) {
    const found = context.rules.resolve(name);
    if ("error" in found) return channelRefusal(name, found.error);
    const { channel } = found;
    const grant = grants.get(name);
    const isOpen = grant !== undefined || context.isInsecure ||
      maySubscribe(channel, holder.identity);
    if (!isOpen) return new Refusal(403, `You may not subscribe to ${quoted(name)}`);
    channels.push({ channel, grant });
  }
  return { ...holder, channels };
}
