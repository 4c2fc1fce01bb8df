/**
 * The whole server, acceptor and one worker, on the fake kernel, in one thread. The acceptor accepts, or the
 * worker does.
 *
 * In: peers, and when they connect. Out: `run`, which returns when the server has stopped. The kernel calls
 * `act` while the worker waits: then the peers act, and the acceptor runs as its thread would between
 * two turns of the worker. Once no action is left, the server is told to stop.
 */

import { DateField } from "../../protocol/mod.ts";
import { Acceptor } from "../../runtime/native/acceptor.ts";
import { type Config, DEFAULT_CONFIG } from "../../runtime/config/mod.ts";
import { LogLabel } from "../../runtime/observe/log/mod.ts";
import {
  COLUMN,
  createLogMemory,
  createSharedState,
  LogReader,
  openSharedState,
  type SharedState,
} from "../../runtime/ring/mod.ts";
import { echoRoute } from "../../runtime/serve/routes/echo.ts";
import { healthRoute } from "../../runtime/serve/routes/health.ts";
import type { AppRoute, Exchange, Guard, Route, Router } from "../../runtime/serve/session/mod.ts";
import type { OrderHandler, ThreadMessage } from "../../runtime/thread/mod.ts";
import { NativeWorker } from "../../runtime/native/mod.ts";
import { FakeOs, KernelAssertion, type World } from "./fake_os.ts";
import type { FakePeer } from "./fake_peer.ts";
import { FakeRing, type FakeRingOptions } from "./fake_ring.ts";
import type { Faults } from "./fault_plan.ts";

/** The answer of /large: more than any buffer of the kernel holds, and constant. */
export const LARGE: Uint8Array = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7 % 251);

/** The options of a fake server; all are optional. */
export interface FakeServerOptions {
  readonly faults?: Faults;
  /** What differs from the defaults. */
  readonly config?: Partial<Config>;
  /** Concurrent connections; more are refused with 503. */
  readonly maxConnections?: number;
  /** The kernel's limit of descriptors; above it EMFILE. */
  readonly descriptors?: number;
  /** Size of the shared descriptor table. */
  readonly tableSize?: number;
  /** Whether the worker accepts; default: the acceptor does. */
  readonly workerAccepts?: boolean;
  /** Sends many queues with one call; default: each with its own. */
  readonly ring?: FakeRingOptions;
  /** Whether it writes an event log. */
  readonly log?: boolean;
  /** Whether it writes an access log, which is then read in place of the event log. */
  readonly accessLog?: boolean;
}

/** An action at a time. */
interface ScheduledAction {
  readonly at: number;
  readonly action: () => void;
}

/** A server and its simulated peers. */
export class FakeServer implements World {
  readonly os: FakeOs;
  readonly state: SharedState;
  readonly worker: NativeWorker;
  readonly acceptor: Acceptor;
  readonly config: Config;
  /** The worker's doorbell. */
  readonly doorbell: number;
  /** The messages of the threads to the main one. */
  readonly messages: ThreadMessage[] = [];
  /** All peers that have connected. */
  readonly peers: FakePeer[] = [];
  /** The guard in front of its endpoints, if any. */
  guard: Guard | undefined;
  /** Asked before the endpoints, if there is one. */
  app: AppRoute | undefined;
  /** Endpoints in addition to its own. */
  readonly routes = new Map<string, Route>();
  /** Gives the worker an order of the main thread, once it runs. */
  order: OrderHandler = () => {};
  /** When the server was told to stop, by its own clock; NaN: not yet. */
  stoppedAt = NaN;
  readonly #listener: number;
  readonly #workerAccepts: boolean;
  readonly #scheduled: ScheduledAction[] = [];
  readonly #later: (() => void)[] = [];
  readonly #lines: readonly LogReader[];
  readonly #log: string[] = [];
  #acceptorSleepsUntil = -Infinity;

