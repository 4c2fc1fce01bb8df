/**
 * The functions under `channels` of an app, as the clients of channels ask them.
 *
 * In: what clients ask for, with payloads as JSON in bytes. Out: what the current copy of the app decides, with payloads as JSON in bytes.
 * A function that throws refuses: see refusal_of_error.ts. One that does not answer within `--app-timeout` has failed, and so has one that
 * grants what cannot be carried out, or returns what is no answer.
 */

import { CLIENT_ERRORS } from "../../../protocol/centrifuge/mod.ts";
import { isJson, JSON_DEPTH } from "../../../protocol/json/mod.ts";
import type { ChannelsConfig } from "../../config/mod.ts";
import { inTime, LATE } from "../../thread/mod.ts";
import {
  type ClientHooks,
  type ConnectAsk,
  type ConnectGrant,
  GrantChecks,
  type GrantLimits,
  type Hook,
  type HookAnswer,
  type HookCaller,
  MAX_USER_BYTES,
  type PublishAsk,
  type PublishGrant,
  type RefreshGrant,
  type RpcAsk,
  type RpcGrant,
  type SubscribeAsk,
  type SubscribeGrant,
  type SubscriptionAsk,
} from "../centrifuge/mod.ts";
import { ChannelRules } from "../channels/mod.ts";
import type { App } from "./app.ts";
import type {
  AppChannelHooks,
  ChannelCaller,
  ConnectAnswer,
  Json,
  PublishAnswer,
  RefreshAnswer,
  SubscribeAnswer,
} from "./app_channel_hooks.ts";
import { promiseOf } from "./promise_of.ts";
import { checkedKey, HALF } from "./publish_options.ts";
import { refusalOfError } from "./refusal_of_error.ts";

const TEXTS = new TextDecoder();
const UTF8 = new TextEncoder();
const DENIED = { error: CLIENT_ERRORS.PERMISSION_DENIED };
/** In milliseconds it would be in 1973. */
const FAR_FUTURE = 100_000_000_000;
const FAILED = { error: CLIENT_ERRORS.INTERNAL };
/** In a token, it stands in one object. */
const INFO_DEPTH = JSON_DEPTH - 1;

/** What the functions are called with. */
export interface AppClientHooksParts {
  /** The app, as soon as there is one. */
  app(): Pick<App, "module" | "server" | "timeout"> | undefined;
  /** The channels that there can be. */
  readonly channels: ChannelsConfig;
  readonly limits: GrantLimits;
  /** Counts an error of the app, and tells the operator. */
  report(what: string, error: unknown): void;
}

type HookName = keyof AppChannelHooks;

/** One call. */
interface Call<Answer, Grant> {
  readonly name: HookName;
  readonly event: unknown;
  /** What is granted by an answer; that of `true` is an empty object. */
  grant(answer: Answer): Grant;
}

/** Asks the app. */
export class AppClientHooks implements ClientHooks {
  readonly #parts: AppClientHooksParts;
  readonly #checks: GrantChecks;
  /** What `connect` has returned as `meta`. */
  readonly #meta = new WeakMap<HookCaller["identity"], Json>();

  constructor(parts: AppClientHooksParts) {
    this.#parts = parts;
    const { channels, limits } = parts;
    this.#checks = new GrantChecks(new ChannelRules(channels, limits), limits);
  }

  get connect(): Hook<ConnectAsk, ConnectGrant> | undefined {
    return this.#has("connect") ? (ask) => this.#connect(ask) : undefined;
  }

