/**
 * Controls the threads that contend with ring_bench.ts, through shared memory: the benchmark blocks its
 * own thread, so no message would arrive.
 *
 * In: the control block, made once. Out: `letContend` starts the threads of ring_contender.ts on a common
 * number of operations, `awaitRest` waits until all of them sleep again, and `stopContending` ends them
 * early.
 */

/** Words of the control block. */
export const CONTROL = {
  /** Changed to wake the contenders. */
  generation: 0,
  /** Operations that no contender has started. */
  remaining: 1,
  /** Contenders that are running. */
  busy: 2,
} as const;

/** The message to a contender. */
export interface ContenderSetting {
  /** The memory of the ring, made by `createSharedState`. */
  readonly memory: SharedArrayBuffer;
  readonly control: Int32Array;
}

/** Lets `contenders` threads do `operations` together; returns when the first one has started. */
export function letContend(control: Int32Array, contenders: number, operations: number): void {
  Atomics.store(control, CONTROL.remaining, operations);
  Atomics.store(control, CONTROL.busy, contenders);
  Atomics.add(control, CONTROL.generation, 1); // publishes the two above
  Atomics.notify(control, CONTROL.generation);
  // Waking takes longer than a benchmark row: without this wait there would be no contention.
  while (Atomics.load(control, CONTROL.remaining) === operations);
}

/** Waits until all are done. */
export function awaitRest(control: Int32Array): void {
  for (;;) {
    const busy = Atomics.load(control, CONTROL.busy);
    if (busy === 0) return;
    // Only the last one notifies; a change between the load and here ends the wait at once.
    Atomics.wait(control, CONTROL.busy, busy);
  }
}

/** Cancels the operations that are not started, and waits. */
export function stopContending(control: Int32Array): void {
  Atomics.store(control, CONTROL.remaining, 0);
  awaitRest(control);
}
