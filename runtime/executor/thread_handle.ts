/**
 * The main thread's handle of another thread: a Web Worker that reports when it is ready and how it ended.
 *
 * In: its module, its start message, and orders at any time. Out: promises that are fulfilled when it has carried
 * out an order; its warnings and its end go to a watcher. Orders before its start are kept here until then.
 */

import { AppError } from "./app_error.ts";
import type {
  ChannelReport,
  MainMessage,
  MovedConnections,
  OthersFollow,
  ThreadMessage,
  ThreadOrder,
} from "../thread/mod.ts";

/** How a thread ended. */
export interface ThreadEnd {
  /** What it threw, or undefined if its work was done. */
  readonly error: string | undefined;
}

/** What a thread's messages call. */
export interface ThreadWatcher {
  /** A warning for the operator. */
  warn(text: string): void;
  /** The thread has dropped log lines; its counters have their number. */
  dropped?(): void;
  /** A thread that writes a log has dropped this many lines. */
  unwritten?(lines: number): void;
  /** A thread that writes a log has reopened its file; `fault` says why it could not. */
  reopened?(fault: string | null): void;
  /** A thread without a way to wake that worker asks for it. */
  ring?(worker: number): void;
  /** The thread has written requests to the engine. */
  engine?(): void;
  /** Something has happened in the channels of the thread's clients. Not called after its end. */
  reported?(reports: readonly ChannelReport[]): void;
  /** The thread needs the key set, and may not connect to its address. */
  keySet?(): void;
  /** The thread's app wants to run something every so many milliseconds; 0: nothing. */
  schedule?(every: number): void;
  /** The thread's app holds this much memory, more than it may. */
  heavy?(bytes: number): void;
  /** The thread has given up these connections, which go on in the new server. */
  moved?(connections: MovedConnections, others: OthersFollow): void;
  /** The thread has ended; called once. */
  ended(end: ThreadEnd): void;
}

/** One thread. */
export class Thread {
  /** Whether the thread has ended. */
  hasEnded = false;
  /** For warnings and debuggers. */
  readonly name: string;
  #isReady = false;
  #isRetired = false;
  // Of performance.now(); null: it is not blocked.
  #blockedSince: number | null = null;
  readonly #worker: globalThis.Worker;
  readonly #watcher: ThreadWatcher;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  #started = false;
  // Orders that wait for the start message.
  readonly #orders: MainMessage[] = [];
  #lastOrder = 0;
  // By the order's number: resolves the promise of its caller.
  readonly #obeyed = new Map<number, (fault: string | undefined) => void>();

  /**
   * @param permissions what the thread may do; undefined: all that the process may
   */
  constructor(
    module: URL,
    name: string,
    watcher: ThreadWatcher,
    permissions?: Deno.PermissionOptionsObject,
  ) {
    this.name = name;
    this.#watcher = watcher;
    // Their callers handle the rejection; without a caller, `ended` reports it.
    this.#loaded.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    this.#worker = new globalThis.Worker(module, {
      type: "module",
      name,
      ...(permissions === undefined ? {} : { deno: { permissions } }),
    });
    this.#worker.onmessage = (event: MessageEvent) => this.#receive(event.data as ThreadMessage);
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else it would end the whole process
      this.#end(event.message);
    };
  }

  /** Whether it works now. */
  get isServing(): boolean {
    return this.#isReady && !this.hasEnded;
  }

  /** Whether it is finishing its work, and ends then. */
  get isRetiring(): boolean {
    return this.#isRetired && !this.hasEnded;
  }

  /** Whether its app keeps it from its event loop: it obeys no order until it has returned. */
  get isBlocked(): boolean {
    return this.#blockedSince !== null;
  }

  /** Milliseconds since its last turn, or -1: it is not blocked. */
  get blockedTime(): number {
    return this.#blockedSince === null ? -1 : performance.now() - this.#blockedSince;
  }

  /** It has not turned for that many milliseconds. */
  noteBlocked(milliseconds: number): void {
    this.#blockedSince = performance.now() - milliseconds;
  }

  /** It turns again. */
  noteReturned(): void {
    this.#blockedSince = null;
  }

  /** Fulfilled when its modules are loaded. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** Sends the start message; fulfilled when the thread is ready. @throws {AppError} if it cannot load the app */
  start(start: unknown): Promise<void> {
    this.#post({ type: "start", start });
    this.#started = true;
    for (const order of this.#orders.splice(0)) this.#post(order);
    return this.#ready.promise;
  }

  /** Sends an order; fulfilled when the thread has carried it out, or has ended, or with why it could not. */
  order(order: ThreadOrder): Promise<string | undefined> {
    if (this.hasEnded) return Promise.resolve(undefined);
    const message = { type: "order", number: ++this.#lastOrder, order } as const;
    // The first message must be the start.
    if (this.#started) this.#post(message);
    else this.#orders.push(message);
    return new Promise((resolve) => this.#obeyed.set(message.number, resolve));
  }

  /** It is about to be ordered to finish its work and to end: it does not count as serving any more. */
  noteRetired(): void {
    this.#isReady = false;
    this.#isRetired = true;
  }

  /** Ends a thread that has stopped: until then it waits. */
  dismiss(): void {
    this.#post({ type: "dismiss" });
  }

  /** Ends a thread that waits and cannot be used; nobody is told. */
  abandon(): void {
    this.hasEnded = true;
    this.#worker.terminate();
  }

  #post(message: MainMessage): void {
    this.#worker.postMessage(message);
  }

  #receive(message: ThreadMessage): void {
    if (typeof message !== "object" || message === null) return; // of an app that found a way
    switch (message.type) {
      case "dropped":
        return this.#watcher.dropped?.();
      case "unwritten":
        return this.#watcher.unwritten?.(message.lines);
      case "reopened":
        return this.#watcher.reopened?.(message.fault);
      case "warning":
        return this.#watcher.warn(message.text);
      case "ring":
        return this.#watcher.ring?.(message.worker);
      case "engine":
        return this.#watcher.engine?.();
      case "channels":
        return this.hasEnded ? undefined : this.#watcher.reported?.(message.reports);
      case "key set":
        return this.#watcher.keySet?.();
      case "moved":
        return this.#watcher.moved?.(message.connections, message.others);
      case "stopped":
        return this.#end(undefined);
      case "obeyed":
        return this.#noteObeyed(message.number, message.fault);
      case "loaded":
        return this.#loaded.resolve();
      case "unable":
        return this.#ready.reject(new AppError(message.reason));
      case "ready":
        this.#isReady = true;
        return this.#ready.resolve();
      case "heavy":
        return this.#watcher.heavy?.(message.bytes);
      case "schedule":
        return this.#watcher.schedule?.(message.every);
    }
  }

  #noteObeyed(number: number, fault?: string): void {
    this.#obeyed.get(number)?.(fault);
    this.#obeyed.delete(number);
  }

  #end(error: string | undefined): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const reason = new Error(error ?? "the thread ended before it was ready");
    this.#loaded.reject(reason);
    this.#ready.reject(reason);
    for (const number of this.#obeyed.keys()) this.#noteObeyed(number);
    this.#watcher.ended({ error });
  }
}