  constructor(options: FakeServerOptions = {}) {
    const { descriptors, faults } = options;
    KernelAssertion.raised.length = 0;
    this.os = new FakeOs({
      ...(faults === undefined ? {} : { faults }),
      ...(descriptors === undefined ? {} : { descriptors }),
    });
    const connections = options.maxConnections ?? DEFAULT_CONFIG.limits.connections;
    const limits = { ...DEFAULT_CONFIG.limits, connections };
    const config: Config = {
      workers: 1,
      ...DEFAULT_CONFIG,
      logFormat: "seed",
      limits,
      ...options.config,
    };
    const { monitoring } = config;
    this.config = options.accessLog === true
      ? { ...config, monitoring: { ...monitoring, accessLog: "-" } }
      : config;
    const sizes = { taskSlots: 8, inboxBytes: 256, descriptors: options.tableSize ?? 512 };
    const memory = createSharedState({ workers: 1, ...sizes });
    this.state = openSharedState(memory);
    this.state.flags.setAllLoaded(true); // its one thread has loaded
    this.#listener = this.os.listen();
    this.#workerAccepts = options.workerAccepts === true;
    this.doorbell = this.os.eventfd();
    const doorbells = [this.doorbell];
    const { os } = this;
    const post = (message: ThreadMessage) => void this.messages.push(message);
    const events = options.log === false ? null : createLogMemory(1);
    const accesses = options.accessLog === true ? createLogMemory(1) : null;
    this.#lines = [accesses ?? events].flatMap((memory) =>
      memory === null ? [] : new LogReader(memory, 0)
    );
    const date = new DateField(0);
    this.worker = new NativeWorker({
      start: {
        worker: 0,
        memory,
        doorbells,
        logs: { events, accesses },
        config: this.config,
        ...(this.#workerAccepts ? { listener: this.#listener } : {}),
      },
      os,
      router: this.#router(date),
      date,
      post,
      onOrder: (handler) => this.order = handler,
      bell: { ring: () => Promise.resolve(true), close: () => {} },
      ...this.#ring(options.ring),
    });
    const maxConnections = options.maxConnections ?? this.config.limits.connections;
    this.acceptor = new Acceptor({
      start: {
        memory,
        listener: this.#listener,
        doorbells,
        maxConnections,
        maxConnectionsPerAddress: 0,
      },
      os,
      sleep: (milliseconds) => this.#acceptorSleepsUntil = os.now + milliseconds,
      pause: () => Promise.reject(new TypeError("all threads have loaded")),
      now: () => os.now,
      post,
    });
    os.world = this;
    // A full ring would block the acceptor, and in this one thread nobody would empty it.
    os.mayAccept = () => os.now >= this.#acceptorSleepsUntil && this.#ringHasRoom();
  }

  /** Schedules an action. */
  schedule(at: number, action: () => void): void {
    this.#scheduled.push({ at, action });
  }

  /** Schedules the connect of a peer. */
  connectAt(at: number, peer: FakePeer): void {
    this.schedule(at, () => {
      this.peers.push(peer);
      if (Number.isNaN(this.stoppedAt)) this.os.backlog.push(peer.socket);
      else peer.reset(); // the listener is closed
    });
  }

