/**
 * The metrics of channels.
 *
 * In: the shared memory, and the figures of the store of channels. Out: families for the exposition; called only if there are
 * channels. Every label has few values, all known here: no name of a channel, a user or a client is one.
 */

import type { StoreFigures } from "../../channels/mod.ts";
import {
  API_ERROR_COLUMNS,
  CHANNEL_COLUMN,
  CLIENT_ERROR_COLUMNS,
  type Column,
  type Counters,
  DISCONNECT_COLUMNS,
  HISTOGRAM,
  type SharedState,
} from "../../ring/mod.ts";
import type { Family } from "./exposition.ts";
import { latencySamples } from "./latency_samples.ts";
import {
  counter,
  difference,
  gauge,
  perWorker,
  single,
  workerFamily,
  type WorkerMetric,
} from "./worker_metrics.ts";

/** Requests to the backend of the proxy, by the labels of what it is asked about. */
const PROXY_REQUESTS = {
  "event=connect": CHANNEL_COLUMN.proxyConnect,
  "event=refresh": CHANNEL_COLUMN.proxyRefresh,
  "event=subscribe": CHANNEL_COLUMN.proxySubscribe,
  "event=publish": CHANNEL_COLUMN.proxyPublish,
  "event=sub_refresh": CHANNEL_COLUMN.proxySubRefresh,
  "event=rpc": CHANNEL_COLUMN.proxyRpc,
} as const;

