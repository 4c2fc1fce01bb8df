/**
 * The limits of number, time and memory on connections, with their reasons and precedents. The limits of
 * the protocols are in protocol/limits.ts, those of channels in channel_limits.ts; the flags that set them
 * are in runtime/cli/options/limits.ts and channels.ts.
 *
 * In: nothing. Out: defaults that the options may replace. All times are milliseconds.
 */

/**
 * Refused connections that are open at the same time, until their clients have read the 503: of each thread that
 * accepts. Not an option, because they are short-lived: beyond it, they are closed at once.
 */
export const MAX_REFUSED = 256;

/** Limits of time and memory on connections. */
export interface ConnectionLimits {
  /** Open connections of all workers; further ones get 503 and are closed. */
  readonly connections: number;
  /** Connections per address (IPv6: per /64); further ones get 503 and are closed. 0: no limit. */
  readonly connectionsPerAddress: number;
  /** Bytes of memory that all connections together may hold; above it, the largest and slowest are ended. */
  readonly heldBytes: number;
  /** Bytes queued for a WebSocket client; above it, reading from that client pauses. */
  readonly queuedBytes: number;
  /** Pipelined requests of one connection that are handled before other connections get their turn. */
  readonly pipelined: number;
  /** Time to receive a request head; then 408, or a close if nothing was received. */
  readonly headTime: number;
  /** Time between two requests of a connection; then it is closed. */
  readonly idleTime: number;
  /**
   * The minimum rate of a request body and of a WebSocket message in bytes per second, after `headTime`; below
   * it 408, or close 1008.
   */
  readonly bodyRate: number;
  /** Silence after which a WebSocket is pinged … */
  readonly pingTime: number;
  /** … and closed. */
  readonly pongTime: number;
  /** Time between our Close frame and the peer's; then the connection is closed without it. */
  readonly closeTime: number;
  /** Time without write progress; then the connection is closed. */
  readonly writeStall: number;
  /** Time between the stop signal and the end; then open requests are aborted. */
  readonly drainTime: number;
  /** Time to keep accepting after the stop signal, so that a load balancer can notice `/readyz`. */
  readonly drainDelay: number;
  /** After a new server has taken over: time over which the WebSockets and streams of the old one are ended. */
  readonly upgradeSpread: number;
}

/** Defaults of {@link ConnectionLimits}. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  // Half of the descriptors that Linux distributions let a service open.
  connections: 10_000,
  // Off: behind a proxy or a carrier's NAT, all clients have one address.
  connectionsPerAddress: 0,
  // Only if the size of the machine is not known; otherwise a quarter of it: runtime/os/memory_size.ts.
  heldBytes: 1024 * 1024 * 1024,
  // nginx buffers less, Bun's backpressureLimit is 1 MiB.
  queuedBytes: 1024 * 1024,
  // Enough that a full pipeline takes one send; so few that no other connection waits a millisecond.
  pipelined: 64,
  // Apache: RequestReadTimeout header=10-20.
  headTime: 10_000,
  // nginx: keepalive_timeout 75s.
  idleTime: 75_000,
  // Apache requires 500 bytes per second; a modem of the nineties sends more than 1 KiB.
  bodyRate: 1024,
  // Proxies close connections that are silent for 60 s (nginx: proxy_read_timeout).
  pingTime: 30_000,
  pongTime: 60_000,
  // Many round trips to the far side of the world.
  closeTime: 5_000,
  // nginx: send_timeout 60s; half of it.
  writeStall: 30_000,
  // Less than the 10 s that Docker allows between SIGTERM and SIGKILL.
  drainTime: 8_000,
  // Useful only behind a load balancer, and the right value depends on how often that asks /readyz.
  drainDelay: 0,
  // As long as a stop: a thousand clients come back at 125 a second.
  upgradeSpread: 8_000,
};
