/**
 * One app of the Pusher protocol: its channels among all channels of the server, and its signatures.
 *
 * In: the config and the secret of the app; names and signatures of its clients and backends. Out: channels, and whether a signature is
 * right. The time that a comparison takes says nothing about the right signature. A channel `orders` of the app `shop`
 * is the channel `shop:orders` for everybody else.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import {
  parsePusherAuth,
  parsePusherChannel,
  type PusherChannelName,
  type SignedRequest,
  signinText,
  subscriptionText,
  TIMESTAMP_TOLERANCE,
} from "../../../protocol/pusher/mod.ts";
import { CHANNEL_OPTIONS, type ChannelOptions, type PusherAppConfig } from "../../config/mod.ts";
import { hmacSha256 } from "../centrifuge/mod.ts";
import type { Channel, ChannelRules } from "../channels/mod.ts";

const UTF8 = new TextEncoder();

/** What a cache channel keeps at least: the last event, for half an hour as at Pusher. */
const CACHE_SIZE = 1;
const CACHE_TIME = 30 * 60 * 1000;

/** A channel of an app. */
export interface PusherChannel extends PusherChannelName {
  /** The channel in the store, with the options of the app's namespace. */
  readonly channel: Channel;
  /** Its name there. */
  readonly key: Uint8Array;
}

/** What an app is made of. */
export interface PusherAppParts {
  readonly config: PusherAppConfig;
  readonly secret: Uint8Array;
  /** Those of the app's namespace. */
  readonly options: ChannelOptions | undefined;
  readonly rules: Pick<ChannelRules, "resolve">;
  /** Bytes of a name in the store. */
  readonly nameBytes: number;
}

/** An app. */
export class PusherApp {
  readonly config: PusherAppConfig;
  /** What stands in front of the names of its channels. */
  readonly prefix: string;
  readonly #secret: Uint8Array;
  readonly #options: ChannelOptions;
  readonly #rules: PusherAppParts["rules"];
  readonly #nameBytes: number;

  constructor({ config, secret, options = CHANNEL_OPTIONS, rules, nameBytes }: PusherAppParts) {
    this.config = config;
    this.prefix = `${config.name}:`;
    this.#secret = secret;
    this.#options = options;
    this.#rules = rules;
    this.#nameBytes = nameBytes;
  }

  /** The channel of a name; undefined: it is none's. */
  channel(name: string): PusherChannel | undefined {
    const parsed = parsePusherChannel(name);
    return parsed && this.channelOf(parsed);
  }

  /** The channel of a name that is one; undefined: the namespace does not have such. */
  channelOf(parsed: PusherChannelName): PusherChannel | undefined {
    const channel = parsed.kind === "user" ? this.#userChannel(parsed) : this.#ruled(parsed);
    if (channel === undefined) return undefined;
    const key = UTF8.encode(channel.name);
    return key.length > this.#nameBytes ? undefined : { ...parsed, channel, key };
  }

  /** The name by which the app knows a channel of its namespace. */
  ownName(name: string): string {
    return name.slice(this.prefix.length);
  }

  /** Whether the application lets a connection subscribe. */
  mayEnter(
    socketId: string,
    { channel, auth, channelData }: {
      readonly channel: string;
      readonly auth: string;
      readonly channelData: string | undefined;
    },
  ): boolean {
    return this.#isSigned(auth, subscriptionText(socketId, channel, channelData));
  }

  /** Whether the application says that this is the user of a connection. */
  isUser(socketId: string, auth: string, userData: string): boolean {
    return this.#isSigned(auth, signinText(socketId, userData));
  }

  /** Whether a backend of the app has signed a request, a short time ago. @param now seconds since 1970 */
  isRequest(signed: SignedRequest, body: Uint8Array, now: number): boolean {
    const { key, signature, timestamp, bodyMd5, text } = signed;
    if (key !== this.config.key || Math.abs(now - timestamp) > TIMESTAMP_TOLERANCE) return false;
    if (!this.#isRight(signature, text)) return false;
    // The body is a part of what is signed by its hash alone.
    if (bodyMd5 === "") return body.length === 0;
    return isSameText(bodyMd5, createHash("md5").update(body).digest("hex"));
  }

  #isSigned(auth: string, text: string): boolean {
    const parsed = parsePusherAuth(auth);
    return parsed?.key === this.config.key && this.#isRight(parsed.signature, text);
  }

  #isRight(signature: string, text: string): boolean {
    return isSameText(signature, hmacSha256(this.#secret, text).toString("hex"));
  }

  #ruled({ name, isCache }: PusherChannelName): Channel | undefined {
    const found = this.#rules.resolve(this.prefix + name);
    if ("error" in found) return undefined;
    return isCache ? { ...found.channel, options: cached(found.channel.options) } : found.channel;
  }

  /** A user's id has any characters. */
  #userChannel({ name, user }: PusherChannelName): Channel {
    const { config: { name: namespace }, prefix } = this;
    const rules = { namespace, rest: name, isPrivate: true, users: [user] };
    return { ...rules, name: prefix + name, options: this.#options };
  }
}

function cached(options: ChannelOptions): ChannelOptions {
  const { historySize, historyTime } = options;
  return {
    ...options,
    historySize: Math.max(historySize, CACHE_SIZE),
    historyTime: Math.max(historyTime, CACHE_TIME),
  };
}

function isSameText(one: string, other: string): boolean {
  const [left, right] = [UTF8.encode(one), UTF8.encode(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
