/**
 * The samples of the live page: once a second the difference between two snapshots of the counters.
 *
 * In: the shared memory and a clock. Out: a sample, and the samples of the last minutes, for a page that is
 * opened later. Called by the admin server. Only reads the shared memory.
 */

import {
  CHANNEL_COLUMN,
  COLUMN,
  type Column,
  DISCONNECT_COLUMNS,
  HISTOGRAM,
  type Histogram,
  type SharedState,
} from "../../ring/mod.ts";
import { latencyCounts, percentile } from "./latency_samples.ts";

/** One worker in one second. */
export interface WorkerSample {
  /** The share of the second in which it was not idle, 0 to 1. */
  readonly load: number;
  readonly connections: number;
  /** Per second. */
  readonly requests: number;
}

/** One second of the server; rates are per second, latencies microseconds or null without requests. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly ready: boolean;
  readonly requests: number;
  /** Responses 4xx. */
  readonly clientErrors: number;
  /** Responses 5xx. */
  readonly serverErrors: number;
  readonly messages: number;
  /** Publications in channels, and how often one was passed to a subscriber. */
  readonly publications: number;
  readonly deliveries: number;
  /** How long deliveries took, in microseconds; null without any. */
  readonly deliveryP50: number | null;
  readonly deliveryP99: number | null;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly connections: number;
  readonly webSockets: number;
  /** Clients of channels, over all transports. */
  readonly channelClients: number;
  readonly subscriptions: number;
  /** Since the start: subscriptions that got all they had missed, and those that could not. */
  readonly recovered: number;
  readonly unrecovered: number;
  /** Since the start: slow clients that were disconnected, and what slow subscribers did not get. */
  readonly slowClients: number;
  readonly slowSkips: number;
  readonly queuedBytes: number;
  readonly ringDepth: number;
  /** Memory of the whole process, in bytes. */
  readonly residentBytes: number;
  readonly workers: readonly WorkerSample[];
}

/** The clocks of the samples. */
export interface SampleClock {
  /** Milliseconds since 1970. */
  epoch(): number;
  /** Milliseconds of the clock that measures the workers' idle time. */
  monotonic(): number;
}

/** Samples that are kept: five minutes. */
export const KEPT_SAMPLES = 300;

/** The columns whose rates are shown. */
const RATES = {
  requests: [COLUMN.requests],
  clientErrors: [COLUMN.responses4xx],
  serverErrors: [COLUMN.responses5xx],
  messages: [COLUMN.messagesReceived, COLUMN.messagesSent],
  publications: [
    CHANNEL_COLUMN.publicationsByClients,
    CHANNEL_COLUMN.publicationsByApi,
    CHANNEL_COLUMN.publicationsByApp,
  ],
  deliveries: [CHANNEL_COLUMN.deliveries],
  receivedBytes: [COLUMN.bytesReceived],
  sentBytes: [COLUMN.bytesSent],
} as const satisfies Record<string, readonly Column[]>;

/** Beginnings and ends of clients of channels. */
const CHANNEL_CLIENTS: readonly (readonly [began: Column, ended: Column])[] = [
  [CHANNEL_COLUMN.webSocketClientsConnected, CHANNEL_COLUMN.webSocketClientsLeft],
  [CHANNEL_COLUMN.sseClientsConnected, CHANNEL_COLUMN.sseClientsLeft],
  [CHANNEL_COLUMN.httpStreamClientsConnected, CHANNEL_COLUMN.httpStreamClientsLeft],
  [CHANNEL_COLUMN.pusherClientsConnected, CHANNEL_COLUMN.pusherClientsLeft],
];

/** The counters at one moment. */
interface Snapshot {
  readonly at: number;
  readonly sums: Readonly<Record<keyof typeof RATES, number>>;
  readonly latencies: readonly number[];
  readonly deliveryLatencies: readonly number[];
  readonly workers: readonly { readonly idle: number; readonly requests: number }[];
}

/** Takes samples of one server. */
export class Sampler {
  readonly #state: SharedState;
  readonly #clock: SampleClock;
  readonly #samples: Sample[] = [];
  #last: Snapshot;

  constructor(state: SharedState, clock: SampleClock) {
    this.#state = state;
    this.#clock = clock;
    this.#last = this.#snapshot();
  }

