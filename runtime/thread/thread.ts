/**
 * The Web Worker's side of a thread: receives the main thread's messages, answers them, and ends the thread.
 *
 * In: messages of the main thread, at any time after "loaded". Out: calls of the thread's `main` and of its
 * order handler; no message is lost. Deno drops a message that finds no listener, so there is one listener for
 * as long as the thread lives, and orders that arrive while the thread is still starting are kept until it has
 * a handler.
 */

import type { MainMessage, ThreadMessage, ThreadOrder } from "./messages.ts";

/** Carries out an order; the returned promise is fulfilled when that is done, or with the reason why it cannot be. */
export type OrderHandler = (order: ThreadOrder) => void | Promise<string | void>;

// The DOM and the worker type libraries each declare the global scope, and only one of them can be loaded.
interface WorkerScope {
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown): void;
  close(): void;
}

type Order = MainMessage & { readonly type: "order" };

const scope = globalThis as unknown as WorkerScope;
// An app's thread has others later, which refuse.
const close = scope.close.bind(scope);
const { postMessage } = scope;

// Orders that arrived before there was a handler.
const kept: Order[] = [];
let obey: OrderHandler | null = null;

/**
 * Runs `main` with the start that the main thread sends. The thread ends when `main` is done and the main
 * thread has dismissed it: taking a thread down costs time, which must not delay threads that have not stopped
 * yet. An error that `main` throws ends the thread too. Called at the end of the thread's module: it reports
 * "loaded", before which the main thread sends nothing.
 */
export function onStart<Start>(main: (start: Start) => void | Promise<void>): void {
  const done = Promise.withResolvers<void>();
  scope.addEventListener("message", async (event: MessageEvent) => {
    // An app may listen too: what the main thread says is not for it.
    event.stopImmediatePropagation();
    const message = event.data as MainMessage<Start>;
    if (message.type === "order") return receiveOrder(message);
    if (message.type === "dismiss") return void done.promise.then(close);
    await main(message.start);
    done.resolve();
  });
  postToMain({ type: "loaded" });
}

/** Sets the handler of orders, and passes it the orders that have already arrived. */
export function onOrder(handler: OrderHandler): void {
  obey = handler;
  for (const order of kept.splice(0)) void receiveOrder(order);
}

/** Sends a message to the main thread; does not wait. */
export function postToMain(message: ThreadMessage): void {
  postMessage.call(scope, message);
}

async function receiveOrder(message: Order): Promise<void> {
  if (obey === null) return void kept.push(message);
  const fault = await obey(message.order);
  const { number } = message;
  postToMain(fault === undefined ? { type: "obeyed", number } : { type: "obeyed", number, fault });
}
