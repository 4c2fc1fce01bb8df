/**
 * Puts a newer copy of an app in the place of the one that serves.
 *
 * In: orders of the main thread. Out: why a copy cannot be used; else it serves new requests once all workers have loaded it, and the old one
 * finishes its own, and is then told to stop. WebSockets stay open; their next event goes to the new copy. Orders are carried out one
 * after the other, each within a limited time, unless the app blocks the thread.
 */

import { errorMessage } from "../../error_message.ts";
import { type AppOrder, type AppSource, OneByOne } from "../../thread/mod.ts";
import type { App } from "./app.ts";
import type { AppModule } from "./app_module.ts";
import { loadApp } from "./load_app.ts";

/** Milliseconds between two looks at the requests of an old copy, and how long it may take if handlers may for ever. */
const LOOK = 50;
const LONGEST = 60_000;

/** What it reports to. */
export interface AppCopiesParts {
  readonly app: App;
  /** Tells the main thread how often something has to run; 0: nothing has. */
  announce(every: number): void;
}

/** The copies of an app in one thread. */
export class AppCopies {
  readonly #parts: AppCopiesParts;
  #candidate: AppModule | undefined;
  readonly #orders = new OneByOne();

  constructor(parts: AppCopiesParts) {
    this.#parts = parts;
  }

  /** Carries out an order; the answer is why it cannot be. */
  obey(order: AppOrder): Promise<string | undefined> {
    return this.#orders.do(() => this.#obey(order));
  }

  async #obey(order: AppOrder): Promise<string | undefined> {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    if (order.type === "use app") {
      if (candidate === undefined) return "it has not loaded a newer one";
      this.#use(candidate);
      return undefined;
    }
    if (candidate !== undefined) void this.#parts.app.stopCopy(candidate);
    return order.type === "load app" ? await this.#load(order.source) : undefined;
  }

  async #load(source: AppSource): Promise<string | undefined> {
    try {
      const { module } = await loadApp(source);
      const fault = await this.#parts.app.startFault(module, source.entry);
      if (fault === undefined) this.#candidate = module;
      return fault;
    } catch (error) {
      return errorMessage(error);
    }
  }

  #use(candidate: AppModule): void {
    const { app, announce } = this.#parts;
    const old = app.module;
    app.module = candidate;
    announce(app.schedule?.every ?? 0);
    void this.#stopLater(old);
  }

  /** When what the old copy was asked is answered, or nobody waits for it any more. */
  async #stopLater(old: AppModule): Promise<void> {
    const { app } = this.#parts;
    const until = performance.now() + (app.timeout === 0 ? LONGEST : app.timeout);
    while (app.server.pendingRequests > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    await app.stopCopy(old);
  }
}