  /** The samples of the last minutes, oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Takes a sample of the time since the last one; the caller passes what is not in the shared memory. */
  take({ ready, residentBytes }: Pick<Sample, "ready" | "residentBytes">): Sample {
    const last = this.#last;
    const snapshot = this.#last = this.#snapshot();
    const seconds = Math.max((snapshot.at - last.at) / 1000, 0.001);
    const rate = (key: keyof typeof RATES) => (snapshot.sums[key] - last.sums[key]) / seconds;
    const since = (key: "latencies" | "deliveryLatencies") =>
      snapshot[key].map((count, i) => count - (last[key][i] ?? 0));
    const latencies = since("latencies");
    const deliveryLatencies = since("deliveryLatencies");
    const sample: Sample = {
      time: this.#clock.epoch(),
      ready,
      requests: rate("requests"),
      clientErrors: rate("clientErrors"),
      serverErrors: rate("serverErrors"),
      messages: rate("messages"),
      publications: rate("publications"),
      deliveries: rate("deliveries"),
      deliveryP50: percentile(deliveryLatencies, 0.5),
      deliveryP99: percentile(deliveryLatencies, 0.99),
      receivedBytes: rate("receivedBytes"),
      sentBytes: rate("sentBytes"),
      p50: percentile(latencies, 0.5),
      p90: percentile(latencies, 0.9),
      p99: percentile(latencies, 0.99),
      connections: this.#open(COLUMN.connectionsOpened, COLUMN.connectionsClosed),
      webSockets: this.#open(COLUMN.webSocketsOpened, COLUMN.webSocketsClosed),
      channelClients: CHANNEL_CLIENTS.reduce((sum, [began, ended]) => {
        return sum + this.#open(began, ended);
      }, 0),
      subscriptions: this.#open(
        CHANNEL_COLUMN.subscriptionsStarted,
        CHANNEL_COLUMN.subscriptionsEnded,
      ),
      recovered: this.#state.total(CHANNEL_COLUMN.recoveriesWhole),
      unrecovered: this.#state.total(CHANNEL_COLUMN.recoveriesRefused),
      slowClients: this.#state.total(DISCONNECT_COLUMNS[3008]),
      slowSkips: this.#state.total(CHANNEL_COLUMN.slowSkips) +
        this.#state.total(CHANNEL_COLUMN.slowRecoveries),
      queuedBytes: this.#open(COLUMN.bytesQueued, COLUMN.bytesUnqueued),
      ringDepth: this.#state.taskRing.size(),
      residentBytes,
      workers: snapshot.workers.map((now, i) =>
        this.#worker(i, seconds, [last.workers[i] ?? now, now])
      ),
    };
    this.#samples.push(sample);
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
    return sample;
  }

  #snapshot(): Snapshot {
    const state = this.#state;
    const now = this.#clock.monotonic();
    const sumOf = (columns: readonly Column[]) =>
      columns.reduce<number>((sum, column) => sum + state.total(column), 0);
    const blocks = Array.from({ length: state.workers }, (_, i) => state.counters(i));
    const entries = Object.entries(RATES).map(([key, columns]) => [key, sumOf(columns)]);
    const countsOf = (histogram: Histogram) => {
      const all = blocks.map((counters) => latencyCounts(counters, histogram));
      return (all[0] ?? []).map((_, bucket) =>
        all.reduce((sum, counts) => sum + (counts[bucket] ?? 0), 0)
      );
    };
    return {
      at: now,
      sums: Object.fromEntries(entries) as Snapshot["sums"],
      latencies: countsOf(HISTOGRAM.requests),
      deliveryLatencies: countsOf(HISTOGRAM.deliveries),
      workers: blocks.map((counters) => ({
        idle: counters.idle(now * 1000) / 1e6,
        requests: counters.get(COLUMN.requests),
      })),
    };
  }

  #worker(
    worker: number,
    seconds: number,
    [last, now]: readonly [Snapshot["workers"][number], Snapshot["workers"][number]],
  ): WorkerSample {
    const counters = this.#state.counters(worker);
    return {
      load: Math.min(Math.max(1 - (now.idle - last.idle) / seconds, 0), 1),
      connections: Math.max(counters.openConnections, 0),
      requests: (now.requests - last.requests) / seconds,
    };
  }

  #open(began: Column, ended: Column): number {
    const over = this.#state.total(ended);
    return Math.max(this.#state.total(began) - over, 0);
  }
}
