/**
 * The part of a worker that both transports share: its counters, its logs, its router, its open
 * connections, and its shutdown.
 *
 * In: the worker's start, and a loop. Out: contexts for sessions, and the bookkeeping of each connection
 * from open to close. The worker of each transport (native/, deno/) has one core: it supplies the
 * connections and runs the loop; nothing here depends on the transport.
 *
 * Longer than 400 lines because what begins, what is open and what ends share one worker's parts.
 */

import {
  type DateField,
  MessageBufferPool,
  PREALLOCATED_BYTES,
  SPARE_BYTES,
} from "../../../protocol/mod.ts";
import { type Config, wantsPeerAddress } from "../../config/mod.ts";
import {
  type Alarms,
  type Gatherer,
  type Loop,
  NEVER,
  OutgoingBatch,
  Spread,
  type Timer,
} from "../../net/mod.ts";
import type { EventLog } from "../../observe/log/mod.ts";
import {
  COLUMN,
  type Column,
  type Counters,
  openSharedState,
  type SharedState,
} from "../../ring/mod.ts";
import {
  type AppRoute,
  type Compression,
  firstSession,
  type LeftConnection,
  noteAppFault,
  type ProxiedTransport,
  resumeSession,
  type Router,
  type SessionContext,
} from "../session/mod.ts";
import {
  inTime,
  LATE,
  type OrderHandler,
  type ThreadMessage,
  type ThreadOrder,
  Warnings,
  type WorkerStart,
} from "../../thread/mod.ts";
import { ConnectionList, type ListedConnection } from "./connection_list.ts";
import { reroute, routerFor, type RouterLoader, type RouterMaker } from "./router_maker.ts";
import type { ChannelWiring } from "../centrifuge/mod.ts";
import { promiseClock } from "./promise_clock.ts";
import { isObserved, sessionContextFor } from "./session_context_maker.ts";
import { LOG_AGE, WorkerLogs } from "./worker_logs.ts";
import { type MemoryHolder, type SocketMemory, WorkerMemory } from "./worker_memory.ts";

/** Of a worker's share of the memory bound, what may lie ready for reuse and what declared lengths may preallocate. */
const SPARE_PART = 1 / 2;
const PREALLOCATED_PART = 1 / 2;

/** Where errors of an app come from that nobody caught. */
export interface AppFaultSource {
  /** From now on, each is passed to `report`: what has failed, and what was thrown. */
  reportTo(report: (what: string, error: unknown) => void): void;
}

/** What a worker gets from its thread. */
export interface WorkerParts {
  readonly start: WorkerStart;
  readonly router: Router | RouterMaker;
  /** Loads the endpoints of another config; absent: the endpoints do not depend on the config. */
  readonly load?: RouterLoader | undefined;
  /** The endpoints have timers and sockets of Deno's also while no handler is pending; absent: they have not. */
  readonly hasApp?: boolean | undefined;
  /** The timers of the app, which a loop on epoll serves; absent: they are Deno's. */
  readonly alarms?: Alarms | undefined;
  /** Notices errors of the app that nobody caught; absent: they end the thread. */
  readonly guard?: AppFaultSource | undefined;
  /** What sockets hold beneath their connections; absent: nothing. */
  readonly sockets?: SocketMemory | undefined;
  /** Compresses messages of WebSockets; absent: none are. */
  readonly compression?: Compression | undefined;
  /** The date that the router's answers carry. */
  readonly date: DateField;
  /** Sends a message to the main thread. */
  post(message: ThreadMessage): void;
  /** Delivers orders to `handler`. */
  onOrder(handler: OrderHandler): void;
}

/** A connection, as the worker sees it. */
export interface WorkerConnection extends ProxiedTransport, MemoryHolder, ListedConnection {
  /** Begins to read. */
  start(): void;
  /** The server stops: handles the input that has arrived, then tells the session. */
  drain(): void;
}

