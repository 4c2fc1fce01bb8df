/**
 * The executor: binds the port, starts the threads, watches them, and brings them to an end.
 *
 * In: a config. Out: a running server, its address, and how it ended. Runs on the main thread, which
 * stays with Deno's own event loop: signals and the threads' messages come in here.
 *
 *   start:  listen → adopt → shared memory, doorbells, log → workers → acceptor
 *   stop:   accept no more → take what the kernel's backlog holds → draining flag → all doorbells
 */

import type { Config } from "../config.ts";
import {
  adoptListener,
  expectSuccess,
  LinuxOs,
  openLogFile,
  setBlocking,
  SOCKADDR_BYTES,
} from "../os/mod.ts";
import {
  createSharedState,
  openSharedState,
  type SharedState,
  TASK_FIELD,
  TASK_KIND,
  TASK_WORDS,
} from "../ring/mod.ts";
import { Thread, type ThreadEnd } from "./thread_handle.ts";

/** Connections that the kernel completes while nobody accepts; it cuts this at net.core.somaxconn. */
const BACKLOG = 4096;
/** So many deaths of workers within this time, and something is wrong that a restart does not mend. */
const DEATHS = 5;
const DEATHS_WITHIN = 10_000;
/** Beyond the drain time, which the threads keep themselves: for one that does not. */
const STOP_GRACE = 1_000;
const STDOUT = 1;
/** How often a push to a full ring is tried while stopping; each try is a millisecond. */
const LAST_PUSHES = 1_000;

/** How a server ended. */
export interface ServerEnd {
  /** `undefined`: it was stopped. Else why it could not go on. */
  readonly failure: string | undefined;
}

/** What the executor is made with beside the config. */
export interface ExecutorOptions {
  /** Where a warning for the operator goes: one line without its end. */
  warn(text: string): void;
  /** The module of a worker thread; default: ours. For other endpoints, and for tests. */
  readonly workerModule?: URL;
}

/** A running server. */
export class Executor {
  /** The address that it listens on; the port is a real one. */
  readonly address: Deno.NetAddr;
  /** Fulfilled when the server has ended, for whatever reason. */
  readonly ended: Promise<ServerEnd>;
  readonly #config: Config;
  readonly #options: ExecutorOptions;
  readonly #os = new LinuxOs();
  readonly #state: SharedState;
  readonly #listener: number;
  readonly #logDescriptor: number;
  readonly #doorbells: readonly number[];
  readonly #workers: Thread[] = [];
  #acceptor: Thread | null = null;
  #deaths: number[] = [];
  #stopping = false;
  #stopTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  #end!: (end: ServerEnd) => void;

