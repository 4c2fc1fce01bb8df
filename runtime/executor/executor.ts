/**
 * The executor: starts the threads, watches them, and brings them to an end.
 *
 * In: a config. Out: a running server, its address, and how it ended. Runs on the main thread, which
 * stays with Deno's own event loop: signals and the threads' messages come in here. How connections
 * come to the workers is the entrance's business: see entrance.ts.
 */

import { type Config, type ListenAddress, usesDenoTransport } from "../config/mod.ts";
import type { AdminServer } from "../observe/admin/mod.ts";
import {
  COLUMN,
  type Column,
  type Counters,
  createSharedState,
  openSharedState,
  type SharedState,
} from "../ring/mod.ts";
import type { WorkerStart } from "../thread/mod.ts";
import { AdminError } from "./admin_error.ts";
import {
  canRunOut,
  canStartThread,
  connectionCeiling,
  expectDescriptors,
  reservedDescriptors,
} from "./descriptor_budget.ts";
import { DescriptorReserve, waitUntil } from "./descriptor_reserve.ts";
import { DenoEntrance } from "./deno_entrance.ts";
import type { Entrance } from "./entrance.ts";
import { NativeEntrance } from "./native_entrance.ts";
import { ServerLogs } from "./server_logs.ts";
import { Thread, type ThreadEnd } from "./thread_handle.ts";

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

/** How a server ended. */
export interface ServerEnd {
  /** `undefined`: it was stopped. Else why it could not go on. */
  readonly failure: string | undefined;
}

/** What the executor is made with beside the config. */
export interface ExecutorOptions {
  /** Where a warning for the operator goes: one line without its end. */
  warn(text: string): void;
  /** Where good news goes, as that all was read anew. */
  inform?(text: string): void;
  /** What the metrics say that this is. */
  readonly version?: string;
  /** The module of a worker thread; default: ours. For other endpoints, and for tests. */
  readonly workerModule?: URL;
}

