/**
 * The requests and answers of Centrifugo's proxy, as JSON.
 *
 * In: what a client asks for; the bytes of an answer. Out: a body; the result, or a refusal. Payloads (`data`, `info`, `meta`) pass as the
 * bytes that they are. Pure.
 */

import {
  type Decoded,
  decodeShape,
  type Field,
  flag,
  JSON_DEPTH,
  MAX_UINT32,
  raw,
  type Read,
  readList,
  readMap,
  readObject,
  readRaw,
  readSeconds,
  readText,
  type Shape,
  text,
  unsigned,
} from "../../../protocol/json/mod.ts";
import {
  disconnectRefusal,
  errorRefusal,
  GrantFault,
  type HookRefusal,
} from "../centrifuge/mod.ts";
import { readSubscription, type TokenSubscription } from "../tokens/mod.ts";

/** Like raw, but null is no value. */
const payload = (wire: string): Field<Uint8Array> => ({ wire, read: readRaw });
const EXPIRY = { expireAt: { wire: "expire_at", read: readSeconds } } as const satisfies Shape;

const CONNECT = {
  ...EXPIRY,
  user: text("user"),
  info: payload("info"),
  data: payload("data"),
  meta: payload("meta"),
  channels: { wire: "channels", read: readList(readText) },
  subs: { wire: "subs", read: readMap(readSubscription) },
} as const satisfies Shape;
const REFRESH = { ...EXPIRY, expired: flag("expired") } as const satisfies Shape;
const PUBLISH = {
  data: payload("data"),
  skipHistory: flag("skip_history"),
} as const satisfies Shape;
/** Null is an answer. */
const RPC = { data: raw("data") } as const satisfies Shape;

/** The result of connect. */
export type ConnectResult = Decoded<typeof CONNECT>;
/** That of refresh and sub_refresh. */
export type RefreshResult = Decoded<typeof REFRESH>;
/** That of publish. */
export type PublishResult = Decoded<typeof PUBLISH>;
/** That of rpc. */
export type RpcResult = Decoded<typeof RPC>;

/** Reads the result of connect. */
export const readConnect: Read<ConnectResult> = readObject(CONNECT);
/** That of refresh and sub_refresh. */
export const readRefresh: Read<RefreshResult> = readObject(REFRESH);
/** That of publish. */
export const readPublish: Read<PublishResult> = readObject(PUBLISH);
/** That of rpc. */
export const readRpc: Read<RpcResult> = readObject(RPC);

/** The result of subscribe. */
export interface SubscribeResult extends TokenSubscription {
  readonly expireAt: number | undefined;
}

/** Reads the result of subscribe. */
export const readSubscribe: Read<SubscribeResult> = (slice) => ({
  ...readSubscription(slice),
  ...readObject(EXPIRY)(slice),
});

const ERROR = {
  code: unsigned("code", MAX_UINT32),
  message: text("message"),
  temporary: flag("temporary"),
} as const satisfies Shape;
const DISCONNECT = {
  code: unsigned("code", MAX_UINT32),
  reason: text("reason"),
} as const satisfies Shape;

const TEXTS = new TextDecoder();

/** What an answer says. */
export type Settled<Result> = HookRefusal | { readonly result: Result | undefined };

/** A body: `members` as JSON, and payloads as they are; what is undefined is left out. */
export function bodyOf(
  members: Readonly<Record<string, string | undefined>>,
  payloads: Readonly<Record<string, Uint8Array | undefined>> = {},
): string {
  const parts = [JSON.stringify(members).slice(0, -1)];
  for (const [name, bytes] of Object.entries(payloads)) {
    if (bytes !== undefined) parts.push(`"${name}":${TEXTS.decode(bytes)}`);
  }
  return `${parts.join(",")}}`;
}

/** Reads an answer. @throws {JsonError} if it is none @throws {GrantFault} if a code is not for clients */
export function settle<Result>(bytes: Uint8Array, read: Read<Result>): Settled<Result> {
  const { error, disconnect, result } = decodeAnswer(bytes, read);
  // In the order of Centrifugo.
  if (disconnect !== undefined) {
    const { code = 0, reason = "" } = disconnect;
    return disconnectRefusal(code, reason) ?? outside("disconnect", code, "3000 to 4999");
  }
  if (error === undefined) return { result };
  const { code = 0, message = "", temporary = false } = error;
  return errorRefusal({ code, message, temporary }) ?? outside("error", code, "100 to 1999");
}

interface Answer<Result> {
  readonly error: Decoded<typeof ERROR> | undefined;
  readonly disconnect: Decoded<typeof DISCONNECT> | undefined;
  readonly result: Result | undefined;
}

function decodeAnswer<Result>(bytes: Uint8Array, read: Read<Result>): Answer<Result> {
  const whole = { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH };
  const shape = { error: ERROR_FIELD, disconnect: DISCONNECT_FIELD, result: payload("result") };
  const { result, ...refusals } = decodeShape(whole, shape);
  if (result === undefined) return { ...refusals, result };
  const slice = { bytes: result, start: 0, end: result.length, depth: JSON_DEPTH };
  return { ...refusals, result: read(slice) };
}

const ERROR_FIELD = { wire: "error", read: readObject(ERROR) } as const;
const DISCONNECT_FIELD = { wire: "disconnect", read: readObject(DISCONNECT) } as const;

function outside(kind: string, code: number, range: string): never {
  throw new GrantFault(kind, `its ${kind} has the code ${code}, not one from ${range}`);
}
