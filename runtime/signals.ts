/**
 * The signals of the process, listened to before anything else is loaded.
 *
 * In: SIGTERM, SIGINT, SIGHUP. Out: calls of a handler; what came before there was one is made up for then.
 * The second signal that stops ends the process at once. Made by main.ts, and imports nothing: until
 * there is a listener SIGHUP ends the process.
 */

/** As a shell reports a process that a signal ended. */
const SIGNAL_EXIT = { SIGTERM: 128 + 15, SIGINT: 128 + 2 } as const;

/** A signal that stops. */
type StopSignal = keyof typeof SIGNAL_EXIT;

/** Who does what signals ask for. */
export interface SignalHandler {
  /** SIGTERM or SIGINT, the first of them; called once. */
  stop(): void;
  /** SIGHUP; however many came before there was a handler are one. */
  reload(): void;
}

/** Listens from its construction on. */
export class Signals {
  #handler: SignalHandler | null = null;
  #stopSignal: StopSignal | null = null;
  #reloadAsked = false;
  readonly #listeners = {
    SIGTERM: () => this.#stop("SIGTERM"),
    SIGINT: () => this.#stop("SIGINT"),
    SIGHUP: () => this.#reload(),
  };

  constructor() {
    this.#each((signal, listener) => Deno.addSignalListener(signal, listener));
  }

  /** Has `handler` do what was asked for, and what will be. */
  handle(handler: SignalHandler): void {
    this.#handler = handler;
    if (this.#stopSignal !== null) return handler.stop();
    if (this.#reloadAsked) handler.reload();
  }

  /** For what is no server: signals do what they do to every process, also one that has come to stop. */
  release(): void {
    this.dispose();
    if (this.#stopSignal !== null) Deno.exit(SIGNAL_EXIT[this.#stopSignal]);
  }

  /** Listens no more. */
  dispose(): void {
    this.#each((signal, listener) => Deno.removeSignalListener(signal, listener));
  }

  #stop(signal: StopSignal): void {
    if (this.#stopSignal !== null) Deno.exit(SIGNAL_EXIT[signal]);
    this.#stopSignal = signal;
    this.#handler?.stop();
  }

  #reload(): void {
    this.#reloadAsked = true;
    this.#handler?.reload();
  }

  #each(act: (signal: StopSignal | "SIGHUP", listener: () => void) => void): void {
    act("SIGHUP", this.#listeners.SIGHUP);
    act("SIGTERM", this.#listeners.SIGTERM);
    act("SIGINT", this.#listeners.SIGINT);
  }
}
