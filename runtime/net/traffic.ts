/**
 * What a transport reports of the bytes that it moves; the worker's counters listen.
 */

/** Counts bytes. */
export interface Traffic {
  /** `count` bytes were received. */
  received(count: number): void;
  /** `count` bytes were sent. */
  sent(count: number): void;
  /** `count` bytes wait from now on, as the socket did not take them. */
  queued(count: number): void;
  /** `count` of those wait no longer: they were sent, or dropped. */
  unqueued(count: number): void;
  /** A peer took nothing of what waited for it within its time. */
  stalled(): void;
}
