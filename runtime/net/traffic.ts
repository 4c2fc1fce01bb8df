/**
 * What a transport reports about the bytes that it moves. Implemented by the worker's counters.
 */

/** Counts bytes. */
export interface Traffic {
  /** `count` bytes were received. */
  received(count: number): void;
  /** `count` bytes were sent. */
  sent(count: number): void;
  /** `count` bytes began to wait: the socket did not take them. */
  queued(count: number): void;
  /** `count` waiting bytes were sent or dropped. */
  unqueued(count: number): void;
  /** A peer took none of the bytes that waited for it within the write-stall time. */
  stalled(): void;
}
