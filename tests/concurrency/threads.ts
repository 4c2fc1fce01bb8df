/**
 * Starts the threads of a test, releases them together, and terminates them in every case.
 *
 * In: the script of the threads and one setting for each. Out: their results in the same order. A
 * script calls {@link runPart} of `part.ts`. The test fails if a thread throws or misses the deadline. All
 * threads are terminated at the end.
 */

/** Every test here takes a few seconds on two idle cores, and has taken 30 s among twenty other processes. */
const DEADLINE_MS = 120_000;

/** Runs one thread per setting and returns the results. */
export async function runThreads<Setting, Result>(
  script: URL,
  settings: readonly Setting[],
): Promise<Result[]> {
  // Counts the threads that are ready; the last wakes the others.
  const barrier = new Int32Array(new SharedArrayBuffer(4));
  const workers: Worker[] = [];
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new Error("The threads were not done by the deadline")),
    DEADLINE_MS,
  );
  try {
    // One after another: the first compiles the script, the others use the compiled one.
    for (const _ of settings) {
      const worker = new Worker(script, { type: "module" });
      workers.push(worker);
      await Promise.race([messageOf(worker), deadline.promise]);
    }
    const results = settings.map((setting, i) => {
      const result = messageOf<Result>(workers[i]!);
      workers[i]!.postMessage({ setting, barrier, threads: settings.length });
      return result;
    });
    return await Promise.race([Promise.all(results), deadline.promise]);
  } finally {
    clearTimeout(timer);
    for (const worker of workers) worker.terminate();
  }
}

/** The next message of a thread: first "ready", then its result. */
function messageOf<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data as Message);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A thread failed: ${event.message}`));
    };
  });
}