/** One worker. */
export class WorkerCore<L extends Loop, Connection extends WorkerConnection> {
  /** The number of this worker. */
  readonly number: number;
  readonly config: Config;
  readonly state: SharedState;
  /** This worker's counters. */
  readonly counters: Counters;
  readonly loop: L;
  readonly messages: MessageBufferPool;
  /** The outgoing queues of its connections that have bytes to send. */
  readonly outgoing: OutgoingBatch;
  /** The event log. */
  readonly log: EventLog;
  /** Messages to the operator. */
  readonly warnings: Warnings;
  /** Whether the config needs the addresses of peers. */
  readonly wantsPeerAddress: boolean;
  /** The connections that are open. */
  readonly connections = new ConnectionList<Connection>();
  readonly #parts: WorkerParts;
  readonly #logs: WorkerLogs;
  readonly #contexts: SessionContext[] = [];
  readonly #flushTimer: Timer;
  readonly #memory: WorkerMemory;
  #channels: ChannelWiring | undefined = undefined;
  // When open requests are cut off, in milliseconds of performance.now().
  #drainEnd = Infinity;
  #cutOffTimer: Timer | undefined = undefined;
  // What ends connections one after the other; undefined: no new server has taken over.
  #handOver: Spread<Connection> | undefined = undefined;
  // How many other configs have arrived.
  #configs = 0;