  private constructor(config: Config, options: ExecutorOptions) {
    this.#config = config;
    this.#options = options;
    this.ended = new Promise((resolve) => this.#end = resolve);
    // Before the log, which is emptied: it may be that of the server that has the port already.
    const listener = Deno.listen({ hostname: config.hostname, port: config.port });
    this.address = listener.addr;
    this.#logDescriptor = openLog(config.log, listener);
    this.#listener = adoptListener(listener, BACKLOG);
    this.#state = openSharedState(createSharedState({ workers: config.workers }));
    this.#doorbells = Array.from(
      { length: config.workers },
      () => expectSuccess("eventfd", this.#os.eventfd()),
    );
  }

  /**
   * Starts a server; fulfilled when every worker serves.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {SystemError} where the log cannot be opened or the kernel has no descriptor left
   */
  static async start(config: Config, options: ExecutorOptions): Promise<Executor> {
    const executor = new Executor(config, options);
    await executor.#startThreads();
    return executor;
  }

  /** Begins to stop: no more connections, and the end when what is under way is done. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#takeBacklog();
    this.#state.flags.setDraining();
    for (const doorbell of this.#doorbells) this.#os.ringDoorbell(doorbell);
    this.#stopTimer = setTimeout(
      () => this.#finish("the workers did not stop in time"),
      this.#config.limits.drainTime + STOP_GRACE,
    );
  }

  /** Ends a worker's thread as a fault would, at its next wake-up. For tests of its replacement. */
  terminateWorker(worker: number): void {
    this.#workers[worker]?.terminate();
    this.#os.ringDoorbell(this.#doorbells[worker] ?? -1);
  }

  async #startThreads(): Promise<void> {
    const starts = this.#doorbells.map((_, worker) => this.#startWorker(worker));
    await Promise.all(starts);
    this.#acceptor = new Thread(
      new URL("../acceptor/acceptor_thread.ts", import.meta.url),
      "acceptor",
      {
        warn: this.#options.warn,
        ended: (end) => this.#acceptorEnded(end),
      },
    );
    await this.#acceptor.start({
      memory: this.#state.memory,
      listener: this.#listener,
      doorbells: this.#doorbells,
      maxConnections: this.#config.limits.connections,
    });
  }

  #startWorker(worker: number): Promise<void> {
    const module = this.#options.workerModule ??
      new URL("../worker/worker_thread.ts", import.meta.url);
    const thread = new Thread(module, `worker ${worker}`, {
      warn: this.#options.warn,
      ended: (end) => this.#workerEnded(worker, end),
    });
    this.#workers[worker] = thread;
    return thread.start({
      worker,
      memory: this.#state.memory,
      doorbells: this.#doorbells,
      logDescriptor: this.#logDescriptor,
      config: this.#config,
    });
  }

  #workerEnded(worker: number, end: ThreadEnd): void {
    this.#state.flags.setDead(worker);
    if (end.error !== undefined) this.#bury(worker, end.error);
    if (this.#stopping) return this.#finishIfAllEnded();
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < DEATHS_WITHIN), now];
    if (this.#deaths.length >= DEATHS) {
      return this.#finish(`${DEATHS} workers died within ${DEATHS_WITHIN / 1000} s: ${end.error}`);
    }
    this.#startWorker(worker).catch((error) => this.#finish(`no new worker: ${error.message}`));
  }

  /** Closes what a dead worker left open, so that its peers know at once. */
  #bury(worker: number, error: string): void {
    this.#options.warn(`worker ${worker} died: ${error}; its connections are closed`);
    for (const descriptor of this.#state.descriptors.ownedBy(worker)) {
      this.#state.descriptors.release(descriptor);
      this.#os.close(descriptor);
    }
    // A task may have been pushed in reliance on it: somebody else must look.
    const other = this.#state.flags.takeParked(0);
    if (other >= 0) this.#os.ringDoorbell(this.#doorbells[other] ?? -1);
  }

  #acceptorEnded(end: ThreadEnd): void {
    if (end.error !== undefined) return this.#finish(`the acceptor died: ${end.error}`);
    if (!this.#stopping) return this.#finish("the acceptor ended");
    this.#finishIfAllEnded();
  }

  /**
   * Accepts what the kernel has completed already and shuts the socket down: whoever was connected
   * when the signal came gets an answer, whoever comes later is refused.
   */
  #takeBacklog(): void {
    setBlocking(this.#listener, false);
    const task = new Int32Array(TASK_WORDS);
    const sockaddr = new Uint8Array(SOCKADDR_BYTES);
    task[TASK_FIELD.kind] = TASK_KIND.connection;
    for (let i = 0; i < BACKLOG; i++) {
      const accepted = this.#os.accept(this.#listener, sockaddr);
      if (accepted < 0) break;
      task[TASK_FIELD.descriptor] = accepted;
      if (!this.#pushLast(task)) this.#os.close(accepted);
    }
    this.#os.shutdownRead(this.#listener);
  }

  #pushLast(task: Int32Array): boolean {
    for (let i = 0; i < LAST_PUSHES; i++) {
      if (this.#state.taskRing.push(task)) return true;
      for (const doorbell of this.#doorbells) this.#os.ringDoorbell(doorbell);
      Atomics.wait(NEVER, 0, 0, 1);
    }
    return false;
  }

  #finishIfAllEnded(): void {
    const threads = [...this.#workers, this.#acceptor];
    if (threads.every((thread) => thread === null || thread.hasEnded)) this.#finish(undefined);
  }

  #finish(failure: string | undefined): void {
    this.#stopping = true;
    clearTimeout(this.#stopTimer);
    this.#end({ failure });
  }
}

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** The descriptor of the log: -1 for none. Where it cannot be opened the port is let go of. */
function openLog(target: string, listener: Deno.Listener): number {
  if (target === "off") return -1;
  if (target === "-") return STDOUT;
  try {
    return openLogFile(target);
  } catch (error) {
    listener.close();
    throw error;
  }
}
