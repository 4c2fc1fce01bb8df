/**
 * The rules of channels: which options apply to a name, and what a client may do. No store and no session is here.
 *
 * ```ts
 * import { CHANNEL_OPTIONS } from "../../config/mod.ts";
 * import { ChannelRules, maySubscribe } from "./mod.ts";
 *
 * const chat = { ...CHANNEL_OPTIONS, allowUserLimitedChannels: true };
 * const config = { options: CHANNEL_OPTIONS, namespaces: { chat } };
 * const rules = new ChannelRules(config, { nameBytes: 255 });
 * const found = rules.resolve("chat:pair#17,42");
 * const client = { user: "42", capabilities: [] };
 * console.log("channel" in found && maySubscribe(found.channel, client)); // true
 * ```
 *
 * @module
 */

export { type ChannelName, parseChannelName } from "./channel_name.ts";
export { type Channel, ChannelRules, type NameLimits } from "./channel_rules.ts";
export {
  type ChannelClient,
  mayAct,
  maySubscribe,
  refusalOfAction,
  type SubscriberAction,
} from "./permissions.ts";
export {
  planSubscription,
  type ReadPermissions,
  type SubscriptionPlan,
  type SubscriptionWishes,
  type WhenSlow,
} from "./subscription_plan.ts";
