/**
 * The section `channels` of the configuration file, checked as a whole.
 *
 * ```ts
 * import { readChannelsSection } from "./mod.ts";
 *
 * const section = { namespaces: { chat: { presence: true, join_leav: true } } };
 * const { config, faults } = readChannelsSection("a.toml", section);
 * console.log(config.namespaces["chat"]?.presence); // true
 * console.log(faults[0]); // … unknown key "join_leav": did you mean join_leave?
 * ```
 *
 * @module
 */

export { centrifugoHint } from "./centrifugo_keys.ts";
export { channelExposure } from "./channel_exposure.ts";
export { type ChannelsSection, readChannelsSection } from "./channels_section.ts";
export { demoChannels, demoConflicts } from "./demo_channels.ts";
export { engineAt } from "./engine_options.ts";
export { historyBounds } from "./history_bounds.ts";
export { type NamedSecret, namedSecrets } from "./named_secrets.ts";
export { readPusherSection } from "./pusher_section.ts";
export { TRIAL_CHANNELS } from "./trial_channels.ts";
