/**
 * A thread as the main one sees it: a Web Worker that reports when it is ready and how it ended.
 *
 * In: the module of the thread, its start and further orders. Out: promises of what it reports; its
 * warnings and its end go to a watcher.
 */

import type { ThreadMessage, ThreadOrder } from "../thread/mod.ts";

/** How a thread ended. */
export interface ThreadEnd {
  /** What it threw, or undefined if its work was done. */
  readonly error: string | undefined;
}

/** Who is told about a thread. */
export interface ThreadWatcher {
  /** Something for the operator. */
  warn(text: string): void;
  /** It has handed lines of a log over, or dropped some. */
  lines?(): void;
  /** It has ended; called once. */
  ended(end: ThreadEnd): void;
}

/** One thread. */
export class Thread {
  /** Whether it is gone. */
  hasEnded = false;
  readonly #worker: globalThis.Worker;
  readonly #watcher: ThreadWatcher;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  #started = false;
  readonly #orders: ThreadOrder[] = [];
  #renewed = Promise.withResolvers<void>();
  // Orders of another config, and who waits until they are followed.
  readonly #rerouting = new Map<number, () => void>();

  /** @param name for warnings and debuggers */
  constructor(module: URL, name: string, watcher: ThreadWatcher) {
    this.#watcher = watcher;
    // Whoever waits for them is told; where nobody does, `ended` is enough.
    this.#loaded.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    this.#worker = new globalThis.Worker(module, { type: "module", name });
    this.#worker.onmessage = (event: MessageEvent) => this.#hear(event.data as ThreadMessage);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else it would end the whole process
      this.#end(event.message);
    };
  }

  /** Fulfilled when its modules are loaded. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Sends it to work; fulfilled when it says that it is ready. */
  start(message: unknown): Promise<void> {
    this.#worker.postMessage(message);
    this.#started = true;
    for (const order of this.#orders.splice(0)) this.#worker.postMessage(order);
    return this.#ready.promise;
  }

  /** Tells a thread that hears orders. */
  order(order: ThreadOrder): void {
    if (this.hasEnded) return;
    // Its first message is its start.
    if (this.#started) this.#worker.postMessage(order);
    else this.#orders.push(order);
  }

  /** Gives it a new certificate; fulfilled when nobody gets the old one any more, or it has ended. */
  renew(order: ThreadOrder & { type: "tls" }): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    this.#renewed = Promise.withResolvers();
    this.order(order);
    return this.#renewed.promise;
  }

  /** Has it answer by another config; fulfilled when it does, or cannot, or has ended. */
  reroute(order: ThreadOrder & { type: "config" }): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    return new Promise((resolve) => {
      this.#rerouting.set(order.number, resolve);
      this.order(order);
    });
  }

  /** Lets one go whose work is done; without that it waits. */
  dismiss(): void {
    this.#worker.postMessage(null);
  }

  #hear(message: ThreadMessage): void {
    if (message.type === "lines") return this.#watcher.lines?.();
    if (message.type === "warning") return this.#watcher.warn(message.text);
    if (message.type === "stopped") return this.#end(undefined);
    if (message.type === "renewed") return this.#renewed.resolve();
    if (message.type === "rerouted") return this.#rerouted(message.number);
    if (message.type === "loaded") this.#loaded.resolve();
    else this.#ready.resolve();
  }

  #rerouted(number: number): void {
    this.#rerouting.get(number)?.();
    this.#rerouting.delete(number);
  }

  #end(error: string | undefined): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const reason = new Error(error ?? "the thread ended before it was ready");
    this.#loaded.reject(reason);
    this.#ready.reject(reason);
    this.#renewed.resolve();
    for (const number of this.#rerouting.keys()) this.#rerouted(number);
    this.#watcher.ended({ error });
  }
}
