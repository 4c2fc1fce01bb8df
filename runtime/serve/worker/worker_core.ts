/**
 * What a worker is, whichever transport brings it connections: its share of the counters, its logs, who
 * answers which path, the connections that are open, and the way to the end.
 *
 * In: the worker's start, and a loop. Out: contexts for sessions, and the record of each connection from
 * its first moment to its last. The transport's own worker (native/, deno/) has one of these: it brings the
 * connections and turns the loop; nothing here knows where either comes from.
 */

import { type DateField, MessageBufferPool } from "../../../protocol/mod.ts";
import { type Config, wantsPeerAddress } from "../../config/mod.ts";
import { type Loop, NEVER, OutgoingBatch, type Timer } from "../../net/mod.ts";
import type { EventLog } from "../../observe/log/mod.ts";
import { COLUMN, type Counters, openSharedState, type SharedState } from "../../ring/mod.ts";
import {
  firstSession,
  type ProxiedTransport,
  type Router,
  type SessionContext,
} from "../session/mod.ts";
import {
  type OrderHandler,
  type ThreadMessage,
  type ThreadOrder,
  Warnings,
  type WorkerStart,
} from "../../thread/mod.ts";
import { reroute, routerFor, type RouterLoader, type RouterMaker } from "./router_maker.ts";
import { isObserved, sessionContextFor } from "./session_context_maker.ts";
import { LOG_AGE, WorkerLogs } from "./worker_logs.ts";

/** What a worker needs of its thread. */
export interface WorkerParts {
  readonly start: WorkerStart;
  readonly router: Router | RouterMaker;
  /** Loads what another config wants; absent: the endpoints are the same by whatever config. */
  readonly load?: RouterLoader | undefined;
  /** The date that the router's answers carry. */
  readonly date: DateField;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
  /** Has orders brought to `handler`. */
  onOrder(handler: OrderHandler): void;
}

/** A connection, as a worker handles all of its. */
export interface WorkerConnection extends ProxiedTransport {
  /** Begins to read. */
  start(): void;
  /** The server stops: what has come already is handled, then the session is told. */
  drain(): void;
}

/** One worker. */
export class WorkerCore<L extends Loop, Connection extends WorkerConnection> {
  /** The number of this worker. */
  readonly number: number;
  readonly config: Config;
  readonly state: SharedState;
  /** This worker's own. */
  readonly counters: Counters;
  readonly loop: L;
  readonly messages = new MessageBufferPool();
  /** The outgoing queues of its connections that have bytes to send. */
  readonly outgoing = new OutgoingBatch(this.messages);
  /** The event log. */
  readonly log: EventLog;
  /** For the operator. */
  readonly warnings: Warnings;
  /** Whether anybody wants to know the addresses of peers. */
  readonly wantsPeerAddress: boolean;
  /** The connections that are open. */
  readonly connections = new Set<Connection>();
  readonly #parts: WorkerParts;
  readonly #logs: WorkerLogs;
  readonly #contexts: SessionContext[] = [];
  readonly #flushTimer: Timer;
  // How many other configs have come.
  #configs = 0;

  /** @param createLoop makes the loop; with counters it measures by them how long the thread sleeps */
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
    this.#logs = new WorkerLogs({ memory: start.logs, config, loop, worker, counters, post });
    this.log = this.#logs.log;
    this.warnings = new Warnings(post, () => loop.now);
    this.#flushTimer = loop.timers.timer({ onDeadline: () => this.#logs.flush() });
  }

  /** What the sessions of the server's own endpoints share. */
  createContext(): SessionContext {
    const { config, loop } = this;
    return this.createContextFor(routerFor(this.#parts.router, { config, loop }));
  }

  /** What the sessions of other endpoints share; the first context that is made is the server's own. */
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
      outgoing,
    });
    this.#contexts.push(context);
    return context;
  }

  /** Serves from now on: has `handler` obey orders, and tells all others. */
  begin(handler: OrderHandler): void {
    this.#parts.onOrder(handler);
    this.state.flags.setAlive(this.number);
    this.#parts.post({ type: "ready" });
  }

  /** Takes a new connection up. */
  take(connection: Connection, context: SessionContext): void {
    this.counters.add(COLUMN.connectionsOpened, 1);
    this.log.accepted(connection.descriptor);
    connection.setSession(firstSession(context, connection));
    this.connections.add(connection);
    // Beyond the table's end nobody could clean up behind it if we died: so it is not served.
    if (this.state.descriptors.claim(connection.descriptor, this.number)) connection.start();
    else connection.abort();
  }

  /** A connection is about to be closed. */
  leave(connection: Connection): void {
    const { descriptor } = connection;
    this.connections.delete(connection);
    this.counters.add(COLUMN.connectionsClosed, 1);
    this.log.removed(descriptor);
    this.state.addresses.leave(descriptor);
    this.state.descriptors.release(descriptor);
  }

  /** Called after each batch of events: lines that it left are written soon. */
  noteLines(): void {
    if (!this.#logs.pending || this.loop.timers.deadlineOf(this.#flushTimer) !== NEVER) return;
    this.#flushTimer.set(this.loop.now + LOG_AGE);
  }

  /** Has requests answered by another config; fulfilled when they are, or cannot be. */
  async routeBy({ config }: ThreadOrder & { type: "config" }): Promise<void> {
    const [context] = this.#contexts;
    const { load, post } = this.#parts;
    const number = ++this.#configs;
    const isLast = () => number === this.#configs;
    if (context !== undefined) await reroute({ context, load, config, isLast, post });
  }

  /** Whether the server stops. */
  get draining(): boolean {
    return this.#contexts.some(({ draining }) => draining);
  }

  /** The server stops: what begins from now on is the last; `cutOff` is called at the end of the drain time. */
  beginDrain(cutOff: () => void): void {
    for (const context of this.#contexts) context.draining = true;
    const timer = this.loop.timers.timer({ onDeadline: cutOff });
    timer.set(this.loop.now + this.config.limits.drainTime);
  }

  /** Tells all that are open. */
  drainAll(): void {
    for (const connection of [...this.connections]) connection.drain();
  }

  /** Closes all that are open. */
  abortAll(): void {
    for (const connection of [...this.connections]) connection.abort();
  }

  /** All connections are closed, and the loop turns no more. */
  end(): void {
    this.#logs.close();
    this.#parts.post({ type: "stopped" });
  }
}
