/**
 * Every metric: its name, its meaning, and the columns that it is made of.
 *
 * In: the shared memory. Out: families for the exposition. Names follow Prometheus's conventions: a unit in
 * the name, `_total` behind what only grows, base units (seconds, bytes). What a worker counts has the
 * label `worker`; sum over it for the server.
 */

import { COLUMN, type Column, type Counters, type SharedState } from "../../ring/mod.ts";
import type { Family, Labels, MetricSample } from "./exposition.ts";
import { latencySamples } from "./latency_samples.ts";

/** What is not in the shared memory. */
export interface ServerFacts {
  readonly version: string;
  /** Seconds since 1970 at which the server was started. */
  readonly startTime: number;
  /** Bytes of memory that the process has. */
  readonly residentBytes: number;
  /** Whether it takes connections and is not about to stop. */
  readonly ready: boolean;
  /** Milliseconds of the clock that the workers' sleep is measured by. */
  readonly now: number;
}

/** A metric that each worker counts, a series for each set of labels. */
interface WorkerMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly series: readonly (readonly [Labels, (counters: Counters, now: number) => number])[];
}

const WORKER_METRICS: readonly WorkerMetric[] = [
  gauge("connections_open", "Connections that are open now.", [
    [{}, difference(COLUMN.connectionsOpened, COLUMN.connectionsClosed)],
  ]),
  counter("connections_opened_total", "Connections taken up.", { "": COLUMN.connectionsOpened }),
  counter("http_requests_total", "Requests whose head was received whole.", {
    "": COLUMN.requests,
  }),
  counter("http_responses_total", "Responses, by the class of their status.", {
    "code=1xx": COLUMN.responses1xx,
    "code=2xx": COLUMN.responses2xx,
    "code=3xx": COLUMN.responses3xx,
    "code=4xx": COLUMN.responses4xx,
    "code=5xx": COLUMN.responses5xx,
  }),
  counter("network_receive_bytes_total", "Bytes that came from sockets.", {
    "": COLUMN.bytesReceived,
  }),
  counter("network_transmit_bytes_total", "Bytes that sockets took.", { "": COLUMN.bytesSent }),
  gauge("write_queue_bytes", "Bytes that wait for their peers to read.", [
    [{}, difference(COLUMN.bytesQueued, COLUMN.bytesUnqueued)],
  ]),
  gauge("websockets_open", "WebSockets that are open now.", [
    [{}, difference(COLUMN.webSocketsOpened, COLUMN.webSocketsClosed)],
  ]),
  counter("websockets_opened_total", "WebSocket handshakes completed.", {
    "": COLUMN.webSocketsOpened,
  }),
  counter("websocket_messages_received_total", "WebSocket messages received, not frames.", {
    "": COLUMN.messagesReceived,
  }),
  counter("websocket_messages_sent_total", "WebSocket messages sent, not frames.", {
    "": COLUMN.messagesSent,
  }),
  counter(
    "timeouts_total",
    "Connections closed because a time limit ran out, by what it was for.",
    {
      "kind=head": COLUMN.timeoutsHead,
      "kind=idle": COLUMN.timeoutsIdle,
      "kind=body": COLUMN.timeoutsBody,
      "kind=write": COLUMN.timeoutsWrite,
      "kind=pong": COLUMN.timeoutsPong,
      "kind=close": COLUMN.timeoutsClose,
    },
  ),
  counter("limit_exceeded_total", "Requests and messages refused at a bound, by the bound.", {
    "limit=request_line": COLUMN.limitRequestLine,
    "limit=head": COLUMN.limitHead,
    "limit=fields": COLUMN.limitFields,
    "limit=body": COLUMN.limitBody,
    "limit=message": COLUMN.limitMessage,
    "limit=fragments": COLUMN.limitFragments,
  }),
  counter("protocol_errors_total", "Input that broke HTTP or WebSocket.", {
    "": COLUMN.protocolErrors,
  }),
  counter("handler_errors_total", "Endpoints that failed to answer.", {
    "": COLUMN.handlerErrors,
  }),
  counter("event_loop_turns_total", "Turns of the event loop.", { "": COLUMN.loopTurns }),
  counter("parks_total", "Times that the worker went to sleep.", { "": COLUMN.parks }),
  counter("wakeups_total", "Times that the worker was woken for a connection.", {
    "": COLUMN.wakeUps,
  }),
  {
    name: "async_deno_worker_idle_seconds_total",
    type: "counter",
    help: "Time asleep; 1 less its rate is the worker's load.",
    series: [[{}, (counters, now) => counters.idle(now * 1000) / 1e6]],
  },
];

/** Columns of whoever accepts and of the main thread, told below. */
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
];

