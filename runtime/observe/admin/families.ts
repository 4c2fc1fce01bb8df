/**
 * The metrics of the server, its workers, connections and requests: name, help text, and the columns that each
 * is computed from. Those of channels and of the engine are in channel_families.ts and engine_families.ts;
 * {@link collectFamilies} has all.
 *
 * In: the shared memory. Out: families for the exposition. Names follow Prometheus's conventions: a unit in
 * the name, `_total` at the end of counters, base units (seconds, bytes). Metrics of a worker have the
 * label `worker`; the sum over it is the server's. For a new counter, add a column to ring/counters.ts, count
 * where the event happens, and add its family here.
 */

import type { StoreFigures } from "../../channels/mod.ts";
import type { EngineNodeFigures } from "../../serve/engine/mod.ts";
import type { WebhookFigures } from "../../serve/webhooks/mod.ts";
import { COLUMN, type Column, type Counters, HISTOGRAM, type SharedState } from "../../ring/mod.ts";
import { channelFamilies, exportedChannelColumns } from "./channel_families.ts";
import { engineFamilies } from "./engine_families.ts";
import { webhookFamilies } from "./webhook_families.ts";
import type { Family } from "./exposition.ts";
import { latencySamples } from "./latency_samples.ts";
import {
  counter,
  difference,
  gauge,
  labelsOf,
  perWorker,
  single,
  workerFamily,
  type WorkerMetric,
} from "./worker_metrics.ts";

/** Values that are not in the shared memory. */
export interface ServerFacts {
  readonly version: string;
  /** The start time of the server, in seconds since 1970. */
  readonly startTime: number;
  /** Resident memory of the process, in bytes. */
  readonly residentBytes: number;
  /** Bytes that all connections may hold. */
  readonly memoryBound: number;
  /** Whether workers send by io_uring. */
  readonly usesIoUring: boolean;
  /** Whether the server accepts new connections. */
  readonly ready: boolean;
  /** Milliseconds of the clock that measures the workers' idle time. */
  readonly now: number;
  /** What the channels hold; absent: there are none. */
  readonly channels?: StoreFigures | undefined;
  /** What the engine of the channels does; absent: there is none. */
  readonly engine?: EngineNodeFigures | undefined;
  /** What each webhook has done; absent: there are none. */
  readonly webhooks?: readonly WebhookFigures[] | undefined;
}