  /** Tells the server to stop. */
  stop(): void {
    if (!Number.isNaN(this.stoppedAt)) return;
    this.stoppedAt = this.os.monotonicMilliseconds();
    this.os.shutdownRead(this.#listener);
    for (const socket of this.os.backlog.splice(0)) socket.resetByPeer();
    this.state.flags.setDraining();
    this.os.ringDoorbell(this.doorbell);
  }

  /** Tells the server that another one accepts from the same socket. */
  handOver(): void {
    this.stoppedAt = this.os.monotonicMilliseconds();
    this.state.flags.setHandingOver();
    this.os.ringDoorbell(this.doorbell);
  }

  /** Serves until the server has stopped; then every resource must have been released. */
  async run(): Promise<void> {
    await this.worker.run();
    this.#finishPeers();
    const [broken] = KernelAssertion.raised;
    if (broken !== undefined) throw broken;
    const left = this.os.openOf("socket");
    if (left.length > 0) throw new KernelAssertion(`left open: ${left}`);
    if (this.os.openOf("epoll").length > 0) throw new KernelAssertion("epoll left open");
    const owned = [...this.state.descriptors.ownedBy(0)];
    if (owned.length > 0) throw new KernelAssertion(`still in the table: ${owned}`);
    const { messages, outgoing } = this.worker;
    const held = [messages.lentBytes, messages.keptBytes, outgoing.lentBytes];
    if (held.some((bytes) => bytes !== 0)) {
      throw new KernelAssertion(`not given back: bytes of the pool, kept input, queues: ${held}`);
    }
    const published = this.state.counters(0).get(COLUMN.heldBytes);
    if (published !== 0) {
      throw new KernelAssertion(`${published} bytes are still published as held`);
    }
  }

  /** All lines that the worker has passed on. */
  get log(): readonly string[] {
    this.#takeLines();
    return this.#log;
  }

  // World: called by the kernel.

  act(now: number): void {
    this.#takeLines();
    for (const entry of this.#scheduled.filter(({ at }) => at <= now)) {
      this.#scheduled.splice(this.#scheduled.indexOf(entry), 1);
      entry.action();
    }
    for (const resolve of this.#later.splice(0)) resolve();
    for (const peer of this.peers) peer.act(now, this.os.monotonicMilliseconds());
    if (this.os.backlog.length > 0 && Number.isNaN(this.stoppedAt)) this.#accept();
  }

  nextAct(): number {
    let next = Infinity;
    for (const { at } of this.#scheduled) next = Math.min(next, at);
    for (const peer of this.peers) next = Math.min(next, peer.next());
    if (this.os.backlog.length > 0 && !this.#workerAccepts) {
      next = Math.min(next, this.#acceptorTime());
    }
    return next;
  }

  starved(): void {
    if (Number.isNaN(this.stoppedAt)) return this.stop();
    throw new KernelAssertion(
      `waits forever with ${this.os.openOf("socket").length} sockets open`,
    );
  }

  #ring(options: FakeRingOptions | undefined) {
    if (options === undefined) return {};
    const { os } = this;
    const { ring } = new FakeRing(
      (descriptor, bytes) => os.send(descriptor, bytes, bytes.length, false),
      options,
    );
    const descriptor = os.eventfd();
    return { ring: { ring, descriptor, close: () => void os.close(descriptor) }, ringMinimum: 2 };
  }

  #accept(): void {
    if (!this.#workerAccepts) this.acceptor.run();
  }

  #takeLines(): void {
    for (const reader of this.#lines) {
      for (let lines = reader.take(); lines !== null; lines = reader.take()) {
        this.#log.push(new TextDecoder().decode(lines.slice()));
        reader.consume(lines.length);
      }
    }
  }

  /** What the server sent last is still in flight when it ends. */
  #finishPeers(): void {
    const clock = this.os.monotonicMilliseconds();
    const next = () => Math.min(...this.peers.map((peer) => peer.next()));
    for (let now = next(); now < Infinity; now = next()) {
      for (const peer of this.peers) peer.act(now, clock);
    }
  }

  #acceptorTime(): number {
    // If the ring is full, the acceptor continues after the worker's next turn: that is not a matter of time.
    return this.#ringHasRoom() ? Math.max(this.#acceptorSleepsUntil, this.os.now) : Infinity;
  }

  #ringHasRoom(): boolean {
    return this.state.taskRing.size() < this.state.taskRing.capacity;
  }

  #router(date: DateField): Router {
    const constant = { status: 200, fields: [], contentLength: LARGE.length };
    const routes = new Map<string, Route>([
      ["/echo", echoRoute()],
      ["/healthz", healthRoute(date)],
      ["/large", route(false, (exchange) => exchange.respondConstant(constant, LARGE))],
      ["/later", route(true, (exchange) => this.#answerLater(exchange))],
    ]);
    const guard = () => this.guard;
    const app = () => this.app;
    return {
      find: (path) => this.routes.get(path) ?? routes.get(path),
      get guard() {
        return guard();
      },
      get app() {
        return app();
      },
    };
  }

  /** Answers with the body two calls of `act` later: meanwhile the loop must yield. */
  async #answerLater(exchange: Exchange): Promise<void> {
    for (let i = 0; i < 2; i++) await new Promise<void>((resolve) => this.#later.push(resolve));
    const { bodyBytes, bodyStart, bodyEnd } = exchange;
    const head = { status: 200, fields: [], contentLength: bodyEnd - bodyStart };
    exchange.respond(head, bodyBytes, bodyStart, bodyEnd);
  }
}

function route(wantsBody: boolean, handle: Route["handle"]): Route {
  return { label: new LogLabel("/test (test)"), methods: null, wantsBody, handle, webSocket: null };
}
