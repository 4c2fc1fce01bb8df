/**
 * Summarizes the turns of a server in a row.
 *
 * In: the measured turns. Out: medians. Pure; called by the harness and the report.
 */

/** What is measured besides with three servers that share an engine. */
export interface EngineTurn {
  /** CPU of the server that publishes, in µs per publication. */
  readonly publisherCpu: number;
  /** CPU of the engine, in µs per publication; null without one. */
  readonly engineCpu: number | null;
  /** Publications in a call of the engine; null if the engine does not count its calls. */
  readonly together: number | null;
}

/** The measurements of one turn: some seconds of load on one server. */
export interface Turn {
  /** Responses or messages that the client counted. */
  readonly requests: number;
  /** Server CPU, user and system, of all its threads and processes, in µs per request. */
  readonly cpuPerRequest: number;
  /** Requests or messages per second, measured by the client. */
  readonly requestsPerSecond: number;
  /** Latency in µs; null if unknown. */
  readonly p50: number | null;
  /** Latency in µs; null if unknown. */
  readonly p99: number | null;
  /** Latency in µs; null if unknown. */
  readonly p999: number | null;
  /** How late the client itself sent, at p99, in µs; null if the load had no rate. */
  readonly late: number | null;
  /** Share of the connections whose TLS session was resumed; null if none was to be. */
  readonly resumed: number | null;
  /** Bytes that a subscriber received for a message; null in rows without subscribers. */
  readonly wireBytes: number | null;
  /** Resident bytes of all processes of the server, halfway through the load. */
  readonly rssBytes: number;
  /** Failed connections, requests or responses. */
  readonly errors: number;
  /** Share of one core that the client's busiest thread used. */
  readonly clientBusiest: number;
  /** Share of one core that the server's busiest thread used. */
  readonly serverBusiest: number;
  readonly engine?: EngineTurn;
}

/** The medians of a server's turns, and their quality. */
export interface Summary {
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly late: number | null;
  readonly resumed: number | null;
  /** Bytes that a subscriber received for a message. */
  readonly wireBytes: number | null;
  readonly rssBytes: number;
  /** Errors of all turns together. */
  readonly errors: number;
  /** Share of one core that the client's busiest thread used. */
  readonly clientBusiest: number;
  /** Whether the client was saturated while the server was not. */
  readonly clientLimited: boolean;
  /** Half the difference between the lowest and highest CPU per request of a turn, divided by the median. */
  readonly spread: number;
  readonly engine?: EngineTurn;
}

/** From this share of a core on, a thread is saturated. */
const SATURATED = 0.95;

/** The median; for an even count, the mean of the middle two; NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

function medianOrNull(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

function summarizeEngine(turns: readonly EngineTurn[]): EngineTurn {
  return {
    publisherCpu: median(turns.map((turn) => turn.publisherCpu)),
    engineCpu: medianOrNull(turns.map((turn) => turn.engineCpu)),
    together: medianOrNull(turns.map((turn) => turn.together)),
  };
}

/** Summarizes the turns of one server in one row. */
export function summarize(turns: readonly Turn[]): Summary {
  const cpu = turns.map((turn) => turn.cpuPerRequest);
  const cpuPerRequest = median(cpu);
  const client = median(turns.map((turn) => turn.clientBusiest));
  const server = median(turns.map((turn) => turn.serverBusiest));
  const engine = turns.flatMap((turn) => turn.engine ?? []);
  return {
    ...(engine.length === 0 ? {} : { engine: summarizeEngine(engine) }),
    cpuPerRequest,
    requestsPerSecond: median(turns.map((turn) => turn.requestsPerSecond)),
    p50: medianOrNull(turns.map((turn) => turn.p50)),
    p99: medianOrNull(turns.map((turn) => turn.p99)),
    p999: medianOrNull(turns.map((turn) => turn.p999)),
    late: medianOrNull(turns.map((turn) => turn.late)),
    resumed: medianOrNull(turns.map((turn) => turn.resumed)),
    wireBytes: medianOrNull(turns.map((turn) => turn.wireBytes)),
    rssBytes: median(turns.map((turn) => turn.rssBytes)),
    errors: turns.reduce((sum, turn) => sum + turn.errors, 0),
    clientBusiest: client,
    clientLimited: client >= SATURATED && server < SATURATED,
    spread: (Math.max(...cpu) - Math.min(...cpu)) / 2 / cpuPerRequest,
  };
}
