/**
 * Channels: the limits, and the switch for trying them out. What clients may do is in the section `channels` of the
 * configuration file. The defaults and their reasons are in runtime/config/channel_limits.ts.
 */

import type { ChannelLimits } from "../../config/mod.ts";
import { readEngineUrl } from "../engine_url.ts";
import { UsageError } from "../usage_error.ts";
import {
  at,
  type Codec,
  flagSwitch,
  number,
  type NumberRow,
  type Option,
  TEXT,
  text,
} from "./option.ts";

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;
const A_DAY = 86_400;
const AN_HOUR = 3_600;
const GROUP = "Channels";

const ENGINE_URL: Codec<string> = {
  parse: (text, name) => {
    const read = readEngineUrl(TEXT.parse(text, name), name);
    if (read.fault !== undefined) throw new UsageError(read.fault);
    return read.url;
  },
  show: (url) => url,
};

/** The options of this group. */
export const CHANNEL_FLAGS: readonly Option[] = [
  flagSwitch({
    flag: "channels-insecure",
    group: GROUP,
    help: "every client may do everything in every channel, without a token: only to try it out",
  }, {
    get: (config) => config.channelsInsecure,
    set: (config, value) => void (config.channelsInsecure = value),
  }),
  text({
    flag: "engine",
    group: GROUP,
    value: "URL",
    help:
      "share the channels with other servers through this Redis, Valkey or NATS server, or a cluster: docs/cluster.md",
  }, {
    get: (config) => config.engine,
    set: (config, value) => void (config.engine = value),
  }, ENGINE_URL),
  limit("memoryBytes", ["channels-memory", "SIZE", MEBIBYTE, 1024 * MEBIBYTE], {
    help: "memory of all channels: histories, members; a publication that finds no room is refused",
  }),
  limit("channelsPerConnection", ["max-channels", "COUNT", 1, 1_000_000], {
    help: "subscriptions of a connection; further ones get error 106, those of a token close 3505",
  }),
  limit("connectionsPerUser", ["max-connections-per-user", "COUNT", 0, 1_000_000], {
    help: "connections of a user of channels; further ones get close 3504; 0: no limit",
  }),
  limit("nameBytes", ["max-channel-name", "COUNT", 1, 255], {
    help: "bytes of a channel's name; above it error 107",
  }),
  limit("publicationBytes", ["max-publication", "SIZE", 1, 16 * MEBIBYTE], {
    help: "size of a publication's data; above it error 107",
  }),
  limit("messageBytes", ["max-channel-message", "SIZE", KIBIBYTE, 16 * MEBIBYTE], {
    help: "size of a client's message, which may have several commands; above it close 1009",
  }),
  limit("commandsPerSecond", ["channel-commands", "COUNT", 1, 1_000_000], {
    help: "commands of a connection per second; above it error 111, above twice as many close 3013",
  }),
  limit("connectTime", ["channel-connect-timeout", "TIME", 0.1, A_DAY], {
    help: "time for a client's connect command; then close 3502",
  }),
  limit("drainSpread", ["drain-spread", "TIME", 0, AN_HOUR], {
    help: "at a stop, disconnect clients of channels (3001) gradually over this time",
  }),
  limit("presenceClients", ["max-presence", "COUNT", 1, 1_000_000], {
    help: "clients that an answer about presence lists; above it error 106",
  }),
  limit("historyPublications", ["max-recovery", "COUNT", 1, 1_000_000], {
    help: "publications that a client recovers; if it missed more, it is told that they are lost",
  }),
  limit("historyBytes", ["max-recovery-size", "SIZE", KIBIBYTE, 256 * MEBIBYTE], {
    help: "size of a recovery, and of an answer about the history",
  }),
  limit("apiBytes", ["max-api-body", "SIZE", KIBIBYTE, 1024 * MEBIBYTE], {
    help: "size of a request to the HTTP API of channels; above it 413",
  }),
  limit("apiCommands", ["max-api-commands", "COUNT", 1, 1_000_000], {
    help: "commands of a batch and channels of a broadcast; above it error 107",
  }),
];

type Limit = readonly [flag: string, unit: NumberRow["value"], least: number, most: number];

function limit(
  key: keyof ChannelLimits,
  [flag, value, least, most]: Limit,
  { help }: { readonly help: string },
): Option {
  return number(
    { flag, group: GROUP, value, range: [least, most], help },
    at("channelLimits", key),
  );
}