  /** @param createLoop makes the loop; if it gets counters, the loop records in them how long it sleeps */
  constructor(parts: WorkerParts, createLoop: (counters: Counters | null) => L) {
    const { start, post } = parts;
    const { config, worker } = start;
    this.#parts = parts;
    this.number = worker;
    this.config = config;
    this.wantsPeerAddress = wantsPeerAddress(config);
    this.state = openSharedState(start.memory);
    const counters = this.counters = this.state.counters(worker);
    const loop = this.loop = createLoop(isObserved(config) ? counters : null);
    const now = promiseClock(() => loop.now, { loop, isWaiting: () => counters.isAsleep });
    this.#logs = new WorkerLogs({ memory: start.logs, config, loop, now, worker, counters, post });
    this.log = this.#logs.log;
    this.warnings = new Warnings(post, () => loop.now);
    const { heldBytes: bound } = config.limits;
    const messages = this.messages = poolFor(bound / config.workers);
    const outgoing = this.outgoing = new OutgoingBatch(messages);
    const { state, connections, warnings } = this;
    this.#memory = new WorkerMemory({
      bound,
      share: bound / config.workers,
      loop,
      state,
      counters,
      messages,
      outgoing,
      connections,
      sockets: parts.sockets,
      warnings,
    });
    this.#flushTimer = loop.timers.timer({ onDeadline: () => this.#logs.flush() });
    parts.guard?.reportTo((what, error) => this.#noteAppFault(what, error));
  }

  /**
   * Makes the context of sessions for the server's own endpoints.
   *
   * @param thread how the thread takes part in the channels, if there are any
   */
  createContext(thread: Pick<ChannelWiring, "now" | "ring">): SessionContext {
    const { config, counters, loop, number: worker, state } = this;
    const { memory, server } = this.#parts.start.channels ?? {};
    const { flags, workers } = state;
    const isMeasured = isObserved(config);
    const total = (column: Column) => state.total(column);
    const follow = (promise: Promise<void>) => this.#follow(promise);
    const report = (reason: unknown) => this.#noteFailure(reason);
    // What is gathered last comes after the context, which sends.
    const last: Gatherer[] = [];
    const gatherLast = config.monitoring.admin &&
      ((gatherer: Gatherer) => void last.push(gatherer));
    // Who takes the flag of a worker wakes it: for a moment it waits without the flag.
    const isWaiting = () => isMeasured ? counters.isAsleep : flags.isParked(worker);
    const now = promiseClock(() => thread.now(), { loop, isWaiting });
    const own = { ...thread, now, worker, workers, counters };
    const channels = this.#channels = memory && server &&
      { ...own, memory, server, gatherLast, total, follow, report };
    const routed = { config, loop, channels, report: this.#report };
    const context = this.createContextFor(routerFor(this.#parts.router, routed));
    for (const gatherer of last) loop.gather(gatherer);
    return context;
  }

  /** Lets a promise of an endpoint settle. Not called before there is a context. */
  #follow(promise: Promise<void>): void {
    this.#contexts[0]?.follow(promise, () => {}, (reason) => this.#noteFailure(reason));
  }

  /** Counts an error of an endpoint, and tells the operator. */
  #noteFailure(reason: unknown): void {
    this.counters.add(COLUMN.handlerErrors, 1);
    this.warnings.say("handler", `an endpoint failed: ${reason}`);
  }

  /** Counts an error of the app, logs its stack, and tells the operator. */
  #noteAppFault(what: string, error: unknown): void {
    this.counters.add(COLUMN.appFaults, 1);
    noteAppFault(this, what, error);
    this.noteLines();
  }

  /** The same for an error of one of the app's handlers, which the server has caught. */
  readonly #report = (what: string, error: unknown): void => {
    this.counters.add(COLUMN.handlerErrors, 1);
    noteAppFault(this, what, error);
    this.noteLines();
  };

  /** Makes a context of sessions for other endpoints; the first context made is the server's own. */
  createContextFor(router: Router): SessionContext {
    const { config, loop, counters, messages, outgoing } = this;
    const { date } = this.#parts;
    const logs = this.#logs;
    const context = sessionContextFor({
      config,
      loop,
      logs,
      warnings: this.warnings,
      counters,
      router,
      date,
      messages,
      memory: this.#memory,
      outgoing,
      compression: this.#parts.compression ?? null,
    });
    this.#contexts.push(context);
    return context;
  }

  /** Starts to serve: orders go to `handler`, and the other threads learn that this worker is alive. */
  begin(handler: OrderHandler): void {
    this.#parts.onOrder(handler);
    this.state.flags.setAlive(this.number);
    this.#parts.post({ type: "ready" });
  }

  /** Takes part again if the main thread took this worker for blocked. */
  noteAlive(): void {
    const { flags } = this.state;
    if (!flags.isAlive(this.number) && !this.draining) flags.setAlive(this.number);
  }

  /** Adds a new connection and starts it. */
  take(connection: Connection, context: SessionContext): void {
    this.counters.add(COLUMN.connectionsOpened, 1);
    this.log.accepted(connection.descriptor);
    connection.setSession(firstSession(context, connection));
    this.connections.add(connection);
    this.#handOver?.add(connection);
    // If this worker died, a descriptor beyond the table could not be cleaned up: so it is not served.
    if (this.state.descriptors.claim(connection.descriptor, this.number)) connection.start();
    else connection.abort();
  }

  /** Adds a connection that the server before this one has left, and goes on with it. */
  resume(connection: Connection, left: LeftConnection): void {
    this.counters.add(COLUMN.connectionsOpened, 1);
    this.log.accepted(connection.descriptor);
    this.connections.add(connection);
    this.#handOver?.add(connection);
    const isOwned = this.state.descriptors.claim(connection.descriptor, this.number);
    const [context] = this.#contexts;
    if (context === undefined) throw new TypeError("there is no context of sessions yet");
    resumeSession(context, connection, left);
    if (!isOwned) connection.abort();
    else if (!connection.closed) connection.start();
  }

  /** Removes a connection that is about to be closed. */
  leave(connection: Connection): void {
    const { descriptor } = connection;
    this.connections.delete(connection);
    this.counters.add(COLUMN.connectionsClosed, 1);
    this.log.removed(descriptor);
    this.state.addresses.leave(descriptor);
    this.state.descriptors.release(descriptor);
  }

  /** Called after each batch of events: schedules the flush of waiting log lines. */
  noteLines(): void {
    if (!this.#logs.pending || this.loop.timers.deadlineOf(this.#flushTimer) !== NEVER) return;
    this.#flushTimer.set(this.loop.now + LOG_AGE);
  }

  /** Switches to another config's endpoints; fulfilled when that is done or has failed. */
  async routeBy({ config }: ThreadOrder & { type: "config" }): Promise<void> {
    const [context] = this.#contexts;
    const { load, post } = this.#parts;
    const number = ++this.#configs;
    const isLast = () => number === this.#configs;
    const channels = this.#channels;
    const report = this.#report;
    if (context !== undefined) {
      await reroute({ context, load, config, channels, report, isLast, post });
    }
    if (this.#parts.hasApp === true) this.#announceSchedule();
  }

  /** Lets the app prepare itself, before the worker serves. @throws {StartRefusal} if it fails */
  async startApp(): Promise<void> {
    await this.#app?.start?.();
    this.#announceSchedule();
  }

  /** The worker serves nobody any more: lets the app finish, within the drain time. */
  async stopApp(): Promise<void> {
    const app = this.#app;
    if (app?.stop === undefined) return;
    try {
      const left = Math.max(this.#drainEnd - performance.now(), 0);
      if (await inTime(app.stop(left), left) !== LATE) return;
      this.warnings.say("app stop", "the app's stop() did not end within --drain-timeout");
    } catch (error) {
      this.#noteAppFault("stop() has failed", error);
    }
  }

  /** Runs what the app has scheduled, once, unless that was revoked. Errors are the app's own. */
  async runScheduled({ claim }: ThreadOrder & { type: "scheduled" }): Promise<void> {
    if (this.draining || Atomics.compareExchange(claim, 0, 0, 1) !== 0) return;
    try {
      await this.#app?.schedule?.run();
    } catch (error) {
      this.#noteAppFault("scheduled.run() has failed", error);
    }
  }

  get #app(): AppRoute | undefined {
    return this.#contexts[0]?.router.app;
  }

  /** The main thread lets one worker run it. */
  #announceSchedule(): void {
    const every = this.#app?.schedule?.every ?? 0;
    this.#parts.post({ type: "schedule", every });
  }

  /** Whether the server is stopping. */
  get draining(): boolean {
    return this.#contexts.some(({ draining }) => draining);
  }

  /**
   * Begins to drain: a request that begins now is its connection's last; after the drain time, calls `cutOff`. Called again if the server
   * stops while it hands over. With `retires`, only this worker ends.
   */
  beginDrain(cutOff: () => void, retires: boolean): void {
    const handsOver = this.state.flags.isHandingOver();
    const state = { draining: true, handsOver, retires };
    for (const context of this.#contexts) Object.assign(context, state);
    const { drainTime, upgradeSpread } = this.config.limits;
    const time = handsOver ? upgradeSpread + drainTime : drainTime;
    this.#drainEnd = performance.now() + time;
    this.#cutOffTimer?.set(NEVER);
    this.#cutOffTimer = this.loop.timers.timer({ onDeadline: cutOff });
    this.#cutOffTimer.set(this.loop.now + time);
  }

  /** Tells all open connections to drain: at once, or if a new server has taken over, one after the other. */
  drainAll(): void {
    if (!this.state.flags.isHandingOver()) {
      for (const connection of [...this.connections]) connection.drain();
      return;
    }
    const spread = this.#handOver = this.#createSpread();
    for (const connection of this.connections) spread.add(connection);
  }

  #createSpread(): Spread<Connection> {
    return new Spread(this.loop, this.config.limits.upgradeSpread, (connection) => {
      if (connection.closed) return false;
      connection.drain();
      return true;
    });
  }

  /** Aborts all open connections. */
  abortAll(): void {
    for (const connection of [...this.connections]) connection.abort();
  }

  /** Called when all connections are closed and the loop has ended. */
  end(): void {
    this.#memory.judge();
    this.#logs.close();
    this.#parts.post({ type: "stopped" });
  }
}

/** The message pool of a worker that may hold `share` bytes. */
function poolFor(share: number): MessageBufferPool {
  return new MessageBufferPool(
    Math.min(SPARE_BYTES, share * SPARE_PART),
    Math.min(PREALLOCATED_BYTES, share * PREALLOCATED_PART),
  );
}
