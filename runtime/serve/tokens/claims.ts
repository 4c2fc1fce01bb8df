/**
 * What the claims of a token say, once its signature was verified.
 *
 * In: the payload's bytes, the time, and what audience and issuer must be. Out: the claims of a connection token or a
 * subscription token, or why the token is not valid. Pure: RFC 7519 section 4.1 for the registered
 * claims, and those of Centrifugo. Payloads (`info`, `data`, `meta`) stay the bytes that they are.
 */

import {
  type Decoded,
  decodeShape,
  type Field,
  JSON_DEPTH,
  JsonError,
  type Read,
  readFlag,
  readList,
  readMap,
  readObject,
  readRaw,
  readSeconds,
  readText,
  type Shape,
  text,
} from "../../../protocol/json/mod.ts";
import { CAPABILITY, type Capability, compileCapability } from "./capability.ts";

/** What a token changes of its channel's options. */
export interface SubscriptionOverride {
  readonly presence?: boolean | undefined;
  readonly joinLeave?: boolean | undefined;
  readonly forcePushJoinLeave?: boolean | undefined;
  readonly forcePositioning?: boolean | undefined;
  readonly forceRecovery?: boolean | undefined;
}

/** What a token says about one subscription. */
export interface TokenSubscription {
  /** JSON that others see beside the subscriber. */
  readonly info: Uint8Array | undefined;
  /** JSON that the subscriber gets. */
  readonly data: Uint8Array | undefined;
  readonly override: SubscriptionOverride;
}

/** When what a token opened ends: seconds since 1970; undefined: never. */
export type ExpireAt = number | undefined;

/** A valid connection token. */
export interface ConnectionClaims {
  /** Empty: a client without a user. */
  readonly user: string;
  readonly expireAt: ExpireAt;
  /** JSON that others see beside the client. */
  readonly info: Uint8Array | undefined;
  /** JSON for backends, which no client sees. */
  readonly meta: Uint8Array | undefined;
  /** Server-side subscriptions, by channel. */
  readonly subscriptions: ReadonlyMap<string, TokenSubscription>;
  readonly capabilities: readonly Capability[];
}

/** A valid subscription token. */
export interface SubscriptionClaims extends TokenSubscription {
  /** Must be that of the connection. */
  readonly user: string;
  /** Must be that of the subscription. */
  readonly channel: string;
  /** Must be the connection's id, unless it is empty. */
  readonly client: string;
  readonly expireAt: ExpireAt;
}

/** Why a token is not valid; the reason is for the log, and not for the client. */
export interface TokenFault {
  /** `unavailable`: it is not known, because the keys could not be fetched. */
  readonly fault: "expired" | "invalid" | "unavailable";
  readonly reason: string;
}

