/**
 * The channels of `--channels-insecure` without a section in the configuration file.
 *
 * In: nothing. Out: a config in which everything that channels have is switched on, with a short history. The switch
 * itself is what allows it to everybody.
 */

import {
  CHANNEL_OPTIONS,
  type ChannelOptions,
  type ChannelsConfig,
  NO_TOKENS,
} from "../../config/mod.ts";

const OPTIONS: ChannelOptions = {
  ...CHANNEL_OPTIONS,
  presence: true,
  joinLeave: true,
  forcePushJoinLeave: true,
  historySize: 100,
  historyTime: 300_000,
  allowPositioning: true,
  allowRecovery: true,
};

/** Channels of any name, in any namespace. */
export const TRIAL_CHANNELS: ChannelsConfig = {
  options: OPTIONS,
  namespaces: {},
  otherNamespaces: OPTIONS,
  allowAnonymousConnect: true,
  token: NO_TOKENS,
  apiKey: undefined,
};
