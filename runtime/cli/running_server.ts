/**
 * Stops, reloads and replaces a running server when signals arrive, and reports that to the service manager.
 *
 * In: the executor, and a function that reads the config again. Out: the stop, and one reload after the other;
 * signals that arrive during a reload cause one more. If the new config is wrong, the old one stays in use. An upgrade
 * starts a new server, which takes over when it is ready; if it cannot start, this one serves on.
 */

import type { Config } from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";
import type { Executor, Handover, Successor } from "../executor/mod.ts";
import type { SignalHandler } from "../signals.ts";
import { waitingForRestart } from "./restart.ts";
import type { ServiceManager } from "./service_manager.ts";
import { UsageError } from "./usage_error.ts";

/** Milliseconds beyond the drain, in which threads end. */
const STOP_MARGIN = 5_000;
/** Milliseconds for the start of a new server, besides that of its app. */
const START_TIME = 120_000;

/** Milliseconds between two looks at a server that has replaced this one. */
const LOOK_INTERVAL = 1_000;

/** The server that replaces this one. */
type NewServer = Pick<
  Successor,
  "pid" | "connections" | "ready" | "release" | "abandon" | "failure"
>;

/** The parts of a running server. */
export interface RunningServerParts {
  readonly executor: Pick<
    Executor,
    | "connectionsArrived"
    | "handover"
    | "handOver"
    | "prepareHandOver"
    | "reload"
    | "stop"
    | "takeBack"
    | "withDescriptors"
  >;
  /** The number of this process. */
  readonly pid: number;
  /** The config that it was started with. */
  readonly config: Config;
  readonly manager: Pick<ServiceManager, "ready" | "reloading" | "stopping" | "handOver">;
  /** For the service manager: where the server listens. */
  readonly status: string;
  /** The config that the same arguments produce now. @throws {UsageError} */
  readConfig(): Promise<Config>;
  /** Starts the server that replaces this one. @throws if that is not possible */
  startSuccessor(handover: Handover): NewServer;
  /** A warning for the operator. */
  warn(text: string): void;
  /** A notice for the operator. */
  inform(text: string): void;
}

/** The handler of the signals. */
export class RunningServer implements SignalHandler {
  readonly #parts: RunningServerParts;
  #isReloading = false;
  #isUpgrading = false;
  #reloadAgain = false;
  #isStopping = false;
  // Undefined: no upgrade is under way.
  #successor: NewServer | undefined;
  #isReplaced = false;
  #watch: ReturnType<typeof setInterval> | undefined = undefined;

  constructor(parts: RunningServerParts) {
    this.#parts = parts;
  }

  stop(): void {
    const { executor, config: { limits }, manager } = this.#parts;
    this.#isStopping = true;
    clearInterval(this.#watch);
    this.#successor?.abandon();
    if (this.#isReplaced) return executor.stop();
    manager.stopping(limits.drainDelay + limits.drainTime + STOP_MARGIN);
    executor.stop();
  }

  reload(): void {
    // The new server has read everything by itself, and reports to the manager.
    if (this.#isReplaced) return;
    if (this.#isReloading) this.#reloadAgain = true;
    else void this.#reload();
  }

  upgrade(): void {
    const reason = this.#reasonAgainstUpgrade();
    if (reason === undefined) void this.#upgrade();
    else this.#parts.warn(`SIGUSR2 is ignored: ${reason}`);
  }

  #reasonAgainstUpgrade(): string | undefined {
    if (this.#isReplaced) {
      return "another server has replaced this one, which finishes what is open";
    }
    if (this.#isStopping) return "the server is stopping";
    // The kernel ends all others with it.
    if (this.#parts.pid === 1) {
      return "a container ends with its first process: start a new container";
    }
    return this.#isUpgrading ? "an upgrade is under way" : undefined;
  }

  async #upgrade(): Promise<void> {
    const { executor, config, warn, inform } = this.#parts;
    this.#isUpgrading = true;
    try {
      const successor = this.#successor = await executor.withDescriptors(() => this.#start());
      if (this.#isStopping) successor.abandon();
      inform(`upgrade: process ${successor.pid} is starting`);
      await successor.ready(START_TIME + (config.app?.startTimeout ?? 0));
      // Upgrades that follow each other at once: what is still to come could not move on.
      await executor.connectionsArrived();
      await this.#leaveTo(successor);
      inform(`upgraded: process ${successor.pid} serves; this one finishes what is open, and ends`);
    } catch (error) {
      if (this.#isReplaced) throw error;
      // Whatever it is, such as a /proc that is not there: an upgrade must not end the server.
      const reason = errorMessage(error);
      warn(`the upgrade has failed, and this server serves on: ${reason}`);
    } finally {
      this.#isUpgrading = false;
      this.#successor = undefined;
    }
  }

  // deno-lint-ignore require-await -- what it throws is to reject
  async #start(): Promise<NewServer> {
    const { executor, startSuccessor } = this.#parts;
    return startSuccessor(executor.handover);
  }

  /** From here on this server accepts no more. */
  async #leaveTo(successor: NewServer): Promise<void> {
    const { executor, manager, pid, status } = this.#parts;
    // Before the new one reports anything, which the manager would not accept.
    manager.handOver(successor.pid);
    try {
      await executor.prepareHandOver(successor.connections);
      await successor.release();
    } catch (error) {
      await executor.takeBack();
      manager.handOver(pid);
      manager.ready(status);
      throw error;
    }
    this.#isReplaced = true;
    executor.handOver(successor.connections);
    this.#watchOver(successor);
  }

  /**
   * If it fails, what still connects waits for nobody, and a supervisor may not notice it before its parent has ended as well: so this server
   * finishes sooner.
   */
  #watchOver(successor: NewServer): void {
    this.#watch = setInterval(() => {
      const { failure } = successor;
      if (failure === undefined) return;
      this.#parts.warn(
        `process ${successor.pid}, which has replaced this server, has ended with ${failure}: this one ends, too`,
      );
      this.stop();
    }, LOOK_INTERVAL);
    Deno.unrefTimer(this.#watch);
  }

  async #reload(): Promise<void> {
    const { executor, manager, status } = this.#parts;
    this.#isReloading = true;
    do {
      this.#reloadAgain = false;
      manager.reloading();
      await executor.withDescriptors(() => this.#applyConfig());
    } while (this.#reloadAgain && !this.#isStopping && !this.#isReplaced);
    this.#isReloading = false;
    if (!this.#isStopping && !this.#isReplaced) manager.ready(status);
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
