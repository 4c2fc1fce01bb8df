/**
 * Starts threads for a test, sees them off together, and ends them whatever happens.
 *
 * In: the script of the threads and one setting for each. Out: their results in the same order. A
 * script calls {@link playPart} of `part.ts`. A thread that throws, or is not done by the deadline,
 * fails the test; all threads are terminated in the end.
 */

/** No test here takes a quarter of it, on two busy cores. */
const DEADLINE_MS = 30_000;

/** Runs one thread for each setting, and gives what each answered. */
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
    // One after another: the first compiles the script, and the others find it compiled.
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

/** The next message of a thread: first that it is ready, then its result. */
function messageOf<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data as Message);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A thread failed: ${event.message}`));
    };
  });
}
