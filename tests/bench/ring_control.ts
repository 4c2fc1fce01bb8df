/**
 * How ring_bench.ts drives the threads that contend with it: words of shared memory, since the bench
 * blocks its own thread and no message would arrive.
 *
 * In: the control block, made once. Out: `letContend` sets the threads of ring_contender.ts off on so
 * many operations together, `awaitRest` waits until all of them sleep again, and `stopContending`
 * ends it early.
 */

/** Words of the control block. */
export const CONTROL = {
  /** Changed to wake the contenders. */
  generation: 0,
  /** Operations that nobody has begun. */
  remaining: 1,
  /** Contenders that are at it. */
  busy: 2,
} as const;

/** What a contender is sent. */
export interface ContenderSetting {
  /** Of the ring: made by `createSharedState`. */
  readonly memory: SharedArrayBuffer;
  readonly control: Int32Array;
}

/** Lets `contenders` threads do `operations` together; returns when the first of them has begun. */
export function letContend(control: Int32Array, contenders: number, operations: number): void {
  Atomics.store(control, CONTROL.remaining, operations);
  Atomics.store(control, CONTROL.busy, contenders);
  Atomics.add(control, CONTROL.generation, 1); // publishes the two above
  Atomics.notify(control, CONTROL.generation);
  // Waking takes longer than a row of the bench: without this nobody would be in its way.
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

/** Takes what is not begun away from them, and waits. */
export function stopContending(control: Int32Array): void {
  Atomics.store(control, CONTROL.remaining, 0);
  awaitRest(control);
}