/** What the claims are checked against. */
export interface ClaimRules {
  /** Seconds since 1970. */
  readonly now: number;
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

/** Like raw, but null is no value. */
const payload = (wire: string): Field<Uint8Array> => ({ wire, read: readRaw });
const date = (wire: string): Field<number> => ({ wire, read: readSeconds });
/** Centrifugo wraps each override, so that a missing one differs from false. */
const override = (wire: string) =>
  ({ wire, read: readObject({ value: { wire: "value", read: readFlag } }) }) as const;

const OVERRIDE = {
  presence: override("presence"),
  joinLeave: override("join_leave"),
  forcePushJoinLeave: override("force_push_join_leave"),
  forcePositioning: override("force_positioning"),
  forceRecovery: override("force_recovery"),
} as const satisfies Shape;

const SUBSCRIPTION = {
  info: payload("info"),
  data: payload("data"),
  override: { wire: "override", read: readObject(OVERRIDE) },
} as const satisfies Shape;

/** What Centrifugo's tokens and its proxy say about a subscription, in the same fields. */
export const readSubscription: Read<TokenSubscription> = (slice) =>
  subscriptionOf(readObject(SUBSCRIPTION)(slice));

/** What Centrifugo's API says about the options of a subscription, as its tokens do. */
export const readOverride: Read<SubscriptionOverride> = (slice) =>
  overrideOf(readObject(OVERRIDE)(slice));

const STRINGS = readList(readText);

const REGISTERED = {
  subject: text("sub"),
  expires: date("exp"),
  notBefore: date("nbf"),
  issuedAt: date("iat"),
  issuer: text("iss"),
  /** RFC 7519 section 4.1.3: one string, or several. */
  audience: {
    wire: "aud",
    read: (slice) => slice.bytes[slice.start] === 0x5b ? STRINGS(slice) : [readText(slice)],
  } as Field<readonly string[]>,
  expireAt: date("expire_at"),
  channel: text("channel"),
} as const satisfies Shape;

const CONNECTION = {
  ...REGISTERED,
  info: payload("info"),
  meta: payload("meta"),
  channels: { wire: "channels", read: readList(readText) },
  subs: { wire: "subs", read: readMap(readObject(SUBSCRIPTION)) },
  caps: { wire: "caps", read: readList(readObject(CAPABILITY)) },
} as const satisfies Shape;

const OF_SUBSCRIPTION = {
  ...REGISTERED,
  ...SUBSCRIPTION,
  client: text("client"),
} as const satisfies Shape;

/** The claims of a connection token. */
export function checkConnectionClaims(
  bytes: Uint8Array,
  rules: ClaimRules,
): ConnectionClaims | TokenFault {
  const claims = decode(bytes, CONNECTION);
  if ("fault" in claims) return claims;
  const fault = registeredFault(claims, rules);
  if (fault !== undefined) return fault;
  if (claims.channel) return invalid("it is a subscription token, because it has a channel");
  const capabilities: Capability[] = [];
  for (const written of claims.caps ?? []) {
    const capability = compileCapability(written);
    if (capability === undefined) return invalid("a capability has a pattern that cannot be used");
    capabilities.push(capability);
  }
  const { subject = "", info, meta } = claims;
  const subscriptions = subscriptionsOf(claims);
  return { user: subject, expireAt: expiryOf(claims), info, meta, subscriptions, capabilities };
}

/** The claims of a subscription token. */
export function checkSubscriptionClaims(
  bytes: Uint8Array,
  rules: ClaimRules,
): SubscriptionClaims | TokenFault {
  const claims = decode(bytes, OF_SUBSCRIPTION);
  if ("fault" in claims) return claims;
  const fault = registeredFault(claims, rules);
  if (fault !== undefined) return fault;
  const { subject = "", channel, client = "" } = claims;
  if (!channel) return invalid("it has no channel, so it is no subscription token");
  return { user: subject, channel, client, expireAt: expiryOf(claims), ...subscriptionOf(claims) };
}

function decode<S extends Shape>(bytes: Uint8Array, shape: S): Decoded<S> | TokenFault {
  try {
    return decodeShape({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH }, shape);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return invalid(`its claims are malformed at byte ${error.offset}: ${error.message}`);
  }
}

function registeredFault(
  claims: Decoded<typeof REGISTERED>,
  { now, audience, issuer }: ClaimRules,
): TokenFault | undefined {
  if (audience !== undefined && !claims.audience?.includes(audience)) {
    return invalid(`its audience is not ${audience}`);
  }
  if (issuer !== undefined && claims.issuer !== issuer) {
    return invalid(`its issuer is not ${issuer}`);
  }
  // RFC 7519 section 4.1.4: not on or after that time.
  if (claims.expires !== undefined && now >= claims.expires) return expired("it has expired");
  // As Centrifugo: with clocks that differ, the client asks for another token instead of staying away.
  if (claims.notBefore !== undefined && now < claims.notBefore) {
    return expired("it is not valid yet");
  }
  return undefined;
}

/** `expire_at` separates the life of the connection from that of the token; 0: it does not end. */
function expiryOf({ expireAt, expires }: Decoded<typeof REGISTERED>): ExpireAt {
  if (expireAt === undefined) return expires;
  return expireAt > 0 ? expireAt : undefined;
}

/** As Centrifugo: `channels` counts only without `subs`. */
function subscriptionsOf(
  { subs, channels = [] }: Decoded<typeof CONNECTION>,
): ReadonlyMap<string, TokenSubscription> {
  if (subs !== undefined && subs.size > 0) {
    return new Map([...subs].map(([channel, one]) => [channel, subscriptionOf(one)]));
  }
  const plain: TokenSubscription = { info: undefined, data: undefined, override: {} };
  return new Map(channels.map((channel) => [channel, plain]));
}

function subscriptionOf(
  { info, data, override }: Decoded<typeof SUBSCRIPTION>,
): TokenSubscription {
  return { info, data, override: overrideOf(override ?? {}) };
}

function overrideOf(override: Partial<Decoded<typeof OVERRIDE>>): SubscriptionOverride {
  const changes = Object.entries(override).map(([name, wrapped]) => {
    // A wrapped override without a value is false, as Go's zero value.
    return [name, wrapped === undefined ? undefined : wrapped.value ?? false];
  });
  return Object.fromEntries(changes);
}

function invalid(reason: string): TokenFault {
  return { fault: "invalid", reason };
}

function expired(reason: string): TokenFault {
  return { fault: "expired", reason };
}
