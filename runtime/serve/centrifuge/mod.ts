/**
 * Clients of the Centrifuge protocol: what they may do, what they get, and the endpoints where they connect.
 *
 * ```ts
 * import { CHANNEL_OPTIONS, NO_TOKENS } from "../../config/mod.ts";
 * import { loadChannelSecrets } from "./mod.ts";
 *
 * const config = {
 *   options: CHANNEL_OPTIONS,
 *   namespaces: {},
 *   allowAnonymousConnect: true,
 *   token: NO_TOKENS,
 *   apiKey: undefined,
 * };
 * const places = { readText: Deno.readTextFileSync, variable: () => undefined };
 * console.log((await loadChannelSecrets(config, places)).verifier); // undefined
 * ```
 *
 * README.md has the way of a publication.
 *
 * @module
 */

export {
  type ChannelSecrets,
  ChannelService,
  type ChannelServiceParts,
  type ChannelWiring,
  loadChannelSecrets,
} from "./channel_service.ts";

// For the endpoints that are no protocol: runtime/serve/channel_streams/.
export type { ChannelContext } from "./channel_context.ts";
export type { ChannelMeter } from "./channel_meter.ts";
export type { ClientDirectory, ControlledClient } from "./client_directory.ts";
export { ClientIdentity } from "./client_identity.ts";
export { readHistory } from "./history_reading.ts";
export { enterPresence, isMemberBy, leavePresence, planFor } from "./membership.ts";
export { checkConnectionToken, readSubscriptionToken } from "./token_check.ts";
