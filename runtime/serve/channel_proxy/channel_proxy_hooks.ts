/**
 * Asks a backend by HTTP what clients may, as Centrifugo's proxy does: the hooks that an app has in its place.
 *
 * In: what clients ask for. Out: what the backend answers; 100, a temporary error, if it does not, or not as it should. Its answers without
 * a `result` mean what they mean to Centrifugo: connect is decided by the config, subscribe and publish are allowed, refresh ends.
 * A client with a token is not asked about at connect; channels with `$`, and those for some users, are the config's.
 */

import { CLIENT_ERRORS, DISCONNECTS } from "../../../protocol/centrifuge/mod.ts";
import { JsonError, type Read } from "../../../protocol/json/mod.ts";
import type { ChannelProxyEvent, ChannelsConfig, ProxyEvent } from "../../config/mod.ts";
import {
  type ClientHooks,
  type ConnectAsk,
  type ConnectGrant,
  GrantChecks,
  GrantFault,
  type GrantLimits,
  type Hook,
  type HookAnswer,
  type HookCaller,
  type PublishAsk,
  type PublishGrant,
  type RefreshGrant,
  type RpcAsk,
  type RpcGrant,
  type SubscribeAsk,
  type SubscribeGrant,
  type SubscriptionAsk,
} from "../centrifuge/mod.ts";
import { COLUMN } from "../../ring/mod.ts";
import { ChannelRules } from "../channels/mod.ts";
import { Backend, type BackendFault, type BackendParts } from "./backend.ts";
import {
  bodyOf,
  type ConnectResult,
  type PublishResult,
  readConnect,
  readPublish,
  readRefresh,
  readRpc,
  readSubscribe,
  type RefreshResult,
  type RpcResult,
  settle,
  type SubscribeResult,
} from "./questions.ts";

/** Beside its name and its value, a line of a head has a colon, a blank, and a line end. */
const LINE_BYTES = 4;
/** What a field's value may be: RFC 9110 section 5.5, in latin1. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const FAILED = { error: CLIENT_ERRORS.INTERNAL };
const UTF8 = new TextEncoder();
const NULL = UTF8.encode("null");

/** What the hooks work with. */
export interface ChannelProxyParts extends BackendParts {
  /** Which channels the backend is asked about. */
  readonly channels: ChannelsConfig;
  readonly limits: GrantLimits;
  /** Bytes of what a connect command has in place of header fields: as many as the head of a request may have. */
  readonly headBytes: number;
}

/** What is kept of a connection that the backend has granted. */
interface Kept {
  /** Fields of the connect command. */
  readonly emulated: readonly (readonly [name: string, value: string])[];
  meta: Uint8Array | undefined;
}

/** One question, and what its answer means. */
interface Asking<Result, Grant> {
  readonly event: ProxyEvent;
  readonly caller: HookCaller;
  readonly members?: Readonly<Record<string, string | undefined>>;
  readonly payloads?: Readonly<Record<string, Uint8Array | undefined>>;
  readonly read: Read<Result>;
  /** The decision; the result is undefined if the answer has none. @throws {GrantFault} if it cannot be used */
  grant(result: Result | undefined): Grant | undefined;
}

/** Asks the backend. */
export class ChannelProxyHooks implements ClientHooks {
  readonly keptFields: readonly string[];
  readonly message = undefined;
  readonly disconnect = undefined;
  readonly #parts: ChannelProxyParts;
  readonly #backend: Backend;
  readonly #rules: ChannelRules;
  readonly #checks: GrantChecks;
  readonly #kept = new WeakMap<HookCaller["identity"], Kept>();

  constructor(parts: ChannelProxyParts) {
    this.#parts = parts;
    this.#backend = new Backend(parts);
    const { nameBytes } = parts.limits;
    this.#rules = new ChannelRules(parts.channels, { nameBytes });
    this.#checks = new GrantChecks(this.#rules, parts.limits);
    const { emulatedHeaders, httpHeaders } = parts.config;
    // A field that may be emulated is not emulated by who sends it.
    this.keptFields = [...new Set([...httpHeaders, ...emulatedHeaders])];
  }

