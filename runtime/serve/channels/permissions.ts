/**
 * What a client may do with a channel.
 *
 * In: the channel with its options, who the client is, and whether it is subscribed. Out: whether it may, or the
 * error to answer with. Pure. A subscription token that was verified allows to subscribe, whatever is said here.
 *
 * | the channel | may subscribe without a subscription token |
 * | --- | --- |
 * | begins with `$` | nobody |
 * | is limited to users | these users |
 * | other | whom the options allow, and whom a capability allows |
 */

import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import type { ChannelAction } from "../../config/mod.ts";
import { type Capability, type CapabilityAction, isCapable } from "../tokens/mod.ts";
import type { Channel } from "./channel_rules.ts";

/** Who asks. */
export interface ChannelClient {
  /** The user of the connection token; empty: none. */
  readonly user: string;
  /** The capabilities of the connection token. */
  readonly capabilities: readonly Capability[];
}

/** What can be asked for with or without a subscription. */
export type SubscriberAction = Exclude<ChannelAction, "subscribe">;

const CAPABILITY_OF: Readonly<Record<ChannelAction, CapabilityAction>> = {
  subscribe: "sub",
  publish: "pub",
  presence: "prs",
  history: "hst",
};

/** Whether the client may subscribe, without a subscription token. */
export function maySubscribe(channel: Channel, client: ChannelClient): boolean {
  if (channel.isPrivate) return false;
  if (channel.users !== undefined) return isAmongUsers(channel, client);
  return isForClient(channel, client, "subscribe") || hasCapability(channel, client, "subscribe");
}

/** Whether the client may publish, or read the history or who is present. */
export function mayAct(
  channel: Channel,
  client: ChannelClient,
  { action, isSubscribed }: { readonly action: SubscriberAction; readonly isSubscribed: boolean },
): boolean {
  const { subscriber, anonymous } = channel.options.access[action];
  const isKnown = client.user !== "" || anonymous;
  if (isSubscribed && subscriber && isKnown) return true;
  // A channel for some users is closed to the others, unless a token subscribed them.
  if (channel.users !== undefined && !isSubscribed && !isAmongUsers(channel, client)) return false;
  // Only a subscription token opens it.
  if (channel.isPrivate && !isSubscribed) return false;
  return isForClient(channel, client, action) || hasCapability(channel, client, action);
}

/** The error of an action: the feature is off (108), or the client may not (103); undefined if it may. */
export function refusalOfAction(
  channel: Channel,
  client: ChannelClient,
  asked: { readonly action: SubscriberAction; readonly isSubscribed: boolean },
): ClientError | undefined {
  const { presence, historySize } = channel.options;
  const isOff = (asked.action === "presence" && !presence) ||
    (asked.action === "history" && historySize === 0);
  if (isOff) return CLIENT_ERRORS.NOT_AVAILABLE;
  return mayAct(channel, client, asked) ? undefined : CLIENT_ERRORS.PERMISSION_DENIED;
}

function isAmongUsers({ users }: Channel, { user }: ChannelClient): boolean {
  // `#` at the end lists the empty name, which is every client without a user.
  return user !== "" && users!.includes(user);
}

function isForClient(channel: Channel, { user }: ChannelClient, action: ChannelAction): boolean {
  const { client, anonymous } = channel.options.access[action];
  return client && (user !== "" || anonymous);
}

function hasCapability(channel: Channel, client: ChannelClient, action: ChannelAction): boolean {
  return isCapable(client.capabilities, channel.name, CAPABILITY_OF[action]);
}
