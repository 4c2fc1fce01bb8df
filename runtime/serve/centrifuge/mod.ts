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