  get connect(): Hook<ConnectAsk, ConnectGrant> | undefined {
    return this.#asks("connect") ? (ask) => this.#connect(ask) : undefined;
  }

  get refresh(): Hook<unknown, RefreshGrant> | undefined {
    if (!this.#asks("refresh")) return undefined;
    return (caller) => this.#ask({ event: "refresh", caller, read: readRefresh, grant: untilOf });
  }

  get subscribe(): Hook<SubscribeAsk, SubscribeGrant> | undefined {
    if (!this.#asks("subscribe")) return undefined;
    return ({ channel, data, token, ...caller }) => {
      // No key has verified it.
      if (token !== "") return { error: CLIENT_ERRORS.PERMISSION_DENIED };
      if (!this.#isAbout(channel, "subscribe")) return undefined;
      return this.#ask({
        event: "subscribe",
        caller,
        members: { channel },
        payloads: { data },
        read: readSubscribe,
        grant: ({ expireAt, ...granted }: SubscribeResult = NOTHING) => ({
          ...granted,
          expireAt: momentOf(expireAt),
        }),
      });
    };
  }

  get subRefresh(): Hook<SubscriptionAsk, RefreshGrant> | undefined {
    if (!this.#asks("sub_refresh")) return undefined;
    return ({ channel, ...caller }) => {
      if (!this.#isAbout(channel, "sub_refresh")) return undefined;
      return this.#ask({
        event: "sub_refresh",
        caller,
        members: { channel },
        read: readRefresh,
        grant: untilOf,
      });
    };
  }

  get publish(): Hook<PublishAsk, PublishGrant> | undefined {
    if (!this.#asks("publish")) return undefined;
    return ({ channel, data, ...caller }) => {
      if (!this.#isAbout(channel, "publish")) return undefined;
      return this.#ask({
        event: "publish",
        caller,
        members: { channel },
        payloads: { data },
        read: readPublish,
        grant: ({ data, skipHistory }: PublishResult = { data: undefined, skipHistory: false }) => {
          if (data !== undefined) this.#checks.publication(data);
          return { data, skipHistory: skipHistory ?? false };
        },
      });
    };
  }

  get rpc(): Hook<RpcAsk, RpcGrant> | undefined {
    if (!this.#asks("rpc")) return undefined;
    return ({ method, data, ...caller }) =>
      this.#ask({
        event: "rpc",
        caller,
        members: { method },
        payloads: { data },
        read: readRpc,
        grant: (result?: RpcResult) => ({ data: result?.data ?? NULL }),
      });
  }

