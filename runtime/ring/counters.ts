/**
 * The counters of each thread since the start, in shared memory.
 *
 * In: an amount for a column, from the block's own thread. Out: the column's value, to any thread.
 * Each thread has one block of cache lines: the workers' first, then the acceptor's, then the main thread's.
 * Only the thread of a block writes it; any thread reads it. A worker that replaces one that died continues its
 * block, so sums never decrease.
 *
 * The columns are doubles: a plain read, add and write, no BigInt, and exact up to 2^53. The bytes of one
 * worker at 1 GB/s reach that after 104 days, and are then off by single bytes. ECMAScript guarantees only for
 * integers of up to 32 bits that a write is seen whole. The hardware guarantees it for aligned 8 bytes, on
 * x86-64 and arm64, and each column is aligned. A reader therefore sees a recent value of a column, and two
 * columns perhaps as of different moments.
 */
import { CHANNEL_COLUMN, type ChannelColumn } from "./channel_columns.ts";
import { bucketOf } from "./latency.ts";
import { COUNTER_COLUMNS, DELIVERY_BUCKETS, NAMED_COLUMNS } from "./layout.ts";

/** The columns by name. All of them only grow, except `idleMicroseconds` and `heldBytes`. */
export const COLUMN = {
  /** Connections that accept4 returned. */
  accepted: 0,
  /** Accepted connections that were refused at once: at a limit, or while draining. */
  refused: 1,
  /** Pushes that found the task ring full. */
  ringFull: 2,
  /** Connections that a worker took. */
  connectionsOpened: 3,
  /** Connections that a worker closed, whichever side ended them. */
  connectionsClosed: 4,
  /** Request heads received completely. */
  requests: 5,
  /** Response heads sent, by class of status. */
  responses1xx: 6,
  responses2xx: 7,
  responses3xx: 8,
  responses4xx: 9,
  responses5xx: 10,
  /** Bytes received from sockets. */
  bytesReceived: 11,
  /** Bytes that sockets accepted for sending. */
  bytesSent: 12,
  /** Completed upgrades. */
  webSocketsOpened: 13,
  webSocketsClosed: 14,
  /** WebSocket messages, not frames. */
  messagesReceived: 15,
  messagesSent: 16,
  /** Protocol errors of peers. */
  protocolErrors: 17,
  /** Handlers that threw. */
  handlerErrors: 18,
  /** Connections closed because a time limit ran out: for a request's head … */
  timeoutsHead: 19,
  /** Turns of the event loop: if the count of a thread that is not parked does not change, the thread hangs. */
  loopTurns: 20,
  /** Times that the thread went to sleep. */
  parks: 21,
  /** Times that the thread woke another. */
  doorbells: 22,
  /** Lines of the event log that were dropped, because the log could not be written fast enough. */
  logLinesDropped: 23,
  /** Times that a doorbell woke the thread. */
  wakeUps: 24,
  /** … between requests … */
  timeoutsIdle: 25,
  /** … for a request's body … */
  timeoutsBody: 26,
  /** … for a peer that read nothing … */
  timeoutsWrite: 27,
  /** … for a WebSocket's pong … */
  timeoutsPong: 28,
  /** … for its close handshake. */
  timeoutsClose: 29,
  /** Of `refused`, connections whose address had too many. */
  refusedByAddress: 30,
  /** Requests and messages refused at a limit: the request line, the head, its fields, … */
  limitRequestLine: 31,
  limitHead: 32,
  limitFields: 33,
  limitBody: 34,
  limitMessage: 35,
  limitFragments: 36,
  /** Bytes that had to wait because a socket did not accept them. */
  bytesQueued: 37,
  /** Bytes that waited and were then sent or dropped. */
  bytesUnqueued: 38,
  /** Microseconds that the thread has slept, minus the start time of the current sleep: see `idle`. */
  idleMicroseconds: 39,
  /** Sum of the observed latencies of requests, in microseconds. */
  latencyMicroseconds: 40,
  /** Threads that were started to replace one that died. */
  workersReplaced: 41,
  /** As `logLinesDropped`, for the access log. */
  accessLogLinesDropped: 42,
  /** Connections that were refused after a worker took them: no PROXY header, … */
  refusedProxyHeader: 43,
  /** … no TLS, most likely plain HTTP on the https port, … */
  refusedPlainText: 44,
  /** … or a TLS handshake that failed for another reason. */
  refusedTlsHandshake: 45,
  /** Bytes of memory that the connections of the thread hold now. */
  heldBytes: 46,
  /** Requests and messages that were refused because of `--max-memory`. */
  refusedByMemory: 47,
  /** Connections that were ended because of it. */
  endedByMemory: 48,
  /** Connections closed because a time limit ran out for a WebSocket message. */
  timeoutsMessage: 49,
  /** Sends that io_uring did, many with one system call. */
  jointSends: 50,
  /** Errors of an app that nobody caught: in a callback, or in a promise. */
  appFaults: 51,
  /** Requests that were answered with 504: an app's handler did not answer in time. */
  timeoutsApp: 52,
  /** Times that a worker did not come back to its loop for seconds; only the main thread's block. */
  workersBlocked: 53,
  /** Workers that are blocked now; only the main thread's block. */
  blockedNow: 54,
  /** Workers that were replaced because of `--app-memory`; only the main thread's block. */
  workersHeavy: 55,
  /** Of `webSocketsOpened`, those that negotiated permessage-deflate. */
  webSocketsDeflating: 56,
  /** Bytes that compression saved of the messages that were sent, … */
  bytesSavedSending: 57,
  /** … and received. */
  bytesSavedReceiving: 58,
} as const;

