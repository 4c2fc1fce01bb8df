/**
 * The Web Worker's side of a thread: its one message in, its few out, and its end.
 *
 * In: the start that the main thread posts. Out: reports to the main thread. Called by the module
 * of a thread, once.
 */

import type { ThreadMessage, ThreadOrder } from "./messages.ts";

// The DOM and the worker libraries declare one global each, and only one can be loaded.
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

const scope = globalThis as unknown as WorkerScope;

/**
 * Runs `main` with the first message, and after it ends the thread at the next one: to take a thread down
 * is work, which must not keep those from theirs that have not stopped yet. What it throws ends it too.
 * To be called at the end of the thread's module: it tells the main thread that all is loaded.
 */
export function onStart<Start>(main: (start: Start) => void | Promise<void>): void {
  scope.onmessage = async (event: MessageEvent) => {
    scope.onmessage = null;
    await main(event.data as Start);
    scope.onmessage = () => scope.close();
  };
  postToMain({ type: "loaded" });
}

/** Has `hear` called with each order from now on; only for a thread that never blocks. */
export function onOrder(hear: (order: ThreadOrder) => void): void {
  scope.onmessage = (event: MessageEvent) => hear(event.data as ThreadOrder);
}

/** Tells the main thread; does not wait. */
export function postToMain(message: ThreadMessage): void {
  scope.postMessage(message);
}