const METRICS: readonly WorkerMetric[] = [
  gauge("channel_clients", "Connected clients of channels, by transport.", [
    [
      { transport: "websocket" },
      difference(CHANNEL_COLUMN.webSocketClientsConnected, CHANNEL_COLUMN.webSocketClientsLeft),
    ],
    [
      { transport: "sse" },
      difference(CHANNEL_COLUMN.sseClientsConnected, CHANNEL_COLUMN.sseClientsLeft),
    ],
    [
      { transport: "http_stream" },
      difference(CHANNEL_COLUMN.httpStreamClientsConnected, CHANNEL_COLUMN.httpStreamClientsLeft),
    ],
    [
      { transport: "pusher" },
      difference(CHANNEL_COLUMN.pusherClientsConnected, CHANNEL_COLUMN.pusherClientsLeft),
    ],
  ]),
  counter("channel_clients_connected_total", "Clients of channels that connected, by transport.", {
    "transport=websocket": CHANNEL_COLUMN.webSocketClientsConnected,
    "transport=sse": CHANNEL_COLUMN.sseClientsConnected,
    "transport=http_stream": CHANNEL_COLUMN.httpStreamClientsConnected,
    "transport=pusher": CHANNEL_COLUMN.pusherClientsConnected,
  }),
  gauge("channel_users", "Users with a client on the worker; those without a user are one.", [
    [{}, difference(CHANNEL_COLUMN.usersConnected, CHANNEL_COLUMN.usersLeft)],
  ]),
  gauge("channel_subscriptions", "Subscriptions of clients.", [
    [{}, difference(CHANNEL_COLUMN.subscriptionsStarted, CHANNEL_COLUMN.subscriptionsEnded)],
  ]),
  counter("channel_subscriptions_started_total", "Subscriptions that began.", {
    "": CHANNEL_COLUMN.subscriptionsStarted,
  }),
  gauge("channel_presence_members", "Clients listed as present, once for each channel.", [
    [{}, difference(CHANNEL_COLUMN.membersEntered, CHANNEL_COLUMN.membersLeft)],
  ]),
  counter("channel_publications_total", "Publications that were stored, by who sent them.", {
    "source=client": CHANNEL_COLUMN.publicationsByClients,
    "source=api": CHANNEL_COLUMN.publicationsByApi,
    "source=app": CHANNEL_COLUMN.publicationsByApp,
  }),
  counter(
    "channel_deliveries_total",
    "Publications, joins and leaves passed to subscribers, once for each subscriber.",
    { "": CHANNEL_COLUMN.deliveries },
  ),
  counter("channel_delivery_messages_total", "Messages that deliveries were sent in.", {
    "": CHANNEL_COLUMN.deliveredMessages,
  }),
  counter("channel_delivery_bytes_total", "Bytes of these messages.", {
    "": CHANNEL_COLUMN.deliveredBytes,
  }),
  counter(
    "channel_delta_deliveries_total",
    "Publications that were sent as deltas, once for each subscriber; recovered ones too.",
    { "": CHANNEL_COLUMN.deltaDeliveries },
  ),
  counter(
    "channel_delta_saved_bytes_total",
    "Bytes of data by which deltas were shorter than the whole publications.",
    { "": CHANNEL_COLUMN.deltaSavedBytes },
  ),
  counter(
    "channel_conflated_publications_total",
    "Publications that gave way to newer ones with the same key, once for each worker.",
    { "": CHANNEL_COLUMN.conflated },
  ),
  counter(
    "channel_conflation_early_ends_total",
    "Intervals of conflation that ended early, as too much waited.",
    { "": CHANNEL_COLUMN.conflationEndedEarly },
  ),
  counter(
    "channel_recoveries_total",
    "Subscriptions that asked for what they had missed, by whether they got all of it or nothing.",
    {
      "result=recovered": CHANNEL_COLUMN.recoveriesWhole,
      "result=unrecoverable": CHANNEL_COLUMN.recoveriesRefused,
    },
  ),
  counter("channel_recovered_publications_total", "Publications that were recovered.", {
    "": CHANNEL_COLUMN.recoveredPublications,
  }),
  counter(
    "channel_lost_subscriptions_total",
    "Subscriptions ended because publications were lost for them; the clients were told.",
    { "": CHANNEL_COLUMN.subscriptionsLost },
  ),
  counter(
    "channel_slow_skips_total",
    "Messages that slow subscribers did not get, by what they got instead.",
    {
      "instead=newest": CHANNEL_COLUMN.slowSkips,
      "instead=recovery": CHANNEL_COLUMN.slowRecoveries,
    },
  ),
  counter("channel_unsubscribes_total", "Subscriptions ended by the server, by code.", {
    "code=2000": CHANNEL_COLUMN.unsubscribes2000,
    "code=2500": CHANNEL_COLUMN.unsubscribes2500,
    "code=2501": CHANNEL_COLUMN.unsubscribes2501,
  }),
  counter("channel_disconnects_total", "Clients disconnected by the server, by close code.", {
    ...columnsOf("code", DISCONNECT_COLUMNS),
  }),
  counter("channel_command_errors_total", "Commands answered with an error, by code and source.", {
    ...columnsOf("source=client,code", CLIENT_ERROR_COLUMNS),
    ...columnsOf("source=api,code", API_ERROR_COLUMNS),
  }),
  counter("channel_tokens_refused_total", "Refused tokens, by what they are for and why.", {
    "kind=connection,reason=expired": CHANNEL_COLUMN.connectionTokensExpired,
    "kind=connection,reason=invalid": CHANNEL_COLUMN.connectionTokensInvalid,
    "kind=connection,reason=unavailable": CHANNEL_COLUMN.connectionTokensUnavailable,
    "kind=subscription,reason=expired": CHANNEL_COLUMN.subscriptionTokensExpired,
    "kind=subscription,reason=invalid": CHANNEL_COLUMN.subscriptionTokensInvalid,
    "kind=subscription,reason=unavailable": CHANNEL_COLUMN.subscriptionTokensUnavailable,
  }),
  counter("channel_api_keys_refused_total", "Requests to the HTTP API without the right key.", {
    "": CHANNEL_COLUMN.apiKeysRefused,
  }),
  counter(
    "channel_pusher_signatures_refused_total",
    "Requests and messages of the Pusher protocol with a wrong signature.",
    { "": CHANNEL_COLUMN.pusherSignaturesRefused },
  ),
  counter(
    "channel_pusher_events_refused_total",
    "Events of clients of the Pusher protocol that were not passed on.",
    { "": CHANNEL_COLUMN.pusherEventsRefused },
  ),
  counter(
    "channel_proxy_requests_total",
    "Requests to the backend, by event.",
    PROXY_REQUESTS,
  ),
  gauge("channel_proxy_requests_in_flight", "Requests to the backend that are under way.", [
    [{}, proxyRequestsInFlight],
  ]),
  counter("channel_proxy_seconds_total", "Seconds that requests to the backend took.", {
    "": CHANNEL_COLUMN.proxySeconds,
  }),
  counter("channel_proxy_failures_total", "Requests to the backend that failed, by reason.", {
    "reason=error": CHANNEL_COLUMN.proxyFailed,
    "reason=timeout": CHANNEL_COLUMN.proxyLate,
  }),
  counter("channel_limit_exceeded_total", "What was refused at a limit of channels, by limit.", {
    "limit=channels": CHANNEL_COLUMN.limitChannels,
    "limit=connections_per_user": CHANNEL_COLUMN.limitConnectionsPerUser,
    "limit=channel_name": CHANNEL_COLUMN.limitName,
    "limit=publication": CHANNEL_COLUMN.limitPublication,
    "limit=channel_message": CHANNEL_COLUMN.limitMessage,
    "limit=channel_commands": CHANNEL_COLUMN.limitCommands,
    "limit=channel_connect_timeout": CHANNEL_COLUMN.limitConnectTime,
    "limit=presence": CHANNEL_COLUMN.limitPresence,
    "limit=api_body": CHANNEL_COLUMN.limitApiBody,
    "limit=api_commands": CHANNEL_COLUMN.limitApiCommands,
    "limit=queued": CHANNEL_COLUMN.limitQueued,
    "limit=recovery": CHANNEL_COLUMN.limitRecovery,
    "limit=recovery_size": CHANNEL_COLUMN.limitRecoverySize,
    "limit=publish_limit_per_user": CHANNEL_COLUMN.limitPublishPerUser,
    "limit=publish_limit_per_channel": CHANNEL_COLUMN.limitPublishPerChannel,
    "limit=subscribe_limit_per_user": CHANNEL_COLUMN.limitSubscribePerUser,
    "limit=history_limit_per_user": CHANNEL_COLUMN.limitHistoryPerUser,
    "limit=presence_limit_per_user": CHANNEL_COLUMN.limitPresencePerUser,
    "limit=proxy_requests": CHANNEL_COLUMN.limitProxyRequests,
  }),
];