/** The number of a column, of these or of those about channels. */
export type Column = (typeof COLUMN)[keyof typeof COLUMN] | ChannelColumn;

/** A histogram in a block of counters: the column of the sum in microseconds, and the first of the buckets of latency.ts. */
export interface Histogram {
  readonly sum: Column;
  readonly buckets: number;
}

/** The histograms of a thread: how long requests took, and the deliveries of publications. */
export const HISTOGRAM = {
  requests: { sum: COLUMN.latencyMicroseconds, buckets: NAMED_COLUMNS },
  deliveries: { sum: CHANNEL_COLUMN.deliveryMicroseconds, buckets: DELIVERY_BUCKETS },
} as const satisfies Record<string, Histogram>;

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

  /** Replaces the value of a column that is not a sum; only the thread of this block, or after its end. */
  set(column: Column, value: number): void {
    this.#slots[column] = value;
  }

  /** The thread of this block begins to sleep at `now`, in microseconds of the monotonic clock. */
  sleep(now: number): void {
    this.add(COLUMN.idleMicroseconds, -now);
  }

  /** The thread woke at `now`. Does nothing if it was not sleeping. */
  wake(now: number): void {
    if (this.isAsleep) this.add(COLUMN.idleMicroseconds, now);
  }

  /** Whether the thread of this block sleeps; in this thread, promises alone see it. */
  get isAsleep(): boolean {
    return this.get(COLUMN.idleMicroseconds) < 0;
  }

  /**
   * Microseconds that the thread has slept until `now`, the current sleep included; any thread. One column
   * holds both, so that no reader counts a sleep twice or not at all. It is negative while the thread sleeps,
   * since no thread has slept as long as the clock has run.
   */
  idle(now: number): number {
    const column = this.get(COLUMN.idleMicroseconds);
    return column < 0 ? Math.max(column + now, 0) : column;
  }

  /** Records that each of `count` took `microseconds`; only the thread of this block. */
  observe({ sum, buckets }: Histogram, microseconds: number, count: number): void {
    this.add(sum, microseconds * count);
    const slot = buckets + bucketOf(microseconds);
    // In bounds: each histogram has a column for each bucket, which a test checks.
    this.#slots[slot] = this.#slots[slot]! + count;
  }

  /** How many fell into a bucket of latency.ts; any thread. */
  bucket({ buckets }: Histogram, index: number): number {
    return this.#slots[buckets + index]!;
  }

  /** Connections that are open in the thread of this block; any thread. */
  get openConnections(): number {
    return this.get(COLUMN.connectionsOpened) - this.get(COLUMN.connectionsClosed);
  }

  /** The value of a column; any thread. The latest writes may not be visible yet. */
  get(column: Column): number {
    return this.#slots[column]!;
  }
}
