/**
 * What each thread's script is made of: wait for the setting, start with the others, answer.
 *
 * In: a function from a setting to a result. Out: "ready" and then the result, posted to
 * `threads.ts`. Also here is how a thread steps aside when it finds nothing to do.
 */

/** What `threads.ts` posts. */
interface Start<Setting> {
  setting: Setting;
  barrier: Int32Array;
  threads: number;
}

/** Plays the part of this thread once, beginning when all threads are ready. */
export function playPart<Setting, Result>(part: (setting: Setting) => Result): void {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<Start<Setting>>) => void;
    postMessage(message: "ready" | Result): void;
  };
  scope.onmessage = (event) => {
    const { setting, barrier, threads } = event.data;
    const ready = Atomics.add(barrier, 0, 1) + 1;
    Atomics.notify(barrier, 0);
    for (let seen = ready; seen < threads; seen = Atomics.load(barrier, 0)) {
      Atomics.wait(barrier, 0, seen);
    }
    scope.postMessage(part(setting));
  };
  scope.postMessage("ready");
}

const NOBODY_NOTIFIES = new Int32Array(new SharedArrayBuffer(4));

/**
 * Gives the core to another thread for a moment, at the `attempt`th failure in a row. The first
 * ones return at once, so that threads on different cores still meet; later ones sleep for the
 * shortest time there is, since there may be more threads than cores. No result hangs on the time.
 */
export function stepAside(attempt: number): void {
  if (attempt > 100) Atomics.wait(NOBODY_NOTIFIES, 0, 0, 0.01);
}
