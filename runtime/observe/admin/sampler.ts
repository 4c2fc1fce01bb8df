/**
 * What the live page shows: once a second the difference between two looks at the counters.
 *
 * In: the shared memory and a clock. Out: a sample, and the samples of the last minutes, so that who opens
 * the page sees what was before. Keeps nothing else; reads only.
 */

import { COLUMN, type Column, type SharedState } from "../../ring/mod.ts";
import { latencyCounts, percentile } from "./latency_samples.ts";

/** One worker within a second. */
export interface WorkerSample {
  /** Share of the second that it was awake, 0 to 1. */
  readonly load: number;
  readonly connections: number;
  /** A second. */
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
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly connections: number;
  readonly webSockets: number;
  readonly queuedBytes: number;
  readonly ringDepth: number;
  /** Memory of the whole process, in bytes. */
  readonly residentBytes: number;
  readonly workers: readonly WorkerSample[];
}

/** The clocks that a sample is taken by. */
export interface SampleClock {
  /** Milliseconds since 1970. */
  epoch(): number;
  /** Milliseconds of the clock that the workers' sleep is measured by. */
  monotonic(): number;
}

/** Samples that are kept: five minutes. */
export const KEPT_SAMPLES = 300;

/** The columns whose growth is shown. */
const RATES = {
  requests: [COLUMN.requests],
  clientErrors: [COLUMN.responses4xx],
  serverErrors: [COLUMN.responses5xx],
  messages: [COLUMN.messagesReceived, COLUMN.messagesSent],
  receivedBytes: [COLUMN.bytesReceived],
  sentBytes: [COLUMN.bytesSent],
} as const satisfies Record<string, readonly Column[]>;

/** What one look at the counters saw. */
interface Look {
  readonly at: number;
  readonly sums: Readonly<Record<keyof typeof RATES, number>>;
  readonly latencies: readonly number[];
  readonly workers: readonly { readonly idle: number; readonly requests: number }[];
}

/** Takes samples of one server. */
export class Sampler {
  readonly #state: SharedState;
  readonly #clock: SampleClock;
  readonly #samples: Sample[] = [];
  #last: Look;

  constructor(state: SharedState, clock: SampleClock) {
    this.#state = state;
    this.#clock = clock;
    this.#last = this.#look();
  }

  /** The samples of the last minutes, oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Takes a sample of the time since the last one; the process tells what is not in shared memory. */
  take({ ready, residentBytes }: Pick<Sample, "ready" | "residentBytes">): Sample {
    const last = this.#last;
    const look = this.#last = this.#look();
    const seconds = Math.max((look.at - last.at) / 1000, 0.001);
    const rate = (key: keyof typeof RATES) => (look.sums[key] - last.sums[key]) / seconds;
    const latencies = look.latencies.map((count, i) => count - (last.latencies[i] ?? 0));
    const sample: Sample = {
      time: this.#clock.epoch(),
      ready,
      requests: rate("requests"),
      clientErrors: rate("clientErrors"),
      serverErrors: rate("serverErrors"),
      messages: rate("messages"),
      receivedBytes: rate("receivedBytes"),
      sentBytes: rate("sentBytes"),
      p50: percentile(latencies, 0.5),
      p90: percentile(latencies, 0.9),
      p99: percentile(latencies, 0.99),
      connections: this.#open(COLUMN.connectionsOpened, COLUMN.connectionsClosed),
      webSockets: this.#open(COLUMN.webSocketsOpened, COLUMN.webSocketsClosed),
      queuedBytes: this.#open(COLUMN.bytesQueued, COLUMN.bytesUnqueued),
      ringDepth: this.#state.taskRing.size(),
      residentBytes,
      workers: look.workers.map((now, i) =>
        this.#worker(i, seconds, [last.workers[i] ?? now, now])
      ),
    };
    this.#samples.push(sample);
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
    return sample;
  }

  #look(): Look {
    const state = this.#state;
    const now = this.#clock.monotonic();
    const sumOf = (columns: readonly Column[]) =>
      columns.reduce<number>((sum, column) => sum + state.total(column), 0);
    const blocks = Array.from({ length: state.workers }, (_, i) => state.counters(i));
    const entries = Object.entries(RATES).map(([key, columns]) => [key, sumOf(columns)]);
    const latencies = blocks.map(latencyCounts);
    return {
      at: now,
      sums: Object.fromEntries(entries) as Look["sums"],
      latencies: (latencies[0] ?? []).map((_, bucket) =>
        latencies.reduce((sum, counts) => sum + (counts[bucket] ?? 0), 0)
      ),
      workers: blocks.map((counters) => ({
        idle: counters.idle(now * 1000) / 1e6,
        requests: counters.get(COLUMN.requests),
      })),
    };
  }

  #worker(
    worker: number,
    seconds: number,
    [last, now]: readonly [Look["workers"][number], Look["workers"][number]],
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
