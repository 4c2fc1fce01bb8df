/**
 * The options that apply to a channel, by its name.
 *
 * In: the config, once; then names that clients and backends give. Out: the channel with its options, or the error
 * to answer with: its namespace does not exist (102), or its name is not allowed (107). Pure: the same name gives the
 * same answer for the same config. Nothing is stored by name, because clients choose names.
 */

import type { ChannelOptions, ChannelsConfig } from "../../config/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { type ChannelName, parseChannelName } from "./channel_name.ts";

/** A channel whose name is allowed. */
export interface Channel extends ChannelName {
  readonly name: string;
  readonly options: ChannelOptions;
  /** The users that it is for alone; undefined: it is for everybody. */
  readonly users: readonly string[] | undefined;
}

/** The limits of names. */
export interface NameLimits {
  /** Bytes of a name in UTF-8. */
  readonly nameBytes: number;
  /** Called if a name is longer. */
  exceeded?(): void;
}

interface Namespace {
  readonly options: ChannelOptions;
  readonly regex: RegExp | undefined;
  /** Whether its channels are those of an app of the Pusher protocol. */
  readonly isPusher?: boolean;
}

const UTF8 = new TextEncoder();
/** Channels of a Pusher app with such names need a signature there, so they need a token here. */
const RESTRICTED = /^(?:#|private-|presence-)/;

/** Finds the options of channels. */
export class ChannelRules {
  readonly #withoutNamespace: Namespace;
  readonly #namespaces: ReadonlyMap<string, Namespace>;
  readonly #otherNamespaces: Namespace | undefined;
  readonly #limits: NameLimits;

  /** @param config checked: a regular expression that is none throws */
  constructor(
    config: Pick<ChannelsConfig, "options" | "namespaces" | "otherNamespaces" | "pusher">,
    limits: NameLimits,
  ) {
    this.#withoutNamespace = namespaceOf(config.options);
    const apps = new Set(config.pusher?.map(({ name }) => name));
    const entries = Object.entries(config.namespaces);
    // A map, so that no name of a client is a property of Object.prototype.
    this.#namespaces = new Map(
      entries.map(([name, options]) => {
        return [name, { ...namespaceOf(options), isPusher: apps.has(name) }];
      }),
    );
    const { otherNamespaces: others } = config;
    this.#otherNamespaces = others && namespaceOf(others);
    this.#limits = limits;
  }

  /** The channel of this name, or why there is none. */
  resolve(name: string): { readonly channel: Channel } | { readonly error: ClientError } {
    if (this.#isTooLong(name)) {
      this.#limits.exceeded?.();
      return { error: CLIENT_ERRORS.BAD_REQUEST };
    }
    if (name === "") return { error: CLIENT_ERRORS.BAD_REQUEST };
    const parsed = parseChannelName(name);
    const namespace = parsed.namespace === "" && !name.includes(":")
      ? this.#withoutNamespace
      : this.#namespaces.get(parsed.namespace) ?? this.#otherNamespaces;
    if (namespace === undefined) return { error: CLIENT_ERRORS.UNKNOWN_CHANNEL };
    const { options, regex, isPusher = false } = namespace;
    // An app may name any: half of a surrogate pair has no UTF-8 of its own, so two names would be one.
    const isAllowed = regex === undefined
      ? isAscii(name)
      : name.isWellFormed() && regex.test(parsed.rest);
    if (!isAllowed) return { error: CLIENT_ERRORS.BAD_REQUEST };
    const users = options.allowUserLimitedChannels ? parsed.users : undefined;
    const { namespace: space, rest } = parsed;
    const isPrivate = parsed.isPrivate || (isPusher && RESTRICTED.test(rest));
    // Field by field: a spread costs more than the rest.
    return { channel: { namespace: space, rest, isPrivate, users, name, options } };
  }

  #isTooLong(name: string): boolean {
    // A character has at least one byte, and at most three for each unit of UTF-16.
    const { nameBytes } = this.#limits;
    if (name.length > nameBytes) return true;
    return name.length * 3 > nameBytes && UTF8.encode(name).length > nameBytes;
  }
}

function namespaceOf(options: ChannelOptions): Namespace {
  const { channelRegex } = options;
  const regex = channelRegex === undefined ? undefined : new RegExp(channelRegex, "u");
  return { options, regex };
}

/** Without a rule of its own, a namespace has names of visible and invisible ASCII, as Centrifugo's. */
function isAscii(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0x7f) return false;
  return true;
}
