/**
 * A worker on the Deno transport: one thread's share of the server, with or without TLS.
 *
 * In: connections of its own listening socket. Out: their answers, by the same sessions as on epoll. Deno's
 * loop drives the thread: promises bring input, one timer the deadlines, messages the orders. The limits are
 * those of all workers together, checked against what each of them counts in shared memory.
 */

import {
  CLOSES,
  formatIpAddress,
  type MessageBufferPool,
  parseIpAddress,
  type PreparedResponse,
} from "../../protocol/mod.ts";
import { MAX_REFUSED } from "../config/mod.ts";
import {
  Admission,
  cannotAccept,
  ConnectionTask,
  type OutgoingBatch,
  refusing,
  type Traffic,
} from "../net/mod.ts";
import { ConnectionCutter, hasLibc, LinuxOs, lowestDescriptor, preciseClock } from "../os/mod.ts";
import { COLUMN, type Counters, TASK_FIELD } from "../ring/mod.ts";
import { lastAnswer, UNAVAILABLE } from "../serve/answers/mod.ts";
import { redirectRouter } from "../serve/routes/mod.ts";
import { RefusalSession, type SessionContext } from "../serve/session/mod.ts";
import {
  noteTlsRefusal,
  SleepMeter,
  TrafficCounter,
  WorkerCore,
  type WorkerParts,
} from "../serve/worker/mod.ts";
import type { ListenAddress, ThreadOrder, TlsMaterial } from "../thread/mod.ts";
import { DenoLoop } from "./deno_loop.ts";
import { DenoTransport, type DenoTransportContext } from "./deno_transport.ts";
import { NumberPool } from "./number_pool.ts";
import { type BindAddress, WorkerListener } from "./worker_listener.ts";

/** Address families of the address table, as in address_families(7). */
const FAMILY = { 4: 2, 16: 10 } as const;

/** Milliseconds between two signs of life of a worker with an app. */
const BEAT = 100;

/** What the worker needs from its thread. */
export interface DenoWorkerParts extends WorkerParts {
  readonly listen: ListenAddress;
}

/** One worker thread's server. */
export class DenoWorker implements DenoTransportContext {
  readonly loop: DenoLoop;
  readonly messages: MessageBufferPool;
  readonly outgoing: OutgoingBatch;
  readonly traffic: Traffic;
  readonly writeStall: number;
  readonly #parts: DenoWorkerParts;
  readonly #core: WorkerCore<DenoLoop, DenoTransport>;
  /** Encoded once, so that a flood of connections does not cost one encoding each. */
  readonly #refusal: PreparedResponse;
  readonly #numbers: NumberPool;
  readonly #listener: WorkerListener;
  // The listener of the port that redirects all requests to https.
  readonly #redirectListener: WorkerListener | null;
  readonly #refusals = new Set<DenoTransport>();
  readonly #task = new ConnectionTask();
  readonly #admission: Admission;
  readonly #os = hasLibc() ? new LinuxOs() : null;
  readonly #cutter = hasLibc() ? new ConnectionCutter() : null;
  #starved = false;
  #listenerClosed = false;
  readonly #done = Promise.withResolvers<void>();

