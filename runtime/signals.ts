/**
 * Listeners for SIGTERM, SIGINT, SIGHUP and SIGUSR2, added before anything else is loaded.
 *
 * In: the signals. Out: calls of a handler; signals that arrive before there is a handler are delivered when
 * it is set. The second SIGTERM or SIGINT ends the process at once. Created by main.ts. Imports nothing,
 * because SIGHUP and SIGUSR2 end the process until there is a listener. So does SIGXFSZ, which is not passed on: who writes more into a
 * file than `ulimit -f` allows, such as a log, or the memory of channels at an upgrade, gets an error.
 */

/** Exit codes, as a shell reports a process that a signal ended. */
const SIGNAL_EXIT = { SIGTERM: 128 + 15, SIGINT: 128 + 2 } as const;

/** A signal that stops the server. */
type StopSignal = keyof typeof SIGNAL_EXIT;

type HandledSignal = StopSignal | "SIGHUP" | "SIGUSR2" | "SIGXFSZ";

/** What the signals call. */
export interface SignalHandler {
  /** Called once, by the first SIGTERM or SIGINT. */
  stop(): void;
  /** Called by SIGHUP; several that arrived before there was a handler are one call. */
  reload(): void;
  /** Called by SIGUSR2; several that arrived before there was a handler are one call. */
  upgrade(): void;
}

/** Listens to the signals from its construction on. */
export class Signals {
  #handler: SignalHandler | null = null;
  #stopSignal: StopSignal | null = null;
  #reloadRequested = false;
  #upgradeRequested = false;
  readonly #listeners = {
    SIGTERM: () => this.#stop("SIGTERM"),
    SIGINT: () => this.#stop("SIGINT"),
    SIGHUP: () => this.#reload(),
    SIGUSR2: () => this.#upgrade(),
    SIGXFSZ: () => {},
  };

  constructor() {
    this.#each((signal, listener) => Deno.addSignalListener(signal, listener));
  }

  /** Sets the handler, and delivers the signals that have already arrived. */
  handle(handler: SignalHandler): void {
    this.#handler = handler;
    if (this.#stopSignal !== null) return handler.stop();
    if (this.#reloadRequested) handler.reload();
    if (this.#upgradeRequested) handler.upgrade();
  }

  /** Restores the default action of the signals, for commands that are not a server; a stop signal that has arrived ends the process. */
  release(): void {
    this.dispose();
    if (this.#stopSignal !== null) Deno.exit(SIGNAL_EXIT[this.#stopSignal]);
  }

  /** Removes the listeners. */
  dispose(): void {
    this.#each((signal, listener) => Deno.removeSignalListener(signal, listener));
  }

  #stop(signal: StopSignal): void {
    if (this.#stopSignal !== null) Deno.exit(SIGNAL_EXIT[signal]);
    this.#stopSignal = signal;
    this.#handler?.stop();
  }

  #reload(): void {
    this.#reloadRequested = true;
    this.#handler?.reload();
  }

  #upgrade(): void {
    this.#upgradeRequested = true;
    this.#handler?.upgrade();
  }

  #each(act: (signal: HandledSignal, listener: () => void) => void): void {
    act("SIGHUP", this.#listeners.SIGHUP);
    act("SIGXFSZ", this.#listeners.SIGXFSZ);
    act("SIGTERM", this.#listeners.SIGTERM);
    act("SIGINT", this.#listeners.SIGINT);
    // Last: who looks for this one sends none too early.
    act("SIGUSR2", this.#listeners.SIGUSR2);
  }
}
