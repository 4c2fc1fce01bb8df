/**
 * The config of a server: one plain, cloneable object, and its defaults with their reasons.
 *
 * Each section of the config is a file here; its options are a file in runtime/cli/options/.
 *
 * ```ts
 * import { type Config, DEFAULT_CONFIG } from "./mod.ts";
 * const config: Config = { ...DEFAULT_CONFIG, workers: 2 };
 * console.log(config.limits.idleTime); // milliseconds
 * ```
 *
 * @module
 */

export {
  APP,
  APP_RIGHTS,
  type AppConfig,
  type AppGrant,
  type AppRight,
  isUnrestricted,
} from "./app.ts";
export { CHANNEL_LIMITS, type ChannelLimits } from "./channel_limits.ts";
export {
  CHANNEL_PROXY,
  CHANNEL_PROXY_EVENTS,
  type ChannelProxyConfig,
  type ChannelProxyEvent,
  PROXY_EVENTS,
  type ProxyEvent,
} from "./channel_proxy.ts";
export {
  type Access,
  CHANNEL_ACTIONS,
  CHANNEL_OPTIONS,
  type ChannelAction,
  type ChannelOptions,
  type ChannelsConfig,
  channelsOf,
  DELTA_TYPES,
  type DeltaType,
  LEAST_SECRET_BYTES,
  NO_ACCESS,
  NO_TOKENS,
  RATE_LIMITS,
  type RateLimitConfig,
  type RateLimitName,
  type SecretSource,
  SLOW_POLICIES,
  type SlowPolicy,
  type TokenConfig,
} from "./channels.ts";
export { DEMO_NAMESPACES, hasDemoChannels, withDemoChannels } from "./demo.ts";
export type { EngineConfig } from "./engine.ts";
export { type CacheRule, FILES, type FilesConfig, type TypeRule } from "./files.ts";
export { CONNECTION_LIMITS, type ConnectionLimits, MAX_REFUSED } from "./limits.ts";
export {
  ACCESS_FORMATS,
  type AccessFormat,
  type ListenAddress,
  MONITORING,
  type Monitoring,
} from "./monitoring.ts";
export {
  type Config,
  DEFAULT_CONFIG,
  ENDPOINT_NAMES,
  type EndpointName,
  LOG_FORMATS,
  type LogFormat,
  type LogTarget,
  type UserSource,
} from "./server.ts";
export { PUSHER_APP, type PusherAppConfig } from "./pusher.ts";
export { type ProxyConfig, TRUSTED_FIELDS, wantsPeerAddress } from "./proxy.ts";
export {
  APPLICATION_PROTOCOLS,
  CLIENT_AUTHS,
  IO_URING_CHOICES,
  TLS_LIBRARIES,
  tlsFileNames,
  type TlsFiles,
  type TlsLibrary,
  type TransportChoice,
  TRANSPORTS,
  usesDenoTransport,
  WARM_UP_CHOICES,
} from "./transport.ts";
export type { UnixConfig } from "./unix.ts";
export { WEBHOOK, WEBHOOK_EVENTS, type WebhookConfig, type WebhookEvent } from "./webhooks.ts";
export { workerSlots } from "./worker_slots.ts";