const WORKER_METRICS: readonly WorkerMetric[] = [
  gauge("connections_open", "Open connections.", [
    [{}, difference(COLUMN.connectionsOpened, COLUMN.connectionsClosed)],
  ]),
  counter("connections_opened_total", "Connections opened.", { "": COLUMN.connectionsOpened }),
  counter("http_requests_total", "Requests with a complete head.", {
    "": COLUMN.requests,
  }),
  counter("http_responses_total", "Responses, by status class.", {
    "code=1xx": COLUMN.responses1xx,
    "code=2xx": COLUMN.responses2xx,
    "code=3xx": COLUMN.responses3xx,
    "code=4xx": COLUMN.responses4xx,
    "code=5xx": COLUMN.responses5xx,
  }),
  counter("network_receive_bytes_total", "Bytes received.", {
    "": COLUMN.bytesReceived,
  }),
  counter("network_transmit_bytes_total", "Bytes sent.", { "": COLUMN.bytesSent }),
  gauge("write_queue_bytes", "Bytes queued for peers.", [
    [{}, difference(COLUMN.bytesQueued, COLUMN.bytesUnqueued)],
  ]),
  gauge(
    "held_memory_bytes",
    "Memory that connections hold: bodies, messages, queues, kept input.",
    [
      [{}, (counters) => counters.get(COLUMN.heldBytes)],
    ],
  ),
  counter(
    "memory_refusals_total",
    "Requests and messages refused because connections hold --max-memory.",
    { "": COLUMN.refusedByMemory },
  ),
  counter(
    "memory_evictions_total",
    "Connections ended because connections held more than --max-memory.",
    { "": COLUMN.endedByMemory },
  ),
  gauge("websockets_open", "Open WebSockets.", [
    [{}, difference(COLUMN.webSocketsOpened, COLUMN.webSocketsClosed)],
  ]),
  counter("websockets_opened_total", "Completed WebSocket handshakes.", {
    "": COLUMN.webSocketsOpened,
  }),
  counter("websocket_messages_received_total", "WebSocket messages received, not frames.", {
    "": COLUMN.messagesReceived,
  }),
  counter("websocket_messages_sent_total", "WebSocket messages sent, not frames.", {
    "": COLUMN.messagesSent,
  }),
  counter(
    "websockets_compressed_opened_total",
    "Completed WebSocket handshakes that negotiated permessage-deflate.",
    { "": COLUMN.webSocketsDeflating },
  ),
  counter(
    "websocket_compression_saved_bytes_total",
    "Bytes of WebSocket messages that compression saved.",
    {
      "direction=sent": COLUMN.bytesSavedSending,
      "direction=received": COLUMN.bytesSavedReceiving,
    },
  ),
  counter(
    "timeouts_total",
    "Connections closed by a time limit, by the kind of limit.",
    {
      "kind=head": COLUMN.timeoutsHead,
      "kind=idle": COLUMN.timeoutsIdle,
      "kind=body": COLUMN.timeoutsBody,
      "kind=app": COLUMN.timeoutsApp,
      "kind=message": COLUMN.timeoutsMessage,
      "kind=write": COLUMN.timeoutsWrite,
      "kind=pong": COLUMN.timeoutsPong,
      "kind=close": COLUMN.timeoutsClose,
    },
  ),
  counter("limit_exceeded_total", "Requests and messages refused at a limit, by the limit.", {
    "limit=request_line": COLUMN.limitRequestLine,
    "limit=head": COLUMN.limitHead,
    "limit=fields": COLUMN.limitFields,
    "limit=body": COLUMN.limitBody,
    "limit=message": COLUMN.limitMessage,
    "limit=fragments": COLUMN.limitFragments,
  }),
  counter("protocol_errors_total", "Violations of HTTP or WebSocket.", {
    "": COLUMN.protocolErrors,
  }),
  counter("handler_errors_total", "Failures of an endpoint, answered with 500.", {
    "": COLUMN.handlerErrors,
  }),
  counter("app_uncaught_errors_total", "Errors and rejections of the app that nobody caught.", {
    "": COLUMN.appFaults,
  }),
  counter("event_loop_turns_total", "Event loop turns.", { "": COLUMN.loopTurns }),
  counter("joint_sends_total", "Sends that shared a system call, by io_uring.", {
    "": COLUMN.jointSends,
  }),
  counter("parks_total", "Times that the worker parked.", { "": COLUMN.parks }),
  counter("wakeups_total", "Times that the worker was woken for a connection.", {
    "": COLUMN.wakeUps,
  }),
  {
    name: "async_deno_worker_idle_seconds_total",
    type: "counter",
    help: "Idle time; 1 minus its rate is the worker's load.",
    series: [[{}, (counters, now) => counters.idle(now * 1000) / 1e6]],
  },
];

/** Columns of the server as a whole, which the functions below export. */
const OTHER_COLUMNS: readonly Column[] = [
  COLUMN.accepted,
  COLUMN.refused,
  COLUMN.refusedByAddress,
  COLUMN.refusedProxyHeader,
  COLUMN.refusedPlainText,
  COLUMN.refusedTlsHandshake,
  COLUMN.logLinesDropped,
  COLUMN.accessLogLinesDropped,
  COLUMN.ringFull,
  COLUMN.doorbells,
  COLUMN.workersReplaced,
  COLUMN.workersBlocked,
  COLUMN.blockedNow,
  COLUMN.workersHeavy,
];

/** All metrics of a server. */
export function collectFamilies(state: SharedState, facts: ServerFacts): Family[] {
  return [
    ...serverFamilies(state, facts),
    ...acceptorFamilies(state),
    totals(state, "log_dropped_lines_total", "Dropped log lines, by log.", {
      "log=event": COLUMN.logLinesDropped,
      "log=access": COLUMN.accessLogLinesDropped,
    }),
    ...WORKER_METRICS.map((metric) => workerFamily(metric, state, facts.now)),
    {
      name: "async_deno_http_request_duration_seconds",
      type: "histogram",
      help: "Time from the complete head of a request to the end of the send of its response.",
      samples: perWorker(
        state,
        (counters, labels) => latencySamples(counters, HISTOGRAM.requests, labels),
      ),
    },
    ...facts.channels === undefined ? [] : channelFamilies(state, facts.channels),
    ...facts.engine === undefined ? [] : engineFamilies(facts.engine),
    ...facts.webhooks === undefined ? [] : webhookFamilies(facts.webhooks),
  ];
}

