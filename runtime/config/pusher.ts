/**
 * The config section of the Pusher protocol: the apps whose clients and backends connect by it.
 *
 * In: the section `pusher` of the configuration file, checked in runtime/cli/channels/. Out: plain data, a part of the config of channels. It
 * names where secrets are and has none of them.
 */

import type { SecretSource } from "./channels.ts";
import type { WebhookConfig } from "./webhooks.ts";

/** One app. */
export interface PusherAppConfig {
  /** Its name in the file, and the namespace of its channels. */
  readonly name: string;
  /** In the paths of its backends. */
  readonly id: string;
  /** What its clients connect with; it is no secret. */
  readonly key: string;
  readonly secret: SecretSource;
  /** Whether members of private and presence channels may send events. */
  readonly clientEvents: boolean;
  /** Such events of one connection in a second. */
  readonly clientEventsPerSecond: number;
  /** Milliseconds after which a silent client and the server ask each other whether they are there. */
  readonly activityTime: number;
  /** The event as which arrives what others publish without naming one. */
  readonly event: string;
  /** Who is told what happens in its channels. */
  readonly webhooks: readonly WebhookConfig[];
}

/** Defaults of the options of {@link PusherAppConfig}. */
export const PUSHER_APP: Omit<PusherAppConfig, "name" | "id" | "key" | "secret"> = {
  clientEvents: false,
  // Pusher: 10 messages per second for each connection.
  clientEventsPerSecond: 10,
  // Pusher and soketi: 120 s.
  activityTime: 120_000,
  event: "message",
  webhooks: [],
};
