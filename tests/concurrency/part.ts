/**
 * The common part of the thread scripts: wait for the setting, start together, post the result.
 *
 * In: a function from a setting to a result. Out: "ready" and then the result, posted to `threads.ts`.
 * Also here: how a thread yields when it cannot proceed.
 */

/** The message from `threads.ts`. */
interface Start<Setting> {
  setting: Setting;
  barrier: Int32Array;
  threads: number;
}

/** Runs `part` once, when all threads are ready. */
export function runPart<Setting, Result>(part: (setting: Setting) => Result): void {
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
 * Yields the core to another thread after `attempt` failures in a row. The first attempts return at once,
 * so that threads on different cores still compete; later ones sleep for the shortest possible time, since
 * there may be more threads than cores. No result depends on the time.
 */
export function yieldCore(attempt: number): void {
  if (attempt > 100) Atomics.wait(NOBODY_NOTIFIES, 0, 0, 0.01);
}