  get refresh(): Hook<unknown, RefreshGrant> | undefined {
    if (!this.#has("refresh")) return undefined;
    return (caller) => this.#call({ name: "refresh", event: this.#caller(caller), grant: untilOf });
  }

  get subscribe(): Hook<SubscribeAsk, SubscribeGrant> | undefined {
    if (!this.#has("subscribe")) return undefined;
    return ({ channel, data, token, ...caller }) =>
      this.#call({
        name: "subscribe",
        event: { ...this.#caller(caller), channel, data: parsed(data), token },
        grant: ({ info, data, expireAt }: SubscribeAnswer) => ({
          info: encodedInfo(info),
          data: encoded(data),
          expireAt: secondsOf(expireAt),
        }),
      });
  }

  get subRefresh(): Hook<SubscriptionAsk, RefreshGrant> | undefined {
    if (!this.#has("subRefresh")) return undefined;
    return ({ channel, ...caller }) => {
      const event = { ...this.#caller(caller), channel };
      return this.#call({ name: "subRefresh", event, grant: untilOf });
    };
  }

  get publish(): Hook<PublishAsk, PublishGrant> | undefined {
    if (!this.#has("publish")) return undefined;
    return ({ channel, data, ...caller }) =>
      this.#call({
        name: "publish",
        event: { ...this.#caller(caller), channel, data: parsed(data) },
        grant: ({ data: changed, skipHistory = false, key = "" }: PublishAnswer) => {
          const data = encoded(changed);
          if (data !== undefined) this.#checks.publication(data);
          return { data, skipHistory, key: checkedKey(key) };
        },
      });
  }

  get rpc(): Hook<RpcAsk, RpcGrant> | undefined {
    if (!this.#has("rpc")) return undefined;
    return ({ method, data, ...caller }) => {
      const event = { ...this.#caller(caller), method, data: parsed(data) };
      return this.#ask("rpc", event, (answer: Json) => ({ data: encoded(answer ?? null)! }));
    };
  }

  get message(): Hook<{ readonly data: Uint8Array | undefined }, unknown> | undefined {
    if (!this.#has("message")) return undefined;
    return ({ data, ...caller }) =>
      this.#ask("message", { ...this.#caller(caller), data: parsed(data) }, () => undefined);
  }

  get disconnect(): ClientHooks["disconnect"] {
    if (!this.#has("disconnect")) return undefined;
    return ({ reason: { code, reason }, ...caller }) =>
      void this.#ask("disconnect", { ...this.#caller(caller), code, reason }, () => undefined);
  }

  #connect(
    { identity, transport, name, version, data, token, claims, headers }: ConnectAsk & HookCaller,
  ): HookAnswer<ConnectGrant> | Promise<HookAnswer<ConnectGrant>> {
    const meta = parsed(claims?.meta);
    if (meta !== undefined) this.#meta.set(identity, meta);
    const user = claims?.user ?? "";
    const event = {
      client: identity.id,
      user,
      transport,
      name,
      version,
      data: parsed(data),
      token,
    };
    return this.#call({
      name: "connect",
      event: { ...event, headers: Object.fromEntries(headers) },
      grant: (answer: ConnectAnswer) => {
        const channels = channelsOf(answer.channels);
        this.#checks.channels(new Set(channels));
        if (answer.meta !== undefined) this.#meta.set(identity, answer.meta);
        return {
          user: userOf(answer.user),
          expireAt: secondsOf(answer.expireAt),
          info: encodedInfo(answer.info),
          data: encoded(answer.data),
          channels,
        };
      },
    });
  }

  #has(name: HookName): boolean {
    return this.#parts.app()?.module.channels?.[name] !== undefined;
  }

  #caller({ identity, transport }: HookCaller): ChannelCaller {
    const { id, user } = identity;
    return { client: id, user, transport, meta: this.#meta.get(identity) };
  }

  #call<Answer, Grant>(
    { name, event, grant }: Call<Answer, Grant>,
  ): HookAnswer<Grant> | Promise<HookAnswer<Grant>> {
    return this.#ask(name, event, (answer: Json) => {
      if (answer === undefined || answer === null) return undefined;
      if (answer === false) return DENIED;
      return grant(answer === true ? {} : objectOf(answer));
    });
  }

  /** Calls a function. What it throws is a refusal; so the promise is never rejected. */
  #ask<Grant>(
    name: HookName,
    event: unknown,
    settle: (answer: Json) => HookAnswer<Grant>,
  ): HookAnswer<Grant> | Promise<HookAnswer<Grant>> {
    const app = this.#parts.app();
    const refuse = (error: unknown): HookAnswer<Grant> => {
      const refusal = refusalOfError(error);
      if (refusal !== undefined) return refusal;
      this.#parts.report(`channels.${name}`, error);
      return FAILED;
    };
    try {
      const answer = app?.module.channels?.[name]?.(event as Json, app.server);
      const promise = promiseOf(answer);
      return promise === undefined
        ? settle(answer)
        : this.#inTime(promise).then(settle).catch(refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  async #inTime(promise: Promise<unknown>): Promise<unknown> {
    const timeout = this.#parts.app()?.timeout ?? 0;
    if (timeout === 0) return await promise;
    const answer = await inTime(promise, timeout);
    if (answer !== LATE) return answer;
    throw new Error(`it took more than ${timeout} ms (--app-timeout)`);
  }
}

/** Anything else than an object is a mistake that must allow nothing: the text of `user && {}`, or the rows of a query. */
function objectOf(answer: Json): Json {
  if (typeof answer === "object" && !Array.isArray(answer)) return answer;
  const is = Array.isArray(answer) ? "an array" : `a ${typeof answer}`;
  throw new TypeError(`it must return an object, true, false or nothing; it has returned ${is}`);
}

function untilOf({ expireAt }: RefreshAnswer): RefreshGrant {
  return { expireAt: secondsOf(expireAt) };
}

/** A date; nearly everything in JavaScript counts milliseconds, so that mistake is an error of its own. */
function secondsOf(expireAt: unknown): number | undefined {
  if (expireAt === undefined) return undefined;
  if (typeof expireAt === "number" && expireAt < FAR_FUTURE) return expireAt;
  throw new TypeError(`expireAt must be seconds since 1970, not ${expireAt}`);
}

/** Ids of users are often numbers. */
function userOf(user: unknown): string | undefined {
  if (user === undefined) return undefined;
  const text = typeof user === "number" ? String(user) : user;
  if (typeof text !== "string" || UTF8.encode(text).length > MAX_USER_BYTES) {
    throw new TypeError(`user must be a string of at most ${MAX_USER_BYTES} bytes`);
  }
  if (!text.isWellFormed()) throw new TypeError(`user must not have ${HALF}`);
  return text;
}

function channelsOf(channels: unknown = []): readonly string[] {
  if (Array.isArray(channels) && channels.every((name) => typeof name === "string")) {
    return channels;
  }
  throw new TypeError("channels must be an array of strings");
}

function parsed(json: Uint8Array | undefined): Json {
  return json === undefined ? undefined : JSON.parse(TEXTS.decode(json));
}

function encoded(value: Json): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`${typeof value} is no value that JSON has`);
  return UTF8.encode(text);
}

/** What others see of a client: as deep as in a token, so that everybody who gets it can read it. */
function encodedInfo(value: Json): Uint8Array | undefined {
  const bytes = encoded(value);
  if (bytes === undefined || isJson({ bytes, start: 0, end: bytes.length, depth: INFO_DEPTH })) {
    return bytes;
  }
  throw new TypeError(`info has more than ${INFO_DEPTH} arrays and objects inside of each other`);
}
