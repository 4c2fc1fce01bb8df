/**
 * The metrics of webhooks.
 *
 * In: the figures of each webhook. Out: families for the exposition; called only if there are webhooks. A webhook is named by its app and
 * its number in the config: its address may be secret.
 */

import type { WebhookFigures } from "../../serve/webhooks/mod.ts";
import type { Family } from "./exposition.ts";

type Values = Readonly<Record<string, number>>;

/** The metrics of webhooks. */
export function webhookFamilies(all: readonly WebhookFigures[]): Family[] {
  const family = (
    name: string,
    type: "counter" | "gauge",
    help: string,
    { label, values }: {
      readonly label?: string;
      readonly values: (figures: WebhookFigures) => Values;
    },
  ): Family => ({
    name: `async_deno_webhook_${name}`,
    type,
    help,
    samples: all.flatMap((figures) => {
      const which = { app: figures.app, webhook: String(figures.webhook) };
      return Object.entries(values(figures)).map(([key, value]) => ({
        labels: label === undefined ? which : { ...which, [label]: key },
        value,
      }));
    }),
  });
  return [
    family("up", "gauge", "Whether the last request was answered with 2xx.", {
      values: ({ isUp }) => ({ is: isUp ? 1 : 0 }),
    }),
    family("requests_total", "counter", "Requests, by result.", {
      label: "result",
      values: ({ requests }) => ({ ...requests }),
    }),
    family("delivered_events_total", "counter", "Events that the receiver has taken.", {
      values: ({ delivered }) => ({ delivered }),
    }),
    family("dropped_events_total", "counter", "Events that were not sent, by reason.", {
      label: "reason",
      values: ({ dropped }) => dropped,
    }),
    family("queued_events", "gauge", "Events that wait, or are being sent.", {
      values: ({ queuedEvents }) => ({ queuedEvents }),
    }),
    family("queued_bytes", "gauge", "Bytes of the events that wait.", {
      values: ({ queuedBytes }) => ({ queuedBytes }),
    }),
  ];
}