  #connect(
    { name, version, data, token, claims, headers, ...caller }: ConnectAsk & HookCaller,
  ): HookAnswer<ConnectGrant> | Promise<HookAnswer<ConnectGrant>> {
    const emulated = this.#emulatedOf(headers);
    if (emulated === undefined) return this.#refuseHead();
    const kept: Kept = { emulated, meta: claims?.meta?.slice() };
    this.#kept.set(caller.identity, kept);
    if (claims !== undefined) return undefined;
    // No key has verified it.
    if (token !== "") return { disconnect: DISCONNECTS.INVALID_TOKEN };
    return this.#ask({
      event: "connect",
      caller,
      members: { name: name || undefined, version: version || undefined },
      payloads: { data },
      read: readConnect,
      grant: (result?: ConnectResult) => {
        if (result === undefined) return undefined;
        const { user = "", expireAt, info, data, channels = [], subs } = result;
        this.#checks.user(user);
        this.#checks.channels(new Set([...channels, ...subs?.keys() ?? []]));
        kept.meta = result.meta;
        const until = momentOf(expireAt);
        return { user, info, data, channels, expireAt: until, subscriptions: subs };
      },
    });
  }

  /** What a connect command has in place of header fields; undefined: it is more than a head may have. */
  #emulatedOf(headers: ReadonlyMap<string, string>): Kept["emulated"] | undefined {
    const { config: { emulatedHeaders }, headBytes } = this.#parts;
    const emulated = new Map<string, string>();
    for (const [name, value] of headers) {
      const key = name.toLowerCase();
      if (emulatedHeaders.includes(key) && FIELD_VALUE.test(value)) emulated.set(key, value);
    }
    let bytes = 0;
    for (const [name, value] of emulated) bytes += name.length + value.length + LINE_BYTES;
    return bytes > headBytes ? undefined : [...emulated];
  }

  #refuseHead(): HookAnswer<never> {
    const { counters, headBytes } = this.#parts;
    counters.add(COLUMN.limitHead, 1);
    const message = `the headers of connect have more than ${headBytes} bytes`;
    return { error: { ...CLIENT_ERRORS.BAD_REQUEST, message } };
  }

  #asks(event: ProxyEvent): boolean {
    return this.#backend.endpoint(event) !== undefined;
  }

  /** Whether the backend decides about this channel; otherwise the config does. */
  #isAbout(name: string, event: ChannelProxyEvent): boolean {
    const found = this.#rules.resolve(name);
    if ("error" in found || !found.channel.options.proxied.includes(event)) return false;
    const { isPrivate, users } = found.channel;
    return event !== "subscribe" || (!isPrivate && users === undefined);
  }

  #ask<Result, Grant>(asking: Asking<Result, Grant>): Promise<HookAnswer<Grant>> {
    const { event, caller, members = {}, payloads = {} } = asking;
    const { identity: { id: client, user }, transport } = caller;
    const { includesMeta } = this.#parts.config;
    const own = event === "connect" ? {} : { user };
    const meta = includesMeta && event !== "connect"
      ? this.#kept.get(caller.identity)?.meta
      : undefined;
    // At once: payloads are valid until this returns.
    const body = bodyOf(
      { client, transport, protocol: "json", encoding: "json", ...own, ...members },
      { ...payloads, meta },
    );
    return this.#settle(asking, { event, body, fields: this.#fieldsFor(caller) });
  }

  async #settle<Result, Grant>(
    { event, read, grant }: Asking<Result, Grant>,
    question: Parameters<Backend["ask"]>[0],
  ): Promise<HookAnswer<Grant>> {
    const bytes = await this.#backend.ask(question);
    if (bytes === undefined) return FAILED;
    try {
      const settled = settle(bytes, read);
      return "result" in settled ? grant(settled.result) : settled;
    } catch (error) {
      if (!(error instanceof JsonError || error instanceof GrantFault)) throw error;
      this.#backend.misunderstood(event, faultOf(error));
      return FAILED;
    }
  }

  /** What the client's request has comes before what its connect command has in place of it. */
  #fieldsFor({ identity, fields }: HookCaller): Headers {
    const emulated = this.#kept.get(identity)?.emulated ?? [];
    const all = new Headers(emulated.map(([name, value]) => [name, value]));
    for (const [name, value] of fields ?? []) all.set(name, value);
    all.set("Content-Type", "application/json");
    // Over a connection that is used again, Deno 2.9.6 sends a question twice if the backend closes it without an answer
    // (2.4.2 does not), and one that the backend has closed stays open here until the next question.
    all.set("Connection", "close");
    return all;
  }
}

const NOTHING: SubscribeResult = {
  info: undefined,
  data: undefined,
  override: {},
  expireAt: undefined,
};

function faultOf(error: JsonError | GrantFault): BackendFault {
  if (error instanceof GrantFault) return { cause: error.kind, text: error.message };
  const text = `its answer is malformed at byte ${error.offset}: ${error.message}`;
  return { cause: "malformed", text };
}

/** 0 is as no value is: it does not end. */
function momentOf(expireAt: number | undefined): number | undefined {
  return expireAt === 0 ? undefined : expireAt;
}

/** Undefined: it ends. */
function untilOf(result: RefreshResult | undefined): RefreshGrant | undefined {
  return result === undefined || result.expired
    ? undefined
    : { expireAt: momentOf(result.expireAt) };
}
