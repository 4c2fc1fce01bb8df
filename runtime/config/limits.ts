/**
 * Every bound of time and memory on what sockets do, with its reason and precedent; those of the
 * protocols are in protocol/limits.ts.
 *
 * In: nothing. Out: defaults that the options may replace. All times are milliseconds.
 */

/** Bounds of time and memory on what sockets do. */
export interface ConnectionLimits {
  /** Connections of all workers; beyond: 503 and close. */
  readonly connections: number;
  /** Connections of one address, of IPv6 one /64 network; beyond: 503 and close. 0: as many as of all. */
  readonly connectionsPerAddress: number;
  /** Bytes of WebSocket data that wait for a peer to read; beyond, nothing more is read from it. */
  readonly queuedBytes: number;
  /** Requests of one connection that are handled before the others have their turn. */
  readonly pipelined: number;
  /** From the first wait for a request's head to its end; beyond: 408, or closed if nothing came. */
  readonly headTime: number;
  /** Between requests of a kept connection; beyond: closed. */
  readonly idleTime: number;
  /** Bytes per second that a body must arrive with, after `headTime` of grace; below: 408. */
  readonly bodyRate: number;
  /** A silent WebSocket is pinged after this … */
  readonly pingTime: number;
  /** … and closed after this. */
  readonly pongTime: number;
  /** From our close frame to the peer's; beyond: closed without it. */
  readonly closeTime: number;
  /** A peer that takes nothing of what waits for it for this long is closed. */
  readonly writeStall: number;
  /** From the signal to the end: what is not done by then is cut off. */
  readonly drainTime: number;
  /** From the signal to the last connection that is accepted: time for a load balancer to look elsewhere. */
  readonly drainDelay: number;
}

/** Defaults of {@link ConnectionLimits}. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  // Half of the descriptors that Linux distributions let a service open.
  connections: 10_000,
  // Off: behind a proxy or a carrier's NAT, all clients have one address.
  connectionsPerAddress: 0,
  // nginx buffers less, Bun's backpressureLimit is 1 MiB.
  queuedBytes: 1024 * 1024,
  // Enough that a full pipeline costs one send; few enough that nobody waits a millisecond for it.
  pipelined: 64,
  // Apache: RequestReadTimeout header=10-20.
  headTime: 10_000,
  // nginx: keepalive_timeout 75s.
  idleTime: 75_000,
  // Apache asks for 500 bytes per second; a modem of the nineties sends more than 1 KiB.
  bodyRate: 1024,
  // Proxies drop what is silent for 60 s (nginx: proxy_read_timeout).
  pingTime: 30_000,
  pongTime: 60_000,
  // A round trip to the far side of the world, many times over.
  closeTime: 5_000,
  // nginx: send_timeout 60s; half of it.
  writeStall: 30_000,
  // Under the 10 s that Docker gives between SIGTERM and SIGKILL.
  drainTime: 8_000,
  // Who has a balancer in front knows how often that asks /readyz; who has none should not wait.
  drainDelay: 0,
};