  /** Listens. @throws {Deno.errors} if that fails */
  constructor(parts: DenoWorkerParts) {
    const { date, listen } = parts;
    this.#parts = parts;
    const core = this.#core = new WorkerCore(parts, (counters) => this.#createLoop(counters));
    this.loop = core.loop;
    this.messages = core.messages;
    this.outgoing = core.outgoing;
    this.traffic = new DenoTraffic(core.counters);
    this.writeStall = core.config.limits.writeStall;
    this.#refusal = lastAnswer(UNAVAILABLE, date);
    this.#numbers = new NumberPool(core.number, core.state.workers);
    this.#admission = new Admission(core.state, core.counters, core.config.limits);
    const { hostname, redirectPort } = listen;
    const context = core.createContext({
      now: preciseClock(),
      ring: (worker) => parts.post({ type: "ring", worker }),
    });
    this.#listener = this.#createListener(listen, context);
    this.#redirectListener = redirectPort === null ? null : this.#createListener(
      { hostname, port: redirectPort, tls: null },
      core.createContextFor(redirectRouter(listen.port)),
    );
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    // There is no work yet: the thread counts as idle from now on. It accepts after the order "open".
    this.#haveTurn();
    const beat = this.#parts.hasApp === true ? setInterval(() => this.#beat(), BEAT) : undefined;
    if (beat !== undefined) await this.#core.startApp();
    this.#core.begin((order) => this.#obey(order));
    await this.#done.promise;
    if (beat !== undefined) await this.#core.stopApp();
    clearInterval(beat);
    this.#cutter?.walk();
    this.loop.close();
    this.#core.end();
  }

  /**
   * If observed, the loop reports how long the thread slept; work that Deno does for us, such as TLS, counts as
   * sleep.
   */
  #createLoop(counters: Counters | null): DenoLoop {
    const onLeave = () => this.#core.noteLines();
    if (counters === null) return new DenoLoop({ onLeave });
    const clock = preciseClock();
    const watch = new SleepMeter({ preciseMilliseconds: clock }, counters);
    return new DenoLoop({ onLeave, watch, clock });
  }

  // Called by transports.

  onClosing(transport: DenoTransport): void {
    if (transport.lastsBeyondClose && this.#cutter !== null) {
      const { localAddr, remoteAddr } = transport.conn as Deno.TcpConn;
      this.#cutter.cut(localAddr, remoteAddr);
    }
    this.#numbers.give(transport.descriptor);
    if (this.#refusals.delete(transport)) {
      return this.#core.state.addresses.leave(transport.descriptor);
    }
    this.#core.leave(transport);
    this.#endIfDone();
  }

  /**
   * Deno begins the handshake as soon as it accepts, and answers input that is not TLS with an alert of its
   * own, so an answer in clear text is not possible.
   */
  handshakeFailed({ descriptor }: DenoTransport, reason: string): void {
    const isTls = !reason.includes("InvalidContentType");
    noteTlsRefusal(this.#core, { descriptor, isTls, reason });
  }

  // Connections.

  #createListener(address: BindAddress, context: SessionContext): WorkerListener {
    return new WorkerListener(address, {
      accepted: (conn) => this.#enter(conn, context),
      hasRoom: () => this.#hasRoom(),
      starved: (reason) => this.#starve(reason),
    });
  }

  /** Deno does not tell the descriptor of a connection that it accepts, so the next free one is determined before. */
  #hasRoom(): boolean {
    if (this.#core.state.flags.isAcceptingPaused()) return false;
    const { descriptorCeiling } = this.#parts.start;
    if (this.#os === null || descriptorCeiling === undefined) return true;
    return lowestDescriptor(this.#os) < descriptorCeiling;
  }

  #enter(conn: Deno.TcpConn | Deno.TlsConn, context: SessionContext): void {
    this.#starved = false;
    // With libc, accepted sockets inherit it from the listening socket.
    if (this.#cutter === null && "setNoDelay" in conn) conn.setNoDelay();
    this.loop.enter();
    this.#core.counters.add(COLUMN.accepted, 1);
    const number = this.#numbers.take();
    const { hostname, port } = conn.remoteAddr;
    const reason = this.#reasonToRefuse(number, hostname);
    const transport = new DenoTransport(conn, number, this, this.#peerAddress(hostname));
    if (transport.peerAddress !== "") transport.peerPort = port;
    if (reason === undefined) this.#core.take(transport, context);
    else this.#refuse(transport, reason);
    this.loop.leave();
  }

  /** The address as text, if anything needs it; IPv4 as such, also if it arrived on `::`. */
  #peerAddress(hostname: string): string {
    if (!this.#core.wantsPeerAddress) return "";
    const bytes = parseIpAddress(withoutZone(hostname));
    return bytes === null ? "" : formatIpAddress(bytes);
  }

  /** Why a limit refuses this connection, or undefined. Counts it by its address. */
  #reasonToRefuse(number: number, hostname: string): string | undefined {
    this.#task.words[TASK_FIELD.descriptor] = number;
    this.#fillAddress(hostname);
    return this.#admission.reasonToRefuse(this.#task.words, this.#admission.openConnections());
  }

  #fillAddress(hostname: string): void {
    if (this.#core.config.limits.connectionsPerAddress === 0) return;
    const bytes = parseIpAddress(withoutZone(hostname));
    this.#task.words[TASK_FIELD.family] = bytes === null ? 0 : FAMILY[bytes.length as 4 | 16];
    this.#task.address.fill(0);
    this.#task.address.set(bytes ?? []);
  }

  /** Answers 503 to a connection beyond a limit, and closes it. */
  #refuse(transport: DenoTransport, reason: string): void {
    this.#core.warnings.say(reason, refusing(reason));
    this.#core.counters.add(COLUMN.refused, 1);
    // Above the limit the one that was refused first is closed at once.
    if (this.#refusals.size >= MAX_REFUSED) {
      const [oldest] = this.#refusals;
      oldest?.abort();
    }
    this.#refusals.add(transport);
    transport.setSession(new RefusalSession(transport));
    this.#parts.date.set(Date.now());
    const answer = this.#refusal.bytesFor(false, CLOSES);
    transport.out.append(answer);
    transport.finish(true);
  }

  #starve(reason: string): void {
    if (this.#starved) return;
    this.#starved = true;
    this.#parts.post({ type: "warning", text: cannotAccept(reason) });
  }

  // Orders, and stopping.

  /** The other order is for the epoll transport. */
  async #obey(order: ThreadOrder): Promise<void> {
    if (order.type === "open") this.#open();
    else if (order.type === "drain" || order.type === "retire") await this.#drain(order);
    else if (order.type === "tls") await this.#renew(order.tls);
    else if (order.type === "ring") this.#haveTurn();
    else if (order.type === "config") await this.#core.routeBy(order);
    else if (order.type === "scheduled") await this.#core.runScheduled(order);
  }

  /** The main thread sees that the app does not block the thread. */
  #beat(): void {
    this.#core.counters.add(COLUMN.loopTurns, 1);
    this.#core.noteAlive();
  }

  /** Everything that gathers in the loop has its turn. */
  #haveTurn(): void {
    this.loop.enter();
    this.loop.leave();
  }

  #open(): void {
    if (this.#core.draining) return;
    this.#listener.open();
    this.#redirectListener?.open();
  }

  async #renew(tls: TlsMaterial): Promise<void> {
    try {
      await this.#listener.renew(tls);
    } catch (error) {
      const text = `one worker keeps the old certificate: ${error}`;
      this.#parts.post({ type: "warning", text });
    }
  }

  async #drain({ type }: ThreadOrder & { type: "drain" | "retire" }): Promise<void> {
    if (this.#core.draining) return; // it was retired
    this.#core.beginDrain(() => this.#abortAll(), type === "retire");
    await Promise.all([this.#listener.close(), this.#redirectListener?.close()]);
    this.#listenerClosed = true;
    // What had arrived has been read: Deno's loop has had a turn since.
    this.loop.enter();
    this.#core.drainAll();
    this.loop.leave();
    this.#endIfDone();
  }

  #abortAll(): void {
    this.#core.abortAll();
    for (const transport of [...this.#refusals]) transport.abort();
  }

  #endIfDone(): void {
    if (this.#listenerClosed && this.#core.connections.size === 0) this.#done.resolve();
  }
}

/** A turn of Deno's loop that brings input counts as one of ours. */
class DenoTraffic extends TrafficCounter {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    super(counters);
    this.#counters = counters;
  }

  override received(count: number): void {
    super.received(count);
    this.#counters.add(COLUMN.loopTurns, 1);
  }
}

/** RFC 4007 section 11: a link-local address may have a zone after a percent sign. */
function withoutZone(hostname: string): string {
  return hostname.split("%", 1)[0] ?? "";
}
