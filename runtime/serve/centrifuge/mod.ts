/**
 * Clients of the Centrifuge protocol: what they may do, what they get, and the endpoints where they connect.
 *
 * ```ts
 * import { ClientIdentity } from "./mod.ts";
 *
 * const client = new ClientIdentity();
 * client.user = "42";
 * console.log(client.infoIn(undefined)); // { user: "42", client: "…", … }
 * ```
 *
 * README.md has the way of a publication.
 *
 * @module
 */

export { WEBSOCKET_PATH } from "./websocket_route.ts";
export { ChannelService, type ChannelServiceParts, type ChannelWiring } from "./channel_service.ts";

// For what is no client of the protocol: runtime/serve/channel_streams/, runtime/serve/app/.
export type { ChannelContext } from "./channel_context.ts";
export { publishTo } from "./channel_publishing.ts";
export { isLongKey } from "./conflated_channels.ts";
export type { ChannelMeter } from "./channel_meter.ts";
export {
  type ClientHooks,
  type ConnectAsk,
  type ConnectGrant,
  grantedClaims,
  type Hook,
  type HookAnswer,
  type HookCaller,
  type HookRefusal,
  isRefusal,
  type PublishAsk,
  type PublishGrant,
  type RefreshGrant,
  type RpcAsk,
  type RpcGrant,
  type SubscribeAsk,
  type SubscribeGrant,
  type SubscriptionAsk,
} from "./client_hooks.ts";
export { GrantChecks, GrantFault, type GrantLimits } from "./grant_checks.ts";
export { keepFields, type KeptFields } from "./kept_fields.ts";
export { disconnectRefusal, errorRefusal } from "./hook_refusal.ts";
export type { ClientDirectory, ControlledClient } from "./client_directory.ts";

// For runtime/serve/pusher/.
export type { RequestSender } from "./api_method.ts";
export { CommandRate, type SpentRate } from "./command_rate.ts";
export { type ControlHandler, ControlListener } from "./control_channel.ts";
export { hmacSha256 } from "./hmac.ts";
export type { RateHolder, RateLimiter } from "./rate_limiter.ts";
export { decodeClientInfo, encodeClientInfo, FIELDS_DEPTH } from "./publication_fields.ts";
export type { Servers } from "./servers.ts";

export { ANONYMOUS, ClientIdentity } from "./client_identity.ts";
export { optionalBytes, optionalText } from "./client_state.ts";
export { firstPingAt, momentOf, presentOf } from "./deadlines.ts";
export { type HistoryPage, readHistory } from "./history_reading.ts";
export { NewestMessages } from "./newest_messages.ts";
export { enterPresence, isMemberBy, leavePresence, planFor, rejoinPresence } from "./membership.ts";
export {
  checkConnectionToken,
  checksTokens,
  MAX_USER_BYTES,
  readSubscriptionToken,
} from "./token_check.ts";
export { READING_BYTES } from "./turn_budget.ts";