/** The metrics of channels. */
export function channelFamilies(state: SharedState, figures: StoreFigures): Family[] {
  return [
    ...METRICS.map((metric) => workerFamily(metric, state, 0)),
    {
      name: "async_deno_channel_delivery_duration_seconds",
      type: "histogram",
      help: "Time from the storing of a publication to the end of its send to subscribers.",
      samples: perWorker(
        state,
        (counters, labels) => latencySamples(counters, HISTOGRAM.deliveries, labels),
      ),
    },
    ...storeFamilies(figures),
  ];
}

/** The columns that they export, for the test that none is missing. */
export function exportedChannelColumns(): Set<Column> {
  const asked = new Set<Column>();
  const counters = { get: (column: Column) => (asked.add(column), 1) } as unknown as Counters;
  for (const { series } of METRICS) series.forEach(([_, read]) => read(counters, 0));
  return asked.add(HISTOGRAM.deliveries.sum);
}

/** Never negative, although the two are read at different moments. */
function proxyRequestsInFlight(counters: Counters): number {
  const begun = Object.values(PROXY_REQUESTS).reduce(
    (sum, column) => sum + counters.get(column),
    0,
  );
  return Math.max(0, begun - counters.get(CHANNEL_COLUMN.proxyEnded));
}

function storeFamilies(figures: StoreFigures): Family[] {
  const { channels, ownChannels, publications, ownPublications, unread } = figures;
  return [
    single("channels", "gauge", "Channels in the store.", channels - ownChannels),
    single(
      "channel_publications",
      "gauge",
      "Publications kept in histories.",
      publications - ownPublications,
    ),
    single("channel_idempotency_keys", "gauge", "Idempotency keys kept.", figures.idempotencyKeys),
    single(
      "channel_store_bytes",
      "gauge",
      "Memory that histories, members and channels take.",
      figures.usedBytes,
    ),
    single(
      "channel_store_limit_bytes",
      "gauge",
      "The most of it that can be used; a part of --channels-memory.",
      figures.usableBytes,
    ),
    single("channel_feed_bytes", "gauge", "Memory that the feed takes.", figures.feedBytes),
    single(
      "channel_feed_limit_bytes",
      "gauge",
      "The most of it that can be used; a part of --channels-memory.",
      figures.feedUsableBytes,
    ),
    {
      name: "async_deno_channel_feed_unread_entries",
      type: "gauge",
      help: "Entries of the feed that the worker has to read and has not read yet.",
      samples: unread.map((value, worker) => ({ labels: { worker: String(worker) }, value })),
    },
    single(
      "channel_store_evicted_total",
      "counter",
      "Publications that gave way before their time to make room.",
      figures.evicted,
    ),
    single(
      "channel_store_refused_total",
      "counter",
      "Publications, subscriptions and members that found no room.",
      figures.refused,
    ),
    single(
      "channel_store_rollbacks_total",
      "counter",
      "Unfinished operations of dead workers that were taken back.",
      figures.rolledBack,
    ),
  ];
}

/** Keys for `counter`: the label with each of the names. */
function columnsOf(
  label: string,
  columns: Readonly<Record<string, Column>>,
): Record<string, Column> {
  const entries = Object.entries(columns);
  return Object.fromEntries(entries.map(([name, column]) => [`${label}=${name}`, column]));
}
