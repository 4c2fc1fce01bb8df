/**
 * What each thread has counted since the start, in shared memory.
 *
 * One block of cache lines for each thread: the workers', then the acceptor's, then the main
 * thread's. Only the thread of a block writes it; anyone reads. A worker that is started anew goes
 * on with the block of the one that died, so sums never go back.
 *
 * The columns are doubles: a plain read, add and write, no BigInt, and exact up to 2^53, which the
 * bytes of one worker at 1 GB/s reach after 104 days (and from there are off by single bytes).
 * The language promises only for integers of up to 32 bits that a write is seen whole; for aligned
 * 8 bytes the hardware does, x86-64 and arm64 both, and each column is aligned. A reader therefore
 * sees a column as it was a moment ago, and two columns perhaps as they were at different moments.
 */
import { bucketOf } from "./latency.ts";
import { COUNTER_COLUMNS, NAMED_COLUMNS } from "./layout.ts";

/** The columns by name. All only grow, but for `idleMicroseconds`. */
export const COLUMN = {
  /** Connections that accept4 gave. */
  accepted: 0,
  /** Accepted connections that were refused at once: at a limit, or while draining. */
  refused: 1,
  /** Pushes that found the task ring full. */
  ringFull: 2,
  /** Connections that a worker took up. */
  connectionsOpened: 3,
  /** Connections that a worker closed, whoever wanted it. */
  connectionsClosed: 4,
  /** Request heads received whole. */
  requests: 5,
  /** Response heads sent, by class of status. */
  responses1xx: 6,
  responses2xx: 7,
  responses3xx: 8,
  responses4xx: 9,
  responses5xx: 10,
  /** Bytes that came from sockets. */
  bytesReceived: 11,
  /** Bytes that sockets took. */
  bytesSent: 12,
  /** Upgrades done. */
  webSocketsOpened: 13,
  webSocketsClosed: 14,
  /** WebSocket messages, not frames. */
  messagesReceived: 15,
  messagesSent: 16,
  /** Input that broke a protocol. */
  protocolErrors: 17,
  /** Handlers that threw. */
  handlerErrors: 18,
  /** Connections closed because a time limit ran out: for a request's head … */
  timeoutsHead: 19,
  /** Turns of the event loop: one that stands still in a thread not parked tells that it hangs. */
  loopTurns: 20,
  /** Times that the thread went to sleep. */
  parks: 21,
  /** Times that the thread woke another. */
  doorbells: 22,
  /** Lines of the event log that were dropped, because it was not written as fast as they came. */
  logLinesDropped: 23,
  /** Times that a doorbell was heard. */
  wakeUps: 24,
  /** … between requests … */
  timeoutsIdle: 25,
  /** … for a request's body … */
  timeoutsBody: 26,
  /** … for a peer that reads nothing … */
  timeoutsWrite: 27,
  /** … for a sign of life of a WebSocket … */
  timeoutsPong: 28,
  /** … for its close handshake. */
  timeoutsClose: 29,
  /** Of `refused`, those whose address had too many connections. */
  refusedByAddress: 30,
  /** Requests and messages refused at a bound: the request line, the head, its fields, … */
  limitRequestLine: 31,
  limitHead: 32,
  limitFields: 33,
  limitBody: 34,
  limitMessage: 35,
  limitFragments: 36,
  /** Bytes that a socket did not take and that had to wait. */
  bytesQueued: 37,
  /** Bytes that have waited and do no longer, sent or dropped. */
  bytesUnqueued: 38,
  /** Microseconds that the thread has slept; less the time at which it fell asleep while it does: see `idle`. */
  idleMicroseconds: 39,
  /** Microseconds of all requests whose latency was observed. */
  latencyMicroseconds: 40,
  /** Threads that were started in the place of one that died. */
  workersReplaced: 41,
  /** The same as `logLinesDropped`, of the access log. */
  accessLogLinesDropped: 42,
  /** Connections that were refused after they were taken up: no PROXY header, … */
  refusedProxyHeader: 43,
  /** … no TLS, most likely plain HTTP on the port of https, … */
  refusedPlainText: 44,
  /** … or a TLS handshake that failed otherwise. */
  refusedTlsHandshake: 45,
} as const;

/** The number of a column. */
export type Column = (typeof COLUMN)[keyof typeof COLUMN];

/** The counters of one thread. */
export class Counters {
  readonly #slots: Float64Array;

  /** @param slots the block of this thread in shared memory */
  constructor(slots: Float64Array) {
    if (slots.length !== COUNTER_COLUMNS) throw new RangeError("Not a block of counters");
    this.#slots = slots;
  }

  /** Adds `amount` to a column; only the thread of this block. */
  add(column: Column, amount: number): void {
    // In bounds: a Column is below COUNTER_COLUMNS, which the constructor checked.
    this.#slots[column] = this.#slots[column]! + amount;
  }

  /** The thread of this block sleeps from `now` on, in microseconds of the monotonic clock. */
  sleep(now: number): void {
    this.add(COLUMN.idleMicroseconds, -now);
  }

  /** It sleeps no longer. Does nothing where it did not. */
  wake(now: number): void {
    if (this.get(COLUMN.idleMicroseconds) < 0) this.add(COLUMN.idleMicroseconds, now);
  }

  /**
   * Microseconds that the thread has slept until `now`, the present sleep included; any thread. One column
   * tells both, so that no reader sees a sleep twice or not at all: nobody has slept for as long as the clock
   * has run, so it is negative while the thread sleeps.
   */
  idle(now: number): number {
    const column = this.get(COLUMN.idleMicroseconds);
    return column < 0 ? Math.max(column + now, 0) : column;
  }

  /** Notes that `requests` requests took so many microseconds each; only the thread of this block. */
  observe(microseconds: number, requests: number): void {
    this.add(COLUMN.latencyMicroseconds, microseconds * requests);
    const slot = NAMED_COLUMNS + bucketOf(microseconds);
    // In bounds: there are fewer buckets than columns behind the named ones; a test says so.
    this.#slots[slot] = this.#slots[slot]! + requests;
  }

  /** How many requests fell into a bucket of latency.ts; any thread. */
  bucket(index: number): number {
    return this.#slots[NAMED_COLUMNS + index]!;
  }

  /** Connections that are open in the thread of this block; any thread. */
  get openConnections(): number {
    return this.get(COLUMN.connectionsOpened) - this.get(COLUMN.connectionsClosed);
  }

  /** The value of a column; any thread. Late by what the writer has not made visible yet. */
  get(column: Column): number {
    return this.#slots[column]!;
  }
}