/** A running server. */
export class Executor {
  /** Fulfilled when the server has ended, for whatever reason. */
  readonly ended: Promise<ServerEnd>;
  #config: Config;
  readonly #options: ExecutorOptions;
  readonly #entrance: Entrance;
  readonly #state: SharedState;
  readonly #logs: ServerLogs;
  readonly #reserve: DescriptorReserve;
  readonly #workers: Thread[] = [];
  #deaths: number[] = [];
  // The start, and reloads, during which threads load something.
  #loading = 1;
  #replacing: Promise<void> = Promise.resolve();
  readonly #saidAt = new Map<string, number>();
  #warnings = 0;
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
    this.#entrance = usesDenoTransport(config)
      ? new DenoEntrance(config)
      : new NativeEntrance(config);
    this.#state = openSharedState(createSharedState({
      workers: config.workers,
      addresses: config.limits.connectionsPerAddress > 0 ? ADDRESSES : 0,
    }));
    this.#reserve = new DescriptorReserve(reservedDescriptors(config), this.#state.flags);
    this.#logs = this.#openLogs();
  }

  /** Behind the address: the log may be that of the server that has the port already. */
  #openLogs(): ServerLogs {
    try {
      return new ServerLogs({
        config: this.#config,
        state: this.#state,
        warn: (text) => this.#sayOnce(text),
      });
    } catch (error) {
      this.#entrance.close();
      throw error;
    }
  }

  /** The address that it listens on; the port is a real one. */
  get address(): Deno.NetAddr {
    return this.#entrance.address;
  }

  /** The Unix socket that it listens on instead, or null; the address then means nothing. */
  get socketPath(): string | null {
    return this.#entrance.socketPath;
  }

  /** Where plain HTTP is sent to https, if anywhere. */
  get redirectAddress(): Deno.NetAddr | null {
    return this.#entrance.redirectAddress;
  }

  /**
   * Starts a server; fulfilled when every worker serves.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {LogFileError} where a log cannot be opened
   * @throws {SystemError} where the kernel has no descriptor left
   * @throws {DescriptorError} where there are too few of them for all threads
   * @throws {ActivationError} where a socket is handed over that this config has no use for
   * @throws {TlsError} where certificate and key are none
   */
  static async start(config: Config, options: ExecutorOptions): Promise<Executor> {
    const executor = new Executor(config, options);
    executor.#expectDescriptors();
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
    this.#stopTimer = setTimeout(
      () => this.#finish("the workers did not stop in time"),
      this.#config.limits.drainTime + STOP_GRACE,
    );
    this.#entrance.stop();
  }

  /**
   * Reads certificate and logs anew, and has requests answered by `config`: its files, endpoints and users.
   * What else it was started with stays: threads, addresses, limits. Where something cannot be read, all
   * goes on as before, with a warning.
   */
  async reload(config: Config = this.#config): Promise<void> {
    if (this.#stopping) return;
    const before = this.#warnings;
    const rerouted = this.#routeBy(config);
    // Each for itself: a log that cannot be opened keeps nobody from the new certificate.
    const reopened = Promise.resolve().then(() => this.#logs.reopen());
    const results = await Promise.allSettled([reopened, this.#entrance.reload()]);
    const faults = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    if (faults.length > 0) {
      const reasons = faults.map((fault) => fault instanceof Error ? fault.message : String(fault));
      this.#say(`not all was read anew: ${reasons.join("; ")}; what there was goes on`);
    }
    await rerouted;
    // A worker that could not read something has said so.
    if (this.#warnings === before) this.#inform(`read anew: ${this.#readAnew()}`);
  }

  /** What a reload reads, for the operator. */
  #readAnew(): string {
    const { tls, files: { root }, users } = this.#config;
    const passwords = users.map(({ user, file }) => `the password of ${user} in ${file}`);
    const named = [tls.cert, tls.key, root].filter((path) => path !== undefined);
    const logs = this.#logs.files.map((file) => `the log ${file}, opened by its name`);
    return [...named, ...passwords, ...logs, "the options of files and endpoints"].join(", ");
  }

  /** Runs what opens files, if need be with descriptors of the reserve: at the limit there are no others. */
  withDescriptors<T>(action: () => Promise<T>): Promise<T> {
    return this.#reserve.lendIfShort(action);
  }

  /** Each worker may have to load something for it: until all have, none of them blocks, as at the start. */
  async #routeBy({ files, endpoints, users }: Config): Promise<void> {
    const config = this.#config = { ...this.#config, files, endpoints, users };
    this.#loading++;
    this.#state.flags.setAllLoaded(false);
    const rerouted = this.#workers.map((thread) => thread.order({ type: "config", config }));
    this.#entrance.wakeAll();
    await Promise.all(rerouted);
    this.#settle();
  }

  /** The start, or a reload, is over: threads may block again if there is no other one under way. */
  #settle(): void {
    if (--this.#loading > 0) return;
    this.#state.flags.setAllLoaded(true);
    this.#entrance.wakeAll();
  }

  #expectDescriptors(): void {
    try {
      expectDescriptors(this.#config);
      this.#reserve.fill();
    } catch (error) {
      this.#entrance.close();
      throw error;
    }
  }

  /** Loaded only where it is wanted: its page and what draws its charts take time and memory. */
  async #startAdmin(address: ListenAddress): Promise<void> {
    try {
      const { AdminServer } = await import("../observe/admin/mod.ts");
      const { version = "" } = this.#options;
      this.#admin = new AdminServer({
        address,
        state: this.#state,
        version,
        isReady: () => this.#ready,
      });
    } catch (error) {
      this.#entrance.close();
      throw new AdminError(address, error);
    }
  }

  async #startThreads(): Promise<void> {
    await this.#entrance.start({
      config: this.#config,
      state: this.#state,
      descriptorCeiling: connectionCeiling(this.#config),
      startWorker: (worker) => this.#startWorker(worker),
      workers: this.#workers,
      warn: (text) => this.#sayOnce(text),
      ended: (failure) => this.#entranceEnded(failure),
    });
    this.#settle();
    this.#ready = !this.#stopAsked;
  }

  async #startWorker(worker: number): Promise<void> {
    const thread = this.#workers[worker] = this.#createWorker(worker);
    await thread.loaded;
    await thread.start(this.#startOf(worker));
  }

  #createWorker(worker: number): Thread {
    const ours = new URL("./worker_thread.ts", import.meta.url);
    return new Thread(this.#options.workerModule ?? ours, `worker ${worker}`, {
      warn: (text) => this.#sayOnce(text),
      lines: () => this.#logs.wake(),
      ended: (end) => this.#workerEnded(worker, end),
    });
  }

  #startOf(worker: number): WorkerStart {
    const descriptorCeiling = connectionCeiling(this.#config);
    return {
      worker,
      memory: this.#state.memory,
      logs: this.#logs.memory,
      config: this.#config,
      ...(descriptorCeiling === undefined ? {} : { descriptorCeiling }),
      ...this.#entrance.workerStart(),
    };
  }

  /** Puts a new worker in the place of a dead one; one after the other, as no two may load at once. */
  #replace(worker: number): void {
    const replace = async () => {
      const start = () => this.#startReplacement(worker);
      // Accepting pauses while the reserve is lent: only if connections could take what the thread needs.
      if (canRunOut(this.#config)) await this.#reserve.lend(start);
      else await start();
      if (this.#stopping) return;
      this.#state.counters(this.#state.mainBlock).add(COLUMN.workersReplaced, 1);
      this.#entrance.replaced();
    };
    const failed = (error: Error) => this.#finish(`no new worker: ${error.message}`);
    this.#replacing = this.#replacing.then(replace).catch(failed);
  }

  /** Not before there is what a thread opens: without it Deno would end the process. */
  async #startReplacement(worker: number): Promise<void> {
    const isReady = () => this.#stopping || canStartThread();
    if (!isReady()) this.#sayOnce(`no new worker ${worker} yet: too many open files`);
    await waitUntil(isReady);
    if (!this.#stopping) await this.#startWorker(worker);
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
    // Its block has no other writer now; what it left open counts as closed.
    const counters = this.#state.counters(worker);
    settle(counters, COLUMN.connectionsOpened, COLUMN.connectionsClosed);
    settle(counters, COLUMN.webSocketsOpened, COLUMN.webSocketsClosed);
    settle(counters, COLUMN.bytesQueued, COLUMN.bytesUnqueued);
    this.#entrance.bury(worker);
    this.#logs.salvage(worker);
  }

  #entranceEnded(failure: string | undefined): void {
    if (failure !== undefined) return this.#finish(failure);
    if (!this.#stopping) return this.#finish("the acceptor ended");
    this.#finishIfAllEnded();
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
    this.#warnings++;
    this.#options.warn(text);
    this.#note(text);
  }

  #inform(text: string): void {
    this.#options.inform?.(text);
    this.#note(text);
  }

  #note(text: string): void {
    this.#logs.log.note("EXECUTOR", text);
    this.#logs.log.flush();
  }

  #finishIfAllEnded(): void {
    if (!this.#entrance.hasEnded || !this.#workers.every((thread) => thread.hasEnded)) return;
    // Nobody uses them any more, and the process may live on: a test's, or an embedder's.
    this.#entrance.close();
    for (const thread of this.#workers) thread.dismiss();
    this.#finish(undefined);
  }

  #finish(failure: string | undefined): void {
    this.#ready = false;
    this.#stopping = true;
    clearTimeout(this.#stopTimer);
    this.#reserve.close();
    // The last to go: until then it tells how the end comes along.
    const adminGone = this.#admin?.stop() ?? Promise.resolve();
    void adminGone.finally(() => this.#logs.finish()).finally(() => this.#end({ failure }));
  }
}

/** Makes what ended equal to what began. */
function settle(counters: Counters, began: Column, ended: Column): void {
  counters.add(ended, counters.get(began) - counters.get(ended));
}
