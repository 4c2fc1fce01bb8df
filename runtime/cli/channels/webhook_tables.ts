/**
 * The tables `[[pusher.apps.NAME.webhooks]]` of the configuration file: who is told what happens in the channels of an app.
 *
 * In: the reader of the app's table. Out: the webhooks; a fault for each wrong value, for a password in an address, and for what would
 * never be sent. Connects to nothing.
 */

import { WEBHOOK, WEBHOOK_EVENTS, type WebhookConfig } from "../../config/mod.ts";
import { readUrl, refuseOutside } from "./checked_values.ts";
import type { TableReader } from "./table_reader.ts";

const LEAST_TIME = 100;
const MOST_TIMEOUT = 60_000;
const MOST_RETRY = 3_600_000;
const MOST_EVENTS = 1_000_000;
const LEAST_BYTES = 64 * 1024;
const MOST_BYTES = 1024 ** 3;

/** Reads them. @param clientEvents whether clients may send events in this app */
export function readWebhooks(app: TableReader, clientEvents: boolean): readonly WebhookConfig[] {
  const readers = app.tables("webhooks");
  const all = readers.map((reader) => readWebhook(reader, clientEvents));
  const urls = all.map(({ url }) => url);
  const twice = urls.find((url, i) => url !== "" && urls.indexOf(url) !== i);
  if (twice !== undefined) app.fault(`two webhooks have the url ${twice}: name all events in one`);
  return all;
}

function readWebhook(reader: TableReader, clientEvents: boolean): WebhookConfig {
  const url = readUrl(reader, "url", "receivers check the signature") ?? "";
  if (!reader.has("url")) reader.fault("url is missing: the address that is told");
  const named = reader.choices("events", WEBHOOK_EVENTS);
  const timeout = reader.time("timeout");
  const retryTime = reader.time("retry_time");
  const queuedEvents = reader.integer("max_queued_events", MOST_EVENTS);
  const queuedBytes = reader.size("max_queued_bytes");
  reader.end();
  if (reader.has("events") && named.length === 0) {
    reader.fault(`events is empty: name some of ${WEBHOOK_EVENTS.join(", ")}, or leave it out`);
  }
  if (named.includes("client_event") && !clientEvents) {
    reader.fault('"client_event" has no effect without client_events = true of the app');
  }
  refuseOutside(reader, "timeout", timeout, [LEAST_TIME, MOST_TIMEOUT, '"100ms" to "1m"']);
  refuseOutside(reader, "retry_time", retryTime, [LEAST_TIME, MOST_RETRY, '"100ms" to "1h"']);
  refuseOutside(reader, "max_queued_events", queuedEvents, [1, MOST_EVENTS, `1 to ${MOST_EVENTS}`]);
  refuseOutside(reader, "max_queued_bytes", queuedBytes, [
    LEAST_BYTES,
    MOST_BYTES,
    '"64KiB" to "1GiB"',
  ]);
  return {
    url,
    events: named.length > 0
      ? WEBHOOK_EVENTS.filter((event) => named.includes(event))
      : WEBHOOK.events,
    timeout: timeout || WEBHOOK.timeout,
    retryTime: retryTime || WEBHOOK.retryTime,
    queuedEvents: queuedEvents || WEBHOOK.queuedEvents,
    queuedBytes: queuedBytes || WEBHOOK.queuedBytes,
  };
}
