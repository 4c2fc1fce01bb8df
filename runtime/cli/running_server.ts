/**
 * Stops and reloads a running server when signals arrive, and reports both to the service manager.
 *
 * In: the executor, and a function that reads the config again. Out: the stop, and one reload after the other;
 * signals that arrive during a reload cause one more. If the new config is wrong, the old one stays in use.
 */

import type { Config } from "../config/mod.ts";
import type { Executor } from "../executor/mod.ts";
import type { SignalHandler } from "../signals.ts";
import { waitingForRestart } from "./restart.ts";
import type { ServiceManager } from "./service_manager.ts";
import { UsageError } from "./usage_error.ts";

/** Milliseconds beyond the drain, in which threads end. */
const STOP_MARGIN = 5_000;

/** The parts of a running server. */
export interface RunningServerParts {
  readonly executor: Pick<Executor, "stop" | "reload" | "withDescriptors">;
  /** The config that it was started with. */
  readonly config: Config;
  readonly manager: Pick<ServiceManager, "ready" | "reloading" | "stopping">;
  /** For the service manager: where the server listens. */
  readonly status: string;
  /** The config that the same arguments produce now. @throws {UsageError} */
  readConfig(): Promise<Config>;
  /** A warning for the operator. */
  warn(text: string): void;
}

/** The handler of the signals. */
export class RunningServer implements SignalHandler {
  readonly #parts: RunningServerParts;
  #isReloading = false;
  #reloadAgain = false;
  #isStopping = false;

  constructor(parts: RunningServerParts) {
    this.#parts = parts;
  }

  stop(): void {
    const { executor, config: { limits }, manager } = this.#parts;
    this.#isStopping = true;
    manager.stopping(limits.drainDelay + limits.drainTime + STOP_MARGIN);
    executor.stop();
  }

  reload(): void {
    if (this.#isReloading) this.#reloadAgain = true;
    else void this.#reload();
  }

  async #reload(): Promise<void> {
    const { executor, manager, status } = this.#parts;
    this.#isReloading = true;
    do {
      this.#reloadAgain = false;
      manager.reloading();
      await executor.withDescriptors(() => this.#applyConfig());
    } while (this.#reloadAgain && !this.#isStopping);
    this.#isReloading = false;
    if (!this.#isStopping) manager.ready(status);
  }

  /** Reads the config again, because the file of --config may have changed, and applies it. */
  async #applyConfig(): Promise<void> {
    const { executor, config: running, readConfig, warn } = this.#parts;
    try {
      const config = await readConfig();
      const waiting = waitingForRestart(running, config);
      if (waiting.length > 0) {
        warn(`new values take effect only after a restart: ${waiting.join(", ")}`);
      }
      await executor.reload(config);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      warn(`reload incomplete: ${error.message}; the old values stay in use`);
      await executor.reload();
    }
  }
}
