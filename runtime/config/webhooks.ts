/**
 * The config of one webhook: an address that is told what happens in the channels of an app of the Pusher protocol.
 *
 * In: a table of the configuration file, checked in runtime/cli/channels/. Out: plain data, a part of the config of the app, whose secret
 * signs what is sent.
 */

/** What an address can be told, in the words of Pusher. */
export const WEBHOOK_EVENTS = [
  "channel_occupied",
  "channel_vacated",
  "member_added",
  "member_removed",
  "client_event",
] as const;
/** One of {@link WEBHOOK_EVENTS}. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** One webhook. */
export interface WebhookConfig {
  /** Begins with http:// or https://. */
  readonly url: string;
  /** What it is told; it is not asked about the rest. */
  readonly events: readonly WebhookEvent[];
  /** Milliseconds for one request. */
  readonly timeout: number;
  /** Milliseconds after which an event that could not be sent is dropped. */
  readonly retryTime: number;
  /** Events that wait, at most. */
  readonly queuedEvents: number;
  /** Bytes of them, at most. */
  readonly queuedBytes: number;
}

/** Defaults of {@link WebhookConfig}. */
export const WEBHOOK: Omit<WebhookConfig, "url"> = {
  events: WEBHOOK_EVENTS,
  // A receiver that takes longer does its work before it answers.
  timeout: 10_000,
  // Pusher: 5 minutes.
  retryTime: 300_000,
  queuedEvents: 10_000,
  queuedBytes: 4 * 1024 * 1024,
};
