/**
 * The channels of the demo chat, `--endpoints demo`.
 *
 * In: the channels of the server, if it has any. Out: the same with the namespaces of the demo, in each of which there is one
 * channel, `lobby`. Visitors have no token: they may read and write there, and nowhere else.
 */

import {
  type Access,
  CHANNEL_OPTIONS,
  type ChannelOptions,
  type ChannelsConfig,
  channelsOf,
} from "./channels.ts";

const FOR_ALL: Access = { client: true, subscriber: false, anonymous: true };
const FOR_SUBSCRIBERS: Access = { client: false, subscriber: true, anonymous: true };
const { access: NOBODY } = CHANNEL_OPTIONS;
const DAY = 24 * 3600 * 1000;

const BASE: ChannelOptions = {
  ...CHANNEL_OPTIONS,
  access: { ...NOBODY, subscribe: FOR_ALL, publish: FOR_SUBSCRIBERS },
  // Nobody can keep channels of their own here.
  channelRegex: "^lobby$",
};

/** Lines and names that were written before a visitor came. The page asks for all of them. */
const KEPT: ChannelOptions = {
  ...BASE,
  historySize: 300,
  historyTime: DAY,
  allowRecovery: true,
  allowPositioning: true,
  access: { ...BASE.access, history: FOR_SUBSCRIBERS },
};

/** The namespaces of the demo, by their names. The page knows them: see runtime/serve/routes/pages/demo.js. */
export const DEMO_NAMESPACES: Readonly<Record<string, ChannelOptions>> = {
  demo: KEPT,
  // Who is there, and what they call themselves.
  "demo-people": {
    ...KEPT,
    presence: true,
    joinLeave: true,
    forcePushJoinLeave: true,
    access: { ...KEPT.access, presence: FOR_SUBSCRIBERS },
  },
  // Who is typing: of no use to who comes later.
  "demo-typing": BASE,
};

/** The channels with those of the demo. Without any, others than those of the demo are for an app alone. */
export function withDemoChannels(channels: ChannelsConfig | undefined): ChannelsConfig {
  const base = channels ?? { ...channelsOf({ channels, app: {} })!, allowAnonymousConnect: true };
  return { ...base, namespaces: { ...base.namespaces, ...DEMO_NAMESPACES } };
}

/** Whether the channels of the demo are among these. */
export function hasDemoChannels(channels: ChannelsConfig | undefined): boolean {
  return channels !== undefined && Object.hasOwn(channels.namespaces, "demo");
}
