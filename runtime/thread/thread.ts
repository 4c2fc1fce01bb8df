/**
 * The Web Worker's side of a thread: what the main thread tells it, what it answers, and its end.
 *
 * In: messages of the main thread, at any time from "loaded" on. Out: none of them is lost. Deno drops a message
 * that finds no listener; so there is one listener for as long as the thread lives, and orders that come
 * while the thread is still busy with its start are kept until it wants to hear them.
 */

import type { MainMessage, ThreadMessage, ThreadOrder } from "./messages.ts";

/** Obeys an order; what it returns is fulfilled when that is done. */
export type OrderHandler = (order: ThreadOrder) => void | Promise<void>;

// The DOM and the worker libraries declare one global each, and only one can be loaded.
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

type Order = MainMessage & { readonly type: "order" };

const scope = globalThis as unknown as WorkerScope;

// Orders that nobody has wanted to hear yet.
const kept: Order[] = [];
let obey: OrderHandler | null = null;

/**
 * Runs `main` with the start that the main thread sends. The thread ends when `main` is done and the main
 * thread has dismissed it: to take a thread down is work, which must not keep those from theirs that have
 * not stopped yet. What `main` throws ends it too.
 * To be called at the end of the thread's module: it tells the main thread that all is loaded, which sends
 * nothing before.
 */
export function onStart<Start>(main: (start: Start) => void | Promise<void>): void {
  const done = Promise.withResolvers<void>();
  scope.onmessage = async ({ data }: MessageEvent) => {
    const message = data as MainMessage<Start>;
    if (message.type === "order") return hear(message);
    if (message.type === "dismiss") return void done.promise.then(() => scope.close());
    await main(message.start);
    done.resolve();
  };
  postToMain({ type: "loaded" });
}

/** Has `handler` obey each order from now on, those that have come already first. */
export function onOrder(handler: OrderHandler): void {
  obey = handler;
  for (const order of kept.splice(0)) void hear(order);
}

/** Tells the main thread; does not wait. */
export function postToMain(message: ThreadMessage): void {
  scope.postMessage(message);
}

async function hear(message: Order): Promise<void> {
  if (obey === null) return void kept.push(message);
  await obey(message.order);
  postToMain({ type: "obeyed", number: message.number });
}