/** All metrics of a server. */
export function collectFamilies(state: SharedState, facts: ServerFacts): Family[] {
  return [
    ...serverFamilies(state, facts),
    ...acceptorFamilies(state),
    totals(state, "log_dropped_lines_total", "Lines of a log that were dropped, by the log.", {
      "log=event": COLUMN.logLinesDropped,
      "log=access": COLUMN.accessLogLinesDropped,
    }),
    ...WORKER_METRICS.map((metric) => workerFamily(metric, state, facts.now)),
    {
      name: "async_deno_http_request_duration_seconds",
      type: "histogram",
      help: "From a request's whole head to its answer's being handed to the kernel.",
      samples: perWorker(state, (counters, labels) => latencySamples(counters, labels)),
    },
  ];
}

/** The columns that are told: for the test that none is forgotten. */
export function toldColumns(): Set<Column> {
  const asked = new Set<Column>(OTHER_COLUMNS);
  const get = (column: Column) => (asked.add(column), 1);
  const idle = () => get(COLUMN.idleMicroseconds);
  const spy = { get, idle } as unknown as Counters;
  for (const { series } of WORKER_METRICS) series.forEach(([_, read]) => read(spy, 0));
  return asked.add(COLUMN.latencyMicroseconds);
}

function serverFamilies(state: SharedState, facts: ServerFacts): Family[] {
  const main = state.counters(state.mainBlock);
  let alive = 0;
  for (let worker = 0; worker < state.workers; worker++) {
    if (state.flags.isAlive(worker)) alive++;
  }
  const { version, ready, startTime, residentBytes } = facts;
  return [
    single("build_info", "gauge", "Always 1; the label is the version.", 1, { version }),
    single("ready", "gauge", "1 while new connections are welcome, else 0.", ready ? 1 : 0),
    single("workers", "gauge", "Workers that serve.", alive),
    single(
      "workers_replaced_total",
      "counter",
      "Workers started in the place of one that died.",
      main.get(COLUMN.workersReplaced),
    ),
    standard("process_start_time_seconds", "When the server started, since 1970.", startTime),
    standard("process_resident_memory_bytes", "Memory of the whole process.", residentBytes),
  ];
}

/** What the acceptor counts or, where each worker listens by itself, the workers. */
function acceptorFamilies(state: SharedState): Family[] {
  const byAddress = state.total(COLUMN.refusedByAddress);
  return [
    single(
      "connections_accepted_total",
      "counter",
      "Connections that the kernel gave, the refused ones too.",
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
    single("task_ring_slots", "gauge", "Connections that can wait.", state.taskRing.capacity),
    single(
      "task_ring_full_total",
      "counter",
      "Times that the acceptor found no slot and waited.",
      state.total(COLUMN.ringFull),
    ),
    single(
      "doorbells_total",
      "counter",
      "Times that a thread woke a worker.",
      state.total(COLUMN.doorbells),
    ),
  ];
}

function workerFamily({ name, type, help, series }: WorkerMetric, state: SharedState, now: number) {
  const samples = perWorker(state, (counters, worker) =>
    series.map(([labels, read]) => ({
      labels: { ...worker, ...labels },
      value: read(counters, now),
    })));
  return { name, type, help, samples };
}

function perWorker(
  state: SharedState,
  samplesOf: (counters: Counters, labels: Labels) => readonly MetricSample[],
): MetricSample[] {
  return Array.from(
    { length: state.workers },
    (_, worker) => samplesOf(state.counters(worker), { worker: String(worker) }),
  ).flat();
}

function single(
  name: string,
  type: Family["type"],
  help: string,
  value: number,
  labels: Labels = {},
): Family {
  return { name: `async_deno_${name}`, type, help, samples: [{ labels, value }] };
}

/** One of the names that Prometheus's own client libraries use for every process. */
function standard(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ labels: {}, value }] };
}

function gauge(name: string, help: string, series: WorkerMetric["series"]): WorkerMetric {
  return { name: `async_deno_${name}`, type: "gauge", help, series };
}

/** A counter with a series for each column; the keys are `label=value`, or empty. */
function counter(name: string, help: string, columns: Record<string, Column>): WorkerMetric {
  const series = Object.entries(columns).map(([key, column]) =>
    [labelsOf(key), (counters: Counters) => counters.get(column)] as const
  );
  return { name: `async_deno_${name}`, type: "counter", help, series };
}

/** A counter of the whole server, with a sample for each column; the keys as of {@link counter}. */
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

function labelsOf(key: string): Labels {
  const [label = "", value = ""] = key.split("=");
  return label === "" ? {} : { [label]: value };
}

/** What began less what ended; the two are read at different moments, and never make a negative. */
function difference(began: Column, ended: Column): (counters: Counters) => number {
  return (counters) => {
    const over = counters.get(ended);
    return Math.max(counters.get(began) - over, 0);
  };
}
