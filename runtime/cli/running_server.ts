/**
 * A server that runs: what the signals ask of it, and what the service manager is told of that.
 *
 * In: the executor, and how the config is read again. Out: its stop, and one reload after the other; those
 * that were asked for during a reload are one more. A config that is none leaves the old one in use.
 */

import type { Config } from "../config/mod.ts";
import type { Executor } from "../executor/mod.ts";
import type { SignalHandler } from "../signals.ts";
import { waitingForRestart } from "./restart.ts";
import type { ServiceManager } from "./service_manager.ts";
import { UsageError } from "./usage_error.ts";

/** Beyond the drain: threads end, and a second signal may come. */
const STOP_MARGIN = 5_000;

/** What a running server is made of. */
export interface RunningServerParts {
  readonly executor: Pick<Executor, "stop" | "reload" | "withDescriptors">;
  /** What it was started with. */
  readonly config: Config;
  readonly manager: Pick<ServiceManager, "ready" | "reloading" | "stopping">;
  /** For the service manager: what it serves. */
  readonly status: string;
  /** The config that the same arguments make now. @throws {UsageError} */
  readAgain(): Promise<Config>;
  /** A line for the operator. */
  warn(text: string): void;
}

/** Does what signals ask for. */
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
      await executor.withDescriptors(() => this.#readAnew());
    } while (this.#reloadAgain && !this.#isStopping);
    this.#isReloading = false;
    if (!this.#isStopping) manager.ready(status);
  }

  /** What was started by the same arguments may say something else by now: the file of --config. */
  async #readAnew(): Promise<void> {
    const { executor, config: running, readAgain, warn } = this.#parts;
    try {
      const config = await readAgain();
      const waiting = waitingForRestart(running, config);
      if (waiting.length > 0) warn(`until a restart it stays as it was: ${waiting.join(", ")}`);
      await executor.reload(config);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      warn(`not all was read anew: ${error.message}; what there was goes on`);
      await executor.reload();
    }
  }
}
