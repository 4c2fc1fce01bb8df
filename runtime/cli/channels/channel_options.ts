/**
 * The options of the channels of one namespace, from its table in the configuration file.
 *
 * In: the table's reader. Out: the options; a fault for each wrong value, and for each option that would do
 * nothing without another one. The names are those of Centrifugo. A namespace inherits nothing.
 */

import {
  type Access,
  CHANNEL_ACTIONS,
  CHANNEL_PROXY_EVENTS,
  type ChannelAction,
  type ChannelOptions,
  DELTA_TYPES,
  RATE_LIMITS,
  SLOW_POLICIES,
} from "../../config/mod.ts";
import type { TableReader } from "./table_reader.ts";

/** More would be a database; the memory of all channels has a bound of its own. */
const MAX_HISTORY = 1_000_000;
/** A shorter interval merges nothing that one turn of the server does not. */
const LEAST_CONFLATION = 10;
const MOST_CONFLATION = 60_000;

/** Reads the options. */
export function readChannelOptions(reader: TableReader): ChannelOptions {
  const access = (action: ChannelAction): Access => ({
    client: reader.flag(`allow_${action}_for_client`),
    // A client that is subscribed needs no permission to subscribe.
    subscriber: action !== "subscribe" && reader.flag(`allow_${action}_for_subscriber`),
    anonymous: reader.flag(`allow_${action}_for_anonymous`),
  });
  const options: ChannelOptions = {
    presence: reader.flag("presence"),
    joinLeave: reader.flag("join_leave"),
    forcePushJoinLeave: reader.flag("force_push_join_leave"),
    historySize: reader.integer("history_size", MAX_HISTORY),
    historyTime: reader.time("history_ttl"),
    forcePositioning: reader.flag("force_positioning"),
    allowPositioning: reader.flag("allow_positioning"),
    forceRecovery: reader.flag("force_recovery"),
    allowRecovery: reader.flag("allow_recovery"),
    access: {
      subscribe: access("subscribe"),
      publish: access("publish"),
      history: access("history"),
      presence: access("presence"),
    },
    allowUserLimitedChannels: reader.flag("allow_user_limited_channels"),
    channelRegex: regex(reader),
    allowTagsFilter: reader.flag("allow_tags_filter"),
    allowedDeltaTypes: reader.choices("allowed_delta_types", DELTA_TYPES),
    deltaPublish: reader.flag("delta_publish"),
    slowPolicy: reader.choice("slow_policy", SLOW_POLICIES),
    conflationInterval: conflationInterval(reader),
    rateLimits: rateLimits(reader),
    proxied: CHANNEL_PROXY_EVENTS.filter((event) => reader.flag(`${event}_proxy_enabled`)),
  };
  for (const fault of [...withoutEffect(options), ...contradictions(options)]) reader.fault(fault);
  return options;
}

function conflationInterval(reader: TableReader): number {
  const interval = reader.time("conflation_interval");
  const isRight = interval >= LEAST_CONFLATION && interval <= MOST_CONFLATION;
  if (interval !== 0 && !isRight) {
    reader.fault('conflation_interval must be from "10ms" to "1m"');
  }
  return interval;
}

function rateLimits(reader: TableReader): ChannelOptions["rateLimits"] {
  const limits = RATE_LIMITS.map((name) => [name, reader.rate(name)] as const);
  return Object.fromEntries(limits.filter(([_, limit]) => limit !== undefined));
}

function regex(reader: TableReader): string | undefined {
  const text = reader.text("channel_regex");
  if (text === undefined) return undefined;
  try {
    new RegExp(text, "u");
    return text;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.replace(/^Invalid regular expression: /, "");
    reader.fault(`channel_regex is no regular expression of JavaScript: ${reason}`);
    return undefined;
  }
}

/** Who counts offsets must get every publication. */
function contradictions(options: ChannelOptions): string[] {
  const positions: readonly (readonly [string, boolean])[] = [
    ["force_recovery", options.forceRecovery],
    ["allow_recovery", options.allowRecovery],
    ["force_positioning", options.forcePositioning],
    ["allow_positioning", options.allowPositioning],
  ];
  const set = positions.filter(([_, isSet]) => isSet).map(([key]) => key);
  if (options.conflationInterval === 0 || set.length === 0) return [];
  return [
    `conflation_interval excludes ${
      set.join(" and ")
    }: who recovers or counts offsets gets every publication`,
  ];
}

/** What would be accepted, and then silently do nothing. */
function withoutEffect(options: ChannelOptions): string[] {
  const { historySize, historyTime, presence, joinLeave, access } = options;
  const faults: string[] = [];
  const needs = (
    wanted: string,
    isThere: boolean,
    ...keys: readonly (readonly [string, boolean])[]
  ) => {
    const idle = keys.filter(([_, isSet]) => isSet).map(([key]) => key);
    if (idle.length > 0 && !isThere) {
      faults.push(
        `${idle.join(" and ")} ${idle.length > 1 ? "have" : "has"} no effect without ${wanted}`,
      );
    }
  };
  needs("history_ttl", historyTime > 0, ["history_size", historySize > 0]);
  needs("history_size", historySize > 0, ["history_ttl", historyTime > 0]);
  needs(
    "history_size and history_ttl",
    // With one of the two, the fault above says enough.
    historySize > 0 || historyTime > 0,
    ["force_recovery", options.forceRecovery],
    ["allow_recovery", options.allowRecovery],
    ["force_positioning", options.forcePositioning],
    ["allow_positioning", options.allowPositioning],
    ["allow_history_for_client", access.history.client],
    ["allow_history_for_subscriber", access.history.subscriber],
    ["history_limit_per_user", options.rateLimits.history_limit_per_user !== undefined],
  );
  needs(
    "presence",
    presence,
    ["allow_presence_for_client", access.presence.client],
    ["allow_presence_for_subscriber", access.presence.subscriber],
    ["presence_limit_per_user", options.rateLimits.presence_limit_per_user !== undefined],
  );
  needs("join_leave", joinLeave, ["force_push_join_leave", options.forcePushJoinLeave]);
  needs("allowed_delta_types", options.allowedDeltaTypes.length > 0, [
    "delta_publish",
    options.deltaPublish,
  ]);
  for (const action of CHANNEL_ACTIONS) {
    const { client, subscriber, anonymous } = access[action];
    const others = action === "subscribe"
      ? `allow_${action}_for_client`
      : `allow_${action}_for_client or allow_${action}_for_subscriber`;
    needs(others, client || subscriber, [`allow_${action}_for_anonymous`, anonymous]);
  }
  return faults;
}
