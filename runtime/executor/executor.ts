/**
 * The executor: binds the port, starts the threads, watches them, and brings them to an end.
 *
 * In: a config. Out: a running server, its address, and how it ended. Runs on the main thread, which
 * stays with Deno's own event loop: signals and the threads' messages come in here.
 *
 *   start:  listen → adopt → shared memory, doorbells, log → acceptor and workers
 *   stop:   accept no more → take what the kernel's backlog holds → draining flag → all doorbells
 */

import { ConnectionTask } from "../acceptor/mod.ts";
import type { AdminServer } from "../admin/mod.ts";
import type { Config, ListenAddress } from "../config/mod.ts";
import { Log } from "../log/mod.ts";
import { adoptListener, expectSuccess, LinuxOs, setBlocking, SOCKADDR_BYTES } from "../os/mod.ts";
import {
  COLUMN,
  type Column,
  type Counters,
  createSharedState,
  openSharedState,
  type SharedState,
} from "../ring/mod.ts";
import type { AcceptorStart, WorkerStart } from "../thread/mod.ts";
import { AdminError } from "./admin_error.ts";
import { LogFiles } from "./log_files.ts";
import { Thread, type ThreadEnd } from "./thread_handle.ts";

/** Connections that the kernel completes while nobody accepts; it cuts this at net.core.somaxconn. */
const BACKLOG = 4096;
/** So many deaths of workers within this time, and something is wrong that a restart does not mend. */
const DEATHS = 5;
const DEATHS_WITHIN = 10_000;
/** Beyond the drain time, which the threads keep themselves: for one that does not. */
const STOP_GRACE = 1_000;
/** Addresses that are told apart where connections are bounded by address: some times the connections there can be. */
const ADDRESSES = 32_768;
/** How long the same warning is not said again, in milliseconds, and how many are remembered for that. */
const REPEAT_AFTER = 60_000;
const REMEMBERED = 100;
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
  /** What the metrics say that this is. */
  readonly version?: string;
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
  readonly #logFiles: LogFiles;
  readonly #log: Log;
  readonly #doorbells: readonly number[];
  readonly #workers: Thread[] = [];
  #acceptor: Thread | null = null;
  #deaths: number[] = [];
  #replacing: Promise<void> = Promise.resolve();
  readonly #saidAt = new Map<string, number>();
  #admin: AdminServer | null = null;
  /** New connections are welcome: all threads are there, and nobody has said stop. */
  #ready = false;
  #stopAsked = false;
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
    this.#logFiles = openLogs(config, listener);
    this.#listener = adoptListener(listener, BACKLOG);
    // A log that cannot be written is what the workers warn of; here there is nothing to add.
    this.#log = new Log(this.#os, this.#logFiles.log, { failed() {}, dropped() {} });
    this.#state = openSharedState(createSharedState({
      workers: config.workers,
      addresses: config.limits.connectionsPerAddress > 0 ? ADDRESSES : 0,
    }));
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
    const { admin } = config.monitoring;
    if (admin !== undefined) await executor.#startAdmin(admin);
    await executor.#startThreads();
    return executor;
  }

  /** Where metrics are served, or null. */
  get adminAddress(): Deno.NetAddr | null {
    return this.#admin?.address ?? null;
  }

  /**
   * Begins to stop: readiness fails first, so that whoever sends us clients can look elsewhere; then there are
   * no more connections, and the end comes when what is under way is done.
   */
  stop(): void {
    if (this.#stopAsked) return;
    this.#stopAsked = true;
    this.#ready = false;
    const { drainDelay } = this.#config.limits;
    if (drainDelay === 0) this.#drain();
    else this.#stopTimer = setTimeout(() => this.#drain(), drainDelay);
  }

  #drain(): void {
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

  /**
   * The acceptor and one worker first, so that the first answer need not wait for all. Until all are
   * loaded none of them blocks its thread: Deno lets threads share what they load, and one that blocks over
   * a half-loaded npm package lets the others wait for it for ever (seen on 2.9.6, in one start of 20).
   * Measured, 8 workers: 150 ms from exec to the first answer, 500 ms to the last worker.
   */
  async #startThreads(): Promise<void> {
    const acceptor = this.#acceptor = this.#createAcceptor();
    const starting = [this.#startWorker(0)];
    await acceptor.loaded;
    starting.push(acceptor.start(this.#acceptorStart()));
    for (let worker = 1; worker < this.#config.workers; worker++) {
      await starting.at(-1);
      starting.push(this.#startWorker(worker));
    }
    await Promise.all(starting);
    this.#state.flags.setSettled();
    for (const doorbell of this.#doorbells) this.#os.ringDoorbell(doorbell);
    this.#ready = !this.#stopAsked;
  }

  /** Loaded only where it is wanted: its page and what draws its charts take time and memory. */
  async #startAdmin(address: ListenAddress): Promise<void> {
    try {
      const { AdminServer } = await import("../admin/mod.ts");
      const { version = "" } = this.#options;
      this.#admin = new AdminServer({
        address,
        state: this.#state,
        version,
        isReady: () => this.#ready,
      });
    } catch (error) {
      this.#giveBack();
      throw new AdminError(address, error);
    }
  }

  async #startWorker(worker: number): Promise<void> {
    const thread = this.#workers[worker] = this.#createWorker(worker);
    await thread.loaded;
    await thread.start(this.#startOf(worker));
  }

  #createAcceptor(): Thread {
    return new Thread(new URL("../acceptor/acceptor_thread.ts", import.meta.url), "acceptor", {
      warn: (text) => this.#sayOnce(text),
      ended: (end) => this.#acceptorEnded(end),
    });
  }

  #createWorker(worker: number): Thread {
    const ours = new URL("../worker/worker_thread.ts", import.meta.url);
    return new Thread(this.#options.workerModule ?? ours, `worker ${worker}`, {
      warn: (text) => this.#sayOnce(text),
      ended: (end) => this.#workerEnded(worker, end),
    });
  }

  #acceptorStart(): AcceptorStart {
    return {
      memory: this.#state.memory,
      listener: this.#listener,
      doorbells: this.#doorbells,
      maxConnections: this.#config.limits.connections,
      maxConnectionsPerAddress: this.#config.limits.connectionsPerAddress,
    };
  }

  #startOf(worker: number): WorkerStart {
    return {
      worker,
      memory: this.#state.memory,
      doorbells: this.#doorbells,
      logDescriptor: this.#logFiles.log,
      accessLogDescriptor: this.#logFiles.accessLog,
      config: this.#config,
    };
  }

  /** Puts a new worker in the place of a dead one; one after the other, as no two may load at once. */
  #replace(worker: number): void {
    const replace = async () => {
      if (this.#stopping) return;
      await this.#startWorker(worker);
      this.#state.counters(this.#state.mainBlock).add(COLUMN.workersReplaced, 1);
    };
    const failed = (error: Error) => this.#finish(`no new worker: ${error.message}`);
    this.#replacing = this.#replacing.then(replace).catch(failed);
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
    this.#replace(worker);
  }

  /** Closes what a dead worker left open, so that its peers know at once. */
  #bury(worker: number, error: string): void {
    this.#say(`worker ${worker} died: ${error}; its connections are closed`);
    for (const descriptor of this.#state.descriptors.ownedBy(worker)) {
      this.#state.addresses.leave(descriptor);
      this.#state.descriptors.release(descriptor);
      this.#os.close(descriptor);
    }
    // Its block has no other writer now; what it left open counts as closed.
    const counters = this.#state.counters(worker);
    settle(counters, COLUMN.connectionsOpened, COLUMN.connectionsClosed);
    settle(counters, COLUMN.webSocketsOpened, COLUMN.webSocketsClosed);
    settle(counters, COLUMN.bytesQueued, COLUMN.bytesUnqueued);
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
    const task = new ConnectionTask();
    const sockaddr = new Uint8Array(SOCKADDR_BYTES);
    for (let i = 0; i < BACKLOG; i++) {
      const accepted = this.#os.accept(this.#listener, sockaddr);
      if (accepted < 0) break;
      task.fill(accepted, sockaddr);
      if (!this.#pushLast(task.words)) this.#os.close(accepted);
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

  /** What threads warn of: each finds a full disk by itself, but the operator reads it once. */
  #sayOnce(text: string): void {
    const now = performance.now();
    if (now - (this.#saidAt.get(text) ?? -Infinity) < REPEAT_AFTER) return;
    if (this.#saidAt.size >= REMEMBERED) this.#saidAt.clear();
    this.#saidAt.set(text, now);
    this.#say(text);
  }

  /** A line for the operator, and for the log. */
  #say(text: string): void {
    this.#options.warn(text);
    this.#log.note("EXECUTOR", text);
    this.#log.flush();
  }

  #finishIfAllEnded(): void {
    const threads = [...this.#workers, this.#acceptor];
    if (!threads.every((thread) => thread === null || thread.hasEnded)) return;
    this.#giveBack();
    this.#finish(undefined);
  }

  /** Nobody uses them any more, and the process may live on: a test's, or an embedder's. */
  #giveBack(): void {
    for (const descriptor of [this.#listener, ...this.#doorbells]) this.#os.close(descriptor);
    this.#logFiles.close();
  }

  #finish(failure: string | undefined): void {
    this.#ready = false;
    this.#stopping = true;
    clearTimeout(this.#stopTimer);
    // The last to go: until then it tells how the end comes along.
    const adminGone = this.#admin?.stop() ?? Promise.resolve();
    void adminGone.finally(() => this.#end({ failure }));
  }
}

/** Makes what ended equal to what began. */
function settle(counters: Counters, began: Column, ended: Column): void {
  counters.add(ended, counters.get(began) - counters.get(ended));
}

const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Where a log cannot be opened the port is let go of. */
function openLogs(config: Config, listener: Deno.Listener): LogFiles {
  try {
    return new LogFiles(config);
  } catch (error) {
    listener.close();
    throw error;
  }
}
