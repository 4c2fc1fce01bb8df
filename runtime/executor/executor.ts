/**
 * The executor: starts, reloads, replaces and stops the threads.
 *
 * In: a config. Out: a running server, its address, and how it ended. Runs on the main thread, in Deno's own
 * event loop. How connections reach the workers depends on the transport: see entrance.ts. Whether and when a
 * worker that ended is replaced is decided in worker_replacement.ts, and app_keeper.ts watches the workers of
 * an app.
 *
 * Longer than 400 lines because starting, replacing and stopping threads share the state of one server.
 */

import {
  channelsOf,
  type Config,
  tlsFileNames,
  usesDenoTransport,
  workerSlots,
} from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";
import type { AdminServer } from "../observe/admin/mod.ts";
import { COLUMN, createSharedState, openSharedState, type SharedState } from "../ring/mod.ts";
import { type AppSource, inTime, LATE, type WorkerStart } from "../thread/mod.ts";
import { AdminError } from "./admin_error.ts";
import { AppCopy } from "./app_copy.ts";
import { AppError } from "./app_error.ts";
import type { AppKeeper } from "./app_keeper.ts";
import { readAppOf } from "./app_reader.ts";
import { workerPermissions } from "./app_rights.ts";
import type { ChannelKeeper } from "./channel_keeper.ts";
import { ConnectionMove } from "./connection_move.ts";
import type { ConnectionSender } from "./connection_sender.ts";
import {
  canRunOut,
  canStartThread,
  connectionCeiling,
  expectDescriptors,
  reservedDescriptors,
} from "./descriptor_budget.ts";
import { DescriptorReserve, waitUntil } from "./descriptor_reserve.ts";
import { type Handover, placeOf } from "./handover_text.ts";
import { DenoEntrance } from "./deno_entrance.ts";
import type { Entrance } from "./entrance.ts";
import { type IoUringUse, ioUringUse } from "./io_uring_use.ts";
import { LoadingPhase } from "./loading_phase.ts";
import { NativeEntrance } from "./native_entrance.ts";
import { OpensslTls } from "./openssl_tls.ts";
import type { Predecessor } from "./predecessor.ts";
import { serverName } from "./server_name.ts";
import { ServerLogs } from "./server_logs.ts";
import { settleCounters } from "./settle_counters.ts";
import { Thread, type ThreadEnd } from "./thread_handle.ts";
import { chooseTls } from "./tls_library.ts";
import { orderUnlessBlocked } from "./unless_blocked.ts";
import { UpgradeError } from "./upgrade_error.ts";
import { WarningFilter } from "./warning_filter.ts";
import { WorkerReplacement } from "./worker_replacement.ts";

/** Milliseconds beyond the drain time, for a thread that does not end by then. */
const STOP_GRACE = 1_000;
/** Milliseconds for what the main thread still has to send after all workers have ended, if no drain time is left. */
const LEAST_CLOSE = 1_000;
/** Milliseconds after which the operator is told that an app does not get ready. */
const SLOW_START = 15_000;
const SLOW_APP =
  "the app is not ready: its top level computes, or its start() has not ended (--app-start-timeout)";
/** Milliseconds for everything but the start() of an app, which has a limit of its own: the worker notices what only waits. */
const LONGEST_COMPUTING = 15_000;
/** Addresses whose connections are counted, for --max-connections-per-address: a few times the connection limit. */
const ADDRESSES = 32_768;

const NOT_OURS =
  "the new server would use Deno's sockets (--transport deno or --tls deno), which take a restart";

/** How a server ended. */
export interface ServerEnd {
  /** Undefined: it was stopped. Else the reason why it could not continue. */
  readonly failure: string | undefined;
}

/** The options of an executor, besides the config. */
export interface ExecutorOptions {
  /** Receives a warning for the operator: one line without its line end. */
  warn(text: string): void;
  /** Receives a notice for the operator, such as that of a reload. */
  inform?(text: string): void;
  /** The version that the metrics report. */
  readonly version?: string;
  /** The server that this one replaces; absent: there is none. */
  readonly predecessor?: Predecessor | null;
  /** The module of a worker thread, for other endpoints and for tests; default: worker_thread.ts. */
  readonly workerModule?: URL;
  /** Milliseconds that starting a worker may take beyond the time of its app's start(); default: 15,000. */
  readonly longestComputing?: number;
}