/** The exported columns, for the test that none is missing. */
export function exportedColumns(): Set<Column> {
  const asked = new Set<Column>(OTHER_COLUMNS);
  const get = (column: Column) => (asked.add(column), 1);
  const idle = () => get(COLUMN.idleMicroseconds);
  const spy = { get, idle } as unknown as Counters;
  for (const { series } of WORKER_METRICS) series.forEach(([_, read]) => read(spy, 0));
  for (const column of exportedChannelColumns()) asked.add(column);
  return asked.add(COLUMN.latencyMicroseconds);
}

function serverFamilies(state: SharedState, facts: ServerFacts): Family[] {
  const main = state.counters(state.mainBlock);
  let alive = 0;
  for (let worker = 0; worker < state.workers; worker++) {
    if (state.flags.isAlive(worker)) alive++;
  }
  const { version, ready, startTime, residentBytes, memoryBound, usesIoUring } = facts;
  return [
    single("build_info", "gauge", "Always 1; the label is the version.", 1, { version }),
    single("ready", "gauge", "1 while new connections are accepted, else 0.", ready ? 1 : 0),
    single("held_memory_limit_bytes", "gauge", "The value of --max-memory.", memoryBound),
    single("workers", "gauge", "Running workers.", alive),
    single(
      "io_uring",
      "gauge",
      "1 if many answers are sent with one system call.",
      usesIoUring ? 1 : 0,
    ),
    single(
      "workers_replaced_total",
      "counter",
      "Workers started to replace one that has ended.",
      main.get(COLUMN.workersReplaced),
    ),
    single(
      "workers_blocked",
      "gauge",
      "Workers whose app has not returned to the event loop for seconds.",
      main.get(COLUMN.blockedNow),
    ),
    single(
      "workers_blocked_total",
      "counter",
      "Times that a worker became blocked.",
      main.get(COLUMN.workersBlocked),
    ),
    single(
      "workers_over_memory_total",
      "counter",
      "Workers replaced because their app held more than --app-memory.",
      main.get(COLUMN.workersHeavy),
    ),
    standard(
      "process_start_time_seconds",
      "Start time of the server, in seconds since 1970.",
      startTime,
    ),
    standard("process_resident_memory_bytes", "Resident memory of the process.", residentBytes),
  ];
}

/** Counted by the acceptor or, on the Deno transport, by the workers. */
function acceptorFamilies(state: SharedState): Family[] {
  const byAddress = state.total(COLUMN.refusedByAddress);
  return [
    single(
      "connections_accepted_total",
      "counter",
      "Accepted connections, including refused ones.",
      state.total(COLUMN.accepted),
    ),
    {
      name: "async_deno_connections_refused_total",
      type: "counter",
      help: "Connections refused before a request, by the reason.",
      samples: [
        { labels: { reason: "connections" }, value: state.total(COLUMN.refused) - byAddress },
        { labels: { reason: "connections_per_address" }, value: byAddress },
        { labels: { reason: "proxy_header" }, value: state.total(COLUMN.refusedProxyHeader) },
        { labels: { reason: "plain_text" }, value: state.total(COLUMN.refusedPlainText) },
        { labels: { reason: "tls_handshake" }, value: state.total(COLUMN.refusedTlsHandshake) },
      ],
    },
    single(
      "task_ring_depth",
      "gauge",
      "Accepted connections that wait for a worker.",
      state.taskRing.size(),
    ),
    single("task_ring_slots", "gauge", "Capacity of the task ring.", state.taskRing.capacity),
    single(
      "task_ring_full_total",
      "counter",
      "Times that the ring was full and the acceptor waited.",
      state.total(COLUMN.ringFull),
    ),
    single(
      "doorbells_total",
      "counter",
      "Times that a worker was woken.",
      state.total(COLUMN.doorbells),
    ),
  ];
}

/** One of the names that Prometheus's own client libraries use for every process. */
function standard(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ labels: {}, value }] };
}

/** A counter of the whole server, with a sample for each column; keys as for {@link counter}. */
function totals(
  state: SharedState,
  name: string,
  help: string,
  columns: Record<string, Column>,
): Family {
  const samples = Object.entries(columns).map(([key, column]) => (
    { labels: labelsOf(key), value: state.total(column) }
  ));
  return { name: `async_deno_${name}`, type: "counter", help, samples };
}
