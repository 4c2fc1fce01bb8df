/**
 * From single turns to one figure a server and row.
 *
 * In: the measured turns of a server in a row. Out: medians, and our ratio to another server's. Pure;
 * called by the harness and the report.
 */

/** One turn of one server: the load of some seconds, measured. */
export interface Turn {
  /** Answers or messages that the client counted. */
  readonly requests: number;
  /** Server CPU, user and system, of all its threads and processes, in µs per request. */
  readonly cpuPerRequest: number;
  /** Requests or messages a second, as the client saw it. */
  readonly requestsPerSecond: number;
  /** Latency in µs; null where the client can't tell. */
  readonly p50: number | null;
  /** Latency in µs; null where the client can't tell. */
  readonly p99: number | null;
  /** Resident bytes of all the server's processes, half-way through the load. */
  readonly rssBytes: number;
  /** Failed connections, requests or answers. */
  readonly errors: number;
  /** Share of one core that the client's busiest thread used. */
  readonly clientBusiest: number;
  /** Share of one core that the server's busiest thread used. */
  readonly serverBusiest: number;
}

/** The medians of a server's turns, and what to know about them. */
export interface Summary {
  readonly cpuPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly rssBytes: number;
  /** Of all turns together. */
  readonly errors: number;
  /** The client had no more to give while the server had. */
  readonly clientLimited: boolean;
  /** Half the distance between the lowest and the highest turn's CPU per request, over the median. */
  readonly spread: number;
}

/** From this share of a core on, a thread has nothing left to give. */
const SATURATED = 0.95;

/** The median; of an even count, the mean of the middle two. NaN of none. */
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

/** Sums up the turns of one server in one row. */
export function summarize(turns: readonly Turn[]): Summary {
  const cpu = turns.map((turn) => turn.cpuPerRequest);
  const cpuPerRequest = median(cpu);
  const client = median(turns.map((turn) => turn.clientBusiest));
  const server = median(turns.map((turn) => turn.serverBusiest));
  return {
    cpuPerRequest,
    requestsPerSecond: median(turns.map((turn) => turn.requestsPerSecond)),
    p50: medianOrNull(turns.map((turn) => turn.p50)),
    p99: medianOrNull(turns.map((turn) => turn.p99)),
    rssBytes: median(turns.map((turn) => turn.rssBytes)),
    errors: turns.reduce((sum, turn) => sum + turn.errors, 0),
    clientLimited: client >= SATURATED && server < SATURATED,
    spread: (Math.max(...cpu) - Math.min(...cpu)) / 2 / cpuPerRequest,
  };
}