/** A running server. */
export class Executor {
  /** Fulfilled when the server has ended, for whatever reason. */
  readonly ended: Promise<ServerEnd>;
  #config: Config;
  readonly #options: ExecutorOptions;
  readonly #entrance: Entrance;
  readonly #ioUring: IoUringUse;
  readonly #state: SharedState;
  readonly #logs: ServerLogs;
  readonly #reserve: DescriptorReserve;
  /** Null if there is no app. */
  readonly #appCopy: AppCopy | null;
  readonly #workers: Thread[] = [];
  readonly #replacement: WorkerReplacement;
  readonly #loading: LoadingPhase;
  #replacing: Promise<void> = Promise.resolve();
  // The interval that the app has announced last.
  #scheduled = 0;
  // No worker is being started beside a blocked one.
  #isStandInDue = true;
  readonly #warningFilter = new WarningFilter();
  // A thread that cannot read something at a reload warns.
  #threadWarnings = 0;
  #admin: AdminServer | null = null;
  /** Null if there are no channels. */
  #channels: ChannelKeeper | null = null;
  /** Null if there is no app, and until all threads have started. */
  #keeper: AppKeeper | null = null;
  readonly #move: ConnectionMove;
  /** Whether all threads have started, and no stop was requested. */
  #ready = false;
  #stopRequested = false;
  #stopping = false;
  #stopTimer: ReturnType<typeof setTimeout> | undefined = undefined;
  // Of performance.now(): the end of the drain.
  #drainedBy = 0;
  #end!: (end: ServerEnd) => void;

