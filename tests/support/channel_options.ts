/**
 * The options of a namespace for tests.
 *
 * In: nothing. Out: options that allow everything to everybody, with a long history.
 */

import { CHANNEL_OPTIONS, type ChannelOptions } from "../../runtime/config/mod.ts";

/** Everything is allowed to everybody. */
export const OPEN: ChannelOptions = {
  ...CHANNEL_OPTIONS,
  presence: true,
  historySize: 100_000,
  historyTime: 600_000,
  allowRecovery: true,
  allowPositioning: true,
  access: {
    subscribe: { client: true, subscriber: false, anonymous: true },
    publish: { client: true, subscriber: false, anonymous: true },
    history: { client: true, subscriber: false, anonymous: true },
    presence: { client: true, subscriber: false, anonymous: true },
  },
};
