/**
 * Keeps a worker's thread alive whatever its app does outside of its handlers.
 *
 * In: the thread's global scope, before the app is loaded. Out: each error that nobody caught, in a callback or in a promise, is
 * reported and ends nothing; `Deno.exit()`, `close()` and what calls them throw, and `process.abort()`. So does `postMessage()`, since the main thread takes
 * what it gets for the server's own. Without it Deno ends the thread, with all its connections. Errors of the server's own code that reach the top are reported in the same way.
 */

import process from "node:process";

/** Receives an error: what has failed, and what was thrown. */
export type FaultReport = (what: string, error: unknown) => void;

// Of the global scope: the libraries of DOM and worker types cannot both be loaded.
interface GuardedScope {
  addEventListener(type: string, listener: (event: Event) => void): void;
  removeEventListener(type: string, listener: (event: Event) => void): void;
}

/** Guards the thread in which it is made. */
export class AppGuard {
  readonly #scope = globalThis as unknown as GuardedScope;
  #report: FaultReport | null = null;
  // Before there is a report.
  #kept: [what: string, error: unknown][] = [];

  constructor() {
    this.#scope.addEventListener("error", this.#onError);
    this.#scope.addEventListener("unhandledrejection", this.#onRejection);
    const end = "would end a worker of the server, which an app may not do";
    forbid(Deno, "exit", `Deno.exit() ${end}`);
    forbid(process, "abort", "process.abort() would end the server, which an app may not do");
    forbid(globalThis, "close", `close() ${end}`);
    forbid(
      globalThis,
      "postMessage",
      "postMessage() reaches nobody: a BroadcastChannel reaches all workers",
    );
  }

  /** Errors go to `report` from now on, also those that were noticed before. */
  reportTo(report: FaultReport): void {
    this.#report = report;
    for (const [what, error] of this.#kept.splice(0)) report(what, error);
  }

  /** The next error ends the thread, as without a guard. */
  release(): void {
    this.#scope.removeEventListener("error", this.#onError);
    this.#scope.removeEventListener("unhandledrejection", this.#onRejection);
  }

  readonly #onError = (event: Event): void => {
    event.preventDefault();
    const { error, message } = event as ErrorEvent;
    this.#note("an uncaught error", error ?? message);
  };

  readonly #onRejection = (event: Event): void => {
    event.preventDefault();
    this.#note("an unhandled rejection", (event as PromiseRejectionEvent).reason);
  };

  #note(what: string, error: unknown): void {
    if (this.#report === null) this.#kept.push([what, error]);
    else this.#report(what, error);
  }
}

/** node:process ends a thread by `Deno.exit`, too. */
function forbid(holder: object, name: string, reason: string): void {
  const value = () => {
    throw new TypeError(reason);
  };
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
}