  private constructor(
    config: Config,
    openssl: OpensslTls | null,
    options: ExecutorOptions & { readonly app: AppSource | undefined },
  ) {
    this.#config = config;
    this.#options = options;
    this.#appCopy = options.app === undefined ? null : new AppCopy({
      config,
      source: options.app,
      threads: this.#workers,
      warn: (text) => this.warn(text),
      inform: (text) => this.inform(text),
    });
    this.#replacement = new WorkerReplacement({
      runsApp: () => this.#keeper !== null,
      replace: (worker) => this.#replace(worker),
      warn: (text) => this.warn(text),
      fail: (failure) => this.#finish(failure),
    });
    this.ended = new Promise((resolve) => this.#end = resolve);
    this.#ioUring = ioUringUse(config);
    const { predecessor = null } = options;
    const usesIoUring = this.#ioUring.isUsed;
    if (predecessor !== null && usesDenoTransport(config)) throw new UpgradeError(NOT_OURS);
    this.#entrance = usesDenoTransport(config)
      ? new DenoEntrance(config)
      : new NativeEntrance(config, { openssl, usesIoUring, predecessor });
    this.#state = openSharedState(createSharedState({
      workers: workerSlots(config),
      addresses: config.limits.connectionsPerAddress > 0 ? ADDRESSES : 0,
    }));
    this.#reserve = new DescriptorReserve(reservedDescriptors(config), this.#state.flags);
    this.#loading = new LoadingPhase(this.#state.flags, () => this.#entrance.wakeAll());
    this.#logs = this.#openLogs();
    this.#move = new ConnectionMove({
      state: this.#state,
      loading: this.#loading,
      threads: this.#workers,
      ring: (worker) => this.#entrance.ring(worker),
      inform: (text) => this.inform(text),
    });
  }

  /** Called after the address was bound: else it could rotate the log of the server that has the port. */
  #openLogs(): ServerLogs {
    try {
      return new ServerLogs({
        config: this.#config,
        state: this.#state,
        // The server that is replaced still writes it.
        keepsLast: !this.#options.predecessor,
        warn: (text) => this.#warnOnce(text),
      });
    } catch (error) {
      this.#entrance.close();
      throw error;
    }
  }

  /** The address that the server listens on; the port is the real one. */
  get address(): Deno.NetAddr {
    return this.#entrance.address;
  }

  /** The file of the Unix socket, or null; with a Unix socket the address has no meaning. */
  get socketPath(): string | null {
    return this.#entrance.socketPath;
  }

  /** The address that redirects plain HTTP to https, or null. */
  get redirectAddress(): Deno.NetAddr | null {
    return this.#entrance.redirectAddress;
  }

  /**
   * Starts a server; fulfilled when every worker serves. Clients are served from the first worker on, unless
   * connections could take the descriptors that the other threads need.
   *
   * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
   * @throws {LogFileError} if a log cannot be opened
   * @throws {SystemError} if no descriptor is left
   * @throws {DescriptorError} if the limit of descriptors is too low for all threads
   * @throws {ActivationError} if systemd passes a socket that this config cannot use
   * @throws {AppError} if the app cannot be loaded
   * @throws {TlsError} if certificate or key cannot be used, or what is to implement TLS
   * @throws {UpgradeError} if this server cannot replace the one that has started it
   */
  static async start(given: Config, options: ExecutorOptions): Promise<Executor> {
    const { config } = await chooseTls(given);
    expectDescriptors(config);
    const app = await readAppOf(config);
    const executor = new Executor(config, await OpensslTls.open(config), { ...options, app });
    executor.#reserve.fill();
    await executor.#keepChannels();
    if (!options.predecessor) await executor.#startAdmin();
    // The format of async_nostd has only the lines of connections.
    if (config.logFormat === "timed") executor.#logs.note(`io_uring: ${executor.#ioUring.text}`);
    await executor.#startThreads();
    return executor;
  }

  /** The address of the metrics, or null. */
  get adminAddress(): Deno.NetAddr | null {
    return this.#admin?.address ?? null;
  }

  /**
   * Begins to stop. Readiness fails first, so that a load balancer can use other servers; after the drain
   * delay no more connections are accepted, and the server ends when open requests are finished.
   */
  stop(): void {
    if (this.#stopRequested) return;
    this.#stopRequested = true;
    this.#ready = false;
    const { drainDelay } = this.#config.limits;
    // The server that has taken over is the one that a load balancer asks.
    if (drainDelay === 0 || this.#stopping) this.#drain();
    else this.#stopTimer = setTimeout(() => this.#drain(), drainDelay);
  }

  #drain(): void {
    this.#beginDrain(this.#config.limits.drainTime);
    this.#entrance.stop();
  }

  /** What a new server can take over. @throws {UpgradeError} if it cannot */
  get handover(): Handover {
    const { admin } = this.#config.monitoring;
    const address = this.adminAddress;
    return {
      listeners: this.#entrance.listeners.map(({ place, descriptor }) => ({ place, descriptor })),
      admin: admin === undefined || address === null ? null : { place: placeOf(admin), address },
      store: this.#channels?.identity,
      followed: this.#channels?.followed,
    };
  }

  /** Fulfilled when this server goes on with all connections of the one before it, or has had the time for that. */
  connectionsArrived(): Promise<void> {
    return this.#move.arrived();
  }

  /**
   * Gives the channels to the server that `sender` leads to, if it takes them: from now on nothing changes in them here. Followed by
   * {@link handOver}, or by {@link takeBack}.
   */
  async prepareHandOver(sender: ConnectionSender | null): Promise<void> {
    const channels = this.#channels;
    if (sender?.takesStore !== true || channels === null || this.#stopping) return;
    await this.#move.freeze();
    if (!await channels.give(sender)) await this.#move.thaw();
  }

  /** The new server has not taken over: this one serves on. */
  async takeBack(): Promise<void> {
    this.#channels?.takeBack();
    await this.#move.thaw();
  }

  /**
   * Ends because a new server has taken over: no connection is accepted any more, keep-alive connections end after their next answer, and
   * WebSockets and streams one after the other, but those that `sender` moves to the new server. A stop may follow, and makes it shorter.
   */
  handOver(sender: ConnectionSender | null = null): void {
    if (this.#stopping) return sender?.[Symbol.dispose]();
    if (sender !== null) this.#move.begin(sender);
    const { drainTime, upgradeSpread } = this.#config.limits;
    // It stays ready: what a load balancer asks last here is whether the address serves, which it does.
    this.#beginDrain(upgradeSpread + drainTime);
    this.#entrance.handOver();
    this.#channels?.handOver();
    this.#admin?.leave();
  }

  #beginDrain(time: number): void {
    this.#stopping = true;
    this.#keeper?.close();
    clearTimeout(this.#stopTimer);
    this.#drainedBy = performance.now() + time;
    this.#stopTimer = setTimeout(
      () =>
        this.#finish("the workers did not stop within --drain-timeout; open requests were aborted"),
      time + STOP_GRACE,
    );
  }

  /**
   * Reloads the certificate, reopens the logs, and applies the files, endpoints and users of `config`. Threads,
   * addresses, limits and channels stay as they were at the start. If something cannot be read, its old value
   * stays in use, with a warning.
   */
  async reload(config: Config = this.#config): Promise<void> {
    if (this.#stopping) return;
    this.#channels?.warnOfChanges((text) => this.warn(text));
    const before = this.#threadWarnings;
    const reconfigured = this.#reconfigure(config);
    // Independent of each other: the certificate is reloaded even if a log cannot be reopened.
    const renewed = this.#loading.during(() => this.#entrance.reload());
    const app = this.#reloadApp();
    const results = await Promise.allSettled([this.#logs.reopen(), renewed]);
    const faults = results.flatMap((result) => result.status === "rejected" ? [result.reason] : []);
    if (faults.length > 0) {
      const reasons = faults.map(errorMessage);
      this.warn(`reload incomplete: ${reasons.join("; ")}; the old values stay in use`);
    }
    const [isAppCurrent] = await Promise.all([app, reconfigured]);
    const isWhole = faults.length === 0 && isAppCurrent && this.#threadWarnings === before;
    if (isWhole) this.inform(`reloaded: ${this.#reloaded()}`);
  }

  /**
   * Loads a fresh copy of the app, if there is one, in every worker. If one of them cannot, the old copy stays, with a warning, and the
   * answer is false.
   */
  async #reloadApp(): Promise<boolean> {
    const copy = this.#appCopy;
    if (copy === null || this.#stopping) return !this.#stopping;
    const fault = await copy.reload();
    if (this.#stopping) return false;
    if (fault !== undefined) this.warn(`the old copy of the app stays in use: ${fault}`);
    return fault === undefined;
  }

  /** The same, without a signal. */
  async #reloadChangedApp(): Promise<void> {
    if (await this.#reloadApp()) this.inform(`reloaded: ${this.#config.app?.file}`);
  }

  /** The copy of the app that a worker uses may be an old one: it has just started, or was blocked. */
  #updateApp(worker: number): void {
    const copy = this.#appCopy;
    const thread = this.#workers[worker];
    if (copy === null || thread === undefined || this.#stopping) return;
    if (copy.isDue) void this.#reloadChangedApp();
    else void copy.update(thread);
  }

  /** Reloads the app when its files change. */
  #watchApp(): void {
    const { app } = this.#config;
    if (app === undefined || !app.watch || this.#stopRequested) return;
    this.#appCopy?.watch({
      changed: () => this.#reloadChangedApp(),
      warn: (text) => this.warn(text),
    });
  }

  /** What a reload reads, for the operator. */
  #reloaded(): string {
    const { app, files: { root }, users } = this.#config;
    const passwords = users.map(({ user, file }) => `the password of ${user} in ${file}`);
    const files = [
      ...tlsFileNames(this.#config.tls),
      ...app === undefined ? [] : [app.file],
      ...root === undefined ? [] : [root],
      ...passwords,
      ...this.#logs.reopened,
    ];
    return [...files, "the file and endpoint options"].join(", ");
  }

  /** Runs an action that opens files. At the limit of open files it uses descriptors of the reserve. */
  withDescriptors<T>(action: () => Promise<T>): Promise<T> {
    return this.#reserve.lendIfShort(action);
  }

  /** Sends the reloadable sections to all workers. Each may have to load modules: until all have, none blocks, as at the start. */
  async #reconfigure({ app, files, endpoints, users }: Config): Promise<void> {
    // Whether there is an app decides how a worker waits, so it takes a restart; so do its file and its rights.
    const running = this.#config.app;
    const { path, timeout } = { ...running, ...app };
    const its = running && { ...running, path, timeout: timeout ?? running.timeout };
    const config = this.#config = { ...this.#config, app: its, files, endpoints, users };
    await this.#loading.during(() =>
      Promise.all(
        this.#workers.map((thread) => orderUnlessBlocked(thread, { type: "config", config })),
      )
    );
  }

  /** Loads the admin server, only if --admin is set: its page and the charts take time and memory. */
  async #startAdmin(): Promise<void> {
    const { admin: address } = this.#config.monitoring;
    if (address === undefined) return;
    try {
      const { AdminServer } = await import("../observe/admin/mod.ts");
      const shared = this.#options.predecessor?.adminAt(address);
      this.#admin = new AdminServer({
        address: shared ?? address,
        isShared: shared !== undefined,
        state: this.#state,
        version: this.#options.version ?? "",
        memoryBound: this.#config.limits.heldBytes,
        isReady: () =>
          this.#ready && this.#keeper?.canServe !== false &&
          this.#channels?.isReady !== false,
        usesIoUring: this.#ioUring.isUsed,
        channels: this.#channels,
      });
    } catch (error) {
      this.#entrance.close();
      throw new AdminError(address, error);
    }
  }

  /** Loads what channels need, only if there are any. */
  async #keepChannels(): Promise<void> {
    const channels = channelsOf(this.#config);
    if (channels === undefined) return;
    const { ChannelKeeper } = await import("./channel_keeper.ts");
    const ring = (worker: number) => this.#entrance.ring(worker);
    const workers = workerSlots(this.#config);
    const port = this.socketPath === null ? this.address.port : undefined;
    const name = serverName(this.address, port);
    const server = { name, version: this.#options.version ?? "", startedAt: Date.now() };
    const config = { ...this.#config, workers, channels };
    const before = this.#options.predecessor?.connections?.storeIdentity;
    this.#channels = new ChannelKeeper(config, server, ring, before);
    const notes = {
      warn: (text: string) => this.warn(text),
      inform: (text: string) => this.inform(text),
    };
    await this.#channels.openWebhooks(channels, notes);
    await this.#channels.openEngine(channels, notes);
  }

  async #startThreads(): Promise<void> {
    const { predecessor } = this.#options;
    // The server that is replaced accepts until this one is ready.
    const acceptsEarly = !canRunOut(this.#config) && !predecessor;
    // Loaded after the workers, so that the first answer comes sooner, if clients cannot take their descriptors.
    if (!acceptsEarly) await this.#logs.load();
    const started = this.#entrance.start({
      config: this.#config,
      state: this.#state,
      descriptorCeiling: connectionCeiling(this.#config),
      acceptsEarly,
      beforeAccepting: async () => {
        if (!predecessor) return;
        await this.#channels?.engineReady();
        this.#ready = !this.#stopRequested;
        await this.#startAdmin();
        await this.#takeOver(predecessor);
      },
      startWorker: (worker) => this.#startFirst(worker),
      workers: this.#workers,
      warn: (text) => this.#warnOnce(text),
      ended: (failure) => this.#entranceEnded(failure),
    });
    this.#replacing = started; // a worker that dies meanwhile is replaced afterwards
    await started;
    // Workers need not wait for the logs' threads, which load no npm package: else clients would wait, too.
    this.#loading.end();
    await this.#logs.load();
    this.#logs.start();
    await this.#keepApp();
    this.#watchApp();
    this.#ready = !this.#stopRequested;
  }

  /** Lets the old server end, and goes on with its channels and its connections. */
  async #takeOver(predecessor: Predecessor): Promise<void> {
    const { connections } = predecessor;
    const channels = this.#channels;
    const takesStore = channels?.isHeir === true && channels.seal();
    if (takesStore) await this.#move.awaitStore();
    if (takesStore && channels.followed) await channels.listenAhead(await predecessor.followed());
    await predecessor.takeOver(takesStore);
    if (takesStore) channels.adopt(connections);
    this.#entrance.wakeAll();
    void this.#move.receive(connections).then(() => this.#channels?.noteArrived());
  }

  async #keepApp(): Promise<void> {
    if (this.#config.app === undefined || this.#stopRequested) return;
    const { AppKeeper } = await import("./app_keeper.ts");
    this.#keeper = new AppKeeper({
      state: this.#state,
      threads: this.#workers,
      workers: this.#config.workers,
      warn: (text) => this.warn(text),
      ring: (worker) => this.#entrance.ring(worker),
      startStandIn: () => this.#startStandIn(),
      returned: (worker) => this.#updateApp(worker),
    });
    if (this.#scheduled > 0) this.#keeper.schedule.announce(this.#scheduled);
  }

  /** A worker at the start of the server. @throws {AppError} if its app computes for so long that it cannot notice it itself */
  async #startFirst(worker: number): Promise<void> {
    const { app } = this.#config;
    const starting = this.#startWorker(worker);
    if (await this.#isStarted(starting)) return;
    throw new AppError(
      `cannot start --app ${app?.file}: its top level or its start() computes without an end`,
    );
  }

  /** False: an app computes for so long that the worker cannot notice it itself. */
  async #isStarted(starting: Promise<void>): Promise<boolean> {
    const { app } = this.#config;
    const { longestComputing = LONGEST_COMPUTING } = this.#options;
    const longest = app === undefined ? undefined : app.startTimeout + longestComputing;
    if (longest === undefined) await starting;
    else if (await inTime(starting, longest) === LATE) return false;
    return true;
  }

  async #startWorker(worker: number): Promise<void> {
    const thread = this.#workers[worker] = this.#createWorker(worker);
    await thread.loaded;
    const warn = () => this.warn(`worker ${worker}: ${SLOW_APP}`);
    const timer = this.#appCopy === null ? undefined : setTimeout(warn, SLOW_START);
    await thread.start(this.#startOf(worker, thread)).finally(() => clearTimeout(timer));
  }

  #createWorker(worker: number): Thread {
    const ours = new URL("./worker_thread.ts", import.meta.url);
    return new Thread(this.#options.workerModule ?? ours, `worker ${worker}`, {
      warn: (text) => this.#warnOnce(text),
      dropped: () => this.#logs.warnOfDropped(),
      ring: (other) => this.#entrance.ring(other),
      engine: () => this.#channels?.lookAtRequests(worker),
      reported: (reports) => this.#channels?.report(worker, reports),
      keySet: () => void this.#sendKeySet(worker),
      schedule: (every) => this.#announce(every),
      heavy: (bytes) => void this.#keeper?.replaceHeavy(worker, bytes),
      moved: (connections, others) => this.#move.moved(worker, connections, others),
      ended: (end) => this.#workerEnded(worker, end),
    }, workerPermissions(this.#config, this.address));
  }

  #startOf(worker: number, thread: Thread): WorkerStart {
    const descriptorCeiling = connectionCeiling(this.#config);
    return {
      worker,
      memory: this.#state.memory,
      logs: this.#logs.memory,
      config: { ...this.#config, port: this.address.port },
      ...(descriptorCeiling === undefined ? {} : { descriptorCeiling }),
      ...(this.#channels === null ? {} : { channels: this.#channels.start }),
      ...(this.#appCopy === null ? {} : { app: this.#appCopy.sourceFor(thread) }),
      ...(this.#rehearses ? { rehearses: true as const } : {}),
      ...this.#entrance.workerStart(),
    };
  }

  /** Whether workers that start are about to get connections of the server before. */
  get #rehearses(): boolean {
    return !this.#ready && !!this.#options.predecessor?.connections;
  }

  /** The address is the config's, and not what a thread says: its app might speak for it. */
  async #sendKeySet(worker: number): Promise<void> {
    const endpoint = this.#config.channels?.token.jwksEndpoint;
    if (endpoint === undefined) return;
    const { fetchKeySet } = await import("./key_set.ts");
    const answer = await fetchKeySet(endpoint);
    await this.#workers[worker]?.order({ type: "key set", answer });
  }

  #announce(every: number): void {
    this.#scheduled = every;
    this.#keeper?.schedule.announce(every);
  }

  /** Starts a worker in the place of one that ended: worker_replacement.ts decides when. */
  #replace(worker: number): void {
    if (this.#stopping) return;
    void this.#startLater(worker, () => {
      this.#state.counters(this.#state.mainBlock).add(COLUMN.workersReplaced, 1);
    });
  }

  /** Starts a worker beside those that are blocked, or about to end. It stays, for the next time. */
  async #startStandIn(): Promise<void> {
    const worker = this.#workers.length;
    if (worker >= workerSlots(this.#config) || this.#stopping || !this.#isStandInDue) return;
    this.#isStandInDue = false;
    const isOneBlocked = this.#workers.some((thread) => thread.isBlocked);
    const which = isOneBlocked ? "the blocked one" : "the others";
    const started = () => this.warn(`worker ${worker} serves beside ${which}`);
    await this.#startLater(worker, started).finally(() => this.#isStandInDue = true);
  }

  /** Starts a worker; one after the other, because no two may load at the same time. */
  #startLater(worker: number, started: () => void): Promise<void> {
    const ready = () => {
      if (this.#stopping) return;
      started();
      this.#entrance.replaced();
      this.#updateApp(worker);
    };
    const replace = async () => {
      const start = () => this.#startReplacement(worker, ready);
      // Lending the reserve pauses accepting, so only if connections could take the thread's descriptors.
      if (canRunOut(this.#config)) await this.#reserve.lend(start);
      else await start();
    };
    return this.#replacing = this.#replacing.then(replace).catch((error) =>
      this.#startFailed(worker, error)
    );
  }

  #startFailed(worker: number, error: Error): void {
    if (this.#keeper === null) {
      return this.#finish(`a dead worker could not be replaced: ${error.message}`);
    }
    const thread = this.#workers[worker];
    if (thread === undefined || thread.hasEnded) return; // that it died is known
    thread.abandon();
    this.#entrance.reclaim(worker);
    this.warn(`worker ${worker} could not be started: ${error.message}`);
    this.#replacement.startFailed(worker);
  }

  /** Waits until enough descriptors are free for a thread: without them Deno would end the process. */
  async #startReplacement(worker: number, ready: () => void): Promise<void> {
    const isReady = () => this.#stopping || canStartThread();
    if (!isReady()) this.#warnOnce(`worker ${worker} is not replaced yet: too many open files`);
    await waitUntil(isReady);
    await this.#channels?.removed;
    if (this.#stopping) return;
    const starting = this.#startWorker(worker).then(ready);
    if (await this.#isStarted(starting)) return;
    // A thread that computes cannot be ended.
    this.warn(
      `worker ${worker} does not get ready: its app's top level or start() computes without an end; ` +
        "the other workers do not wait for it",
    );
    starting.catch((error) => this.#startFailed(worker, error));
  }

  #workerEnded(worker: number, end: ThreadEnd): void {
    this.#state.flags.setDead(worker);
    this.#move.workerEnded(worker);
    if (end.error !== undefined) this.#noteDeath(worker, end.error);
    if (this.#stopping) return this.#finishIfAllEnded();
    if (end.error === undefined) this.#release(worker);
    this.#replacement.ended(worker, end.error);
  }

  #noteDeath(worker: number, error: string): void {
    this.warn(`worker ${worker} died: ${error}; its connections were closed`);
    this.#reclaim(worker);
  }

  /** A worker has ended because it was asked to, and another one takes its number. */
  #release(worker: number): void {
    this.#workers[worker]?.dismiss();
    this.#reclaim(worker);
  }

  /** Closes what a worker has left open: the connections of a dead one, so that its peers notice at once. */
  #reclaim(worker: number): void {
    settleCounters(this.#state.counters(worker));
    this.#entrance.reclaim(worker);
    this.#channels?.remove(worker);
    this.#logs.salvage(worker);
  }

  #entranceEnded(failure: string | undefined): void {
    if (failure !== undefined) return this.#finish(failure);
    if (!this.#stopping) return this.#finish("the acceptor thread ended unexpectedly");
    this.#finishIfAllEnded();
  }

  /** Forwards a thread's warning, and omits repetitions: each thread notices the same fault by itself. */
  #warnOnce(text: string): void {
    if (!this.#warningFilter.admits(text)) return;
    this.#threadWarnings++;
    this.warn(text);
  }

  /** Warns the operator, and logs the warning. */
  warn(text: string): void {
    this.#options.warn(text);
    this.#logs.note(text);
  }

  /** Tells the operator, and logs it. */
  inform(text: string): void {
    this.#options.inform?.(text);
    this.#logs.note(text);
  }

  #finishIfAllEnded(): void {
    if (!this.#entrance.hasEnded || !this.#workers.every((thread) => thread.hasEnded)) return;
    // The process may continue: that of a test, or of a program that embeds the server.
    this.#entrance.close();
    for (const thread of this.#workers) thread.dismiss();
    this.#finish(undefined);
  }

  #finish(failure: string | undefined): void {
    this.#ready = false;
    this.#stopping = true;
    clearTimeout(this.#stopTimer);
    this.#appCopy?.[Symbol.dispose]();
    this.#reserve.close();
    const left = Math.max(LEAST_CLOSE, this.#drainedBy - performance.now());
    const channelsGone = this.#channels?.close(left) ?? Promise.resolve();
    this.#keeper?.close();
    this.#replacement.close();
    // Stopped last, so that it reports the progress of the stop until the end.
    const adminGone = this.#admin?.stop() ?? Promise.resolve();
    const connectionsGone = this.#move.close();
    void Promise.all([adminGone, channelsGone, connectionsGone]).finally(() => this.#logs.finish())
      .finally(() => this.#end({ failure }));
  }
}
