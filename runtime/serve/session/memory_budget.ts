/**
 * The bound on the memory of all connections, as sessions see it.
 *
 * In: what a session is about to need, and that it has taken some. Out: whether it may. The worker has the
 * implementation (serve/worker/worker_memory.ts). Sessions ask before they begin to gather a body or a
 * message; a request or a message that is received whole needs no memory, and never asks.
 */

/** Whether there is memory. */
export interface MemoryBudget {
  /** Above this many bytes of the message pool, {@link judge} has to be called. */
  readonly nextJudgement: number;
  /** Whether `count` more bytes may be held. Ends slow connections to make room; counts a refusal. */
  admits(count: number): boolean;
  /** Publishes what this worker holds, and ends connections if all workers hold too much. */
  judge(): void;
}
