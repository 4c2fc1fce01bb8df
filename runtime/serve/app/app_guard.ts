/**
 * Keeps a worker's thread alive whatever its app does outside of its handlers.
 *
 * In: the thread's global scope, before the app is loaded. Out: each error that nobody caught, in a callback or in a promise, is
 * reported and ends nothing; `Deno.exit()`, `close()` and what calls them throw, and `process.abort()`. So does `postMessage()`, since the main thread takes
 * what it gets for the server's own. Without it Deno ends the thread, with all its connections. Errors of the server's own code that reach the top are reported in the same way.
 * Deno also ends the thread if a listener of "error" throws, as that is an "error" within an "error": so the app's own are called within a `try`.
 */

import process from "node:process";

/** Receives an error: what has failed, and what was thrown. */
export type FaultReport = (what: string, error: unknown) => void;

type Listener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

// Of the global scope: the libraries of DOM and worker types cannot both be loaded.
interface GuardedScope {
  addEventListener(type: string, listener: Listener, ...more: unknown[]): void;
  removeEventListener(type: string, listener: Listener, ...more: unknown[]): void;
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
    this.#guardListeners();
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
    const { reason, promise } = event as PromiseRejectionEvent;
    this.#note("an unhandled rejection", reason);
    // Deno asks Node's listeners only if nobody has prevented the default.
    process.emit("unhandledRejection", reason, promise);
  };

  /** `onerror` adds its listener by the same function. */
  #guardListeners(): void {
    const scope = this.#scope;
    const { addEventListener, removeEventListener } = scope;
    const guarded = new WeakMap<Listener, Listener>();
    const guardedOf = (listener: Listener): Listener => {
      const known = guarded.get(listener);
      if (known !== undefined) return known;
      const guard = (event: Event) => {
        try {
          if (typeof listener === "function") listener.call(scope, event);
          else listener.handleEvent(event);
        } catch (error) {
          this.#note('a listener of "error"', error);
        }
      };
      guarded.set(listener, guard);
      return guard;
    };
    const own: GuardedScope = {
      addEventListener(type, listener, ...more) {
        const isError = type === "error" && isListener(listener);
        addEventListener.call(scope, type, isError ? guardedOf(listener) : listener, ...more);
      },
      removeEventListener(type, listener, ...more) {
        const known = type === "error" && isListener(listener) ? guarded.get(listener) : undefined;
        removeEventListener.call(scope, type, known ?? listener, ...more);
      },
    };
    for (const [name, value] of Object.entries(own)) {
      Object.defineProperty(scope, name, { value, configurable: true, writable: true });
    }
  }

  #note(what: string, error: unknown): void {
    if (this.#report === null) this.#kept.push([what, error]);
    else this.#report(what, error);
  }
}

function isListener(value: unknown): value is Listener {
  return typeof value === "function" || typeof value === "object" && value !== null;
}

/** node:process ends a thread by `Deno.exit`, too. */
function forbid(holder: object, name: string, reason: string): void {
  const value = () => {
    throw new TypeError(reason);
  };
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
}
