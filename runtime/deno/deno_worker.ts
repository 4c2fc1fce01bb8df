/**
 * A worker on the Deno transport: one thread's share of the server, TLS or not.
 *
 * In: connections of a listening socket of its own. Out: their answers, by the same sessions as on epoll.
 * The thread is Deno's: promises bring input, one timer the deadlines, messages the orders. Bounds
 * are those of all workers, kept by what each counts in shared memory.
 */

import {
  CLOSES,
  type DateField,
  formatIpAddress,
  MessageBufferPool,
  parseIpAddress,
  type PreparedResponse,
} from "../../protocol/mod.ts";
import { type Config, wantsPeerAddress } from "../config/mod.ts";
import { NEVER, OutgoingBatch, type Timer, type Traffic } from "../net/mod.ts";
import type { EventLog } from "../observe/log/mod.ts";
import { ConnectionCutter, hasLibc, preciseClock } from "../os/mod.ts";
import { COLUMN, type Counters, openSharedState, type SharedState } from "../ring/mod.ts";
import { redirectRouter } from "../serve/routes/mod.ts";
import {
  firstSession,
  lastAnswer,
  RefusalSession,
  type Router,
  type SessionContext,
  UNAVAILABLE,
} from "../serve/session/mod.ts";
import {
  isObserved,
  LOG_AGE,
  reroute,
  routerFor,
  type RouterLoader,
  type RouterMaker,
  sessionContextFor,
  SleepMeter,
  TrafficCounter,
  WorkerLogs,
} from "../serve/worker/mod.ts";
import {
  type ListenAddress,
  type ThreadMessage,
  type ThreadOrder,
  type TlsMaterial,
  Warnings,
  type WorkerStart,
} from "../thread/mod.ts";
import { DenoLoop } from "./deno_loop.ts";
import { DenoTransport, type DenoTransportContext } from "./deno_transport.ts";
import { Gate, type GateAddress } from "./gate.ts";
import { NumberPool } from "./number_pool.ts";

/** So many connections that are told 503 may be open at once; the next ones are closed without a word. */
const MOST_REFUSALS = 256;
/** Address families of the address table, as in address_families(7). */
const FAMILY = { 4: 2, 16: 10 } as const;

/** What the worker needs of its thread. */
export interface DenoWorkerParts {
  readonly start: WorkerStart;
  readonly listen: ListenAddress;
  readonly router: Router | RouterMaker;
  /** Loads what another config wants; absent: the endpoints are the same by whatever config. */
  readonly load?: RouterLoader | undefined;
  /** The date that the router's answers carry. */
  readonly date: DateField;
  /** Tells the main thread. */
  post(message: ThreadMessage): void;
  /** Has orders brought to `hear`. */
  onOrder(hear: (order: ThreadOrder) => void): void;
}

/** One worker thread's server. */
export class DenoWorker implements DenoTransportContext {
  readonly loop: DenoLoop;
  readonly messages = new MessageBufferPool();
  readonly outgoing = new OutgoingBatch(this.messages);
  readonly traffic: Traffic;
  readonly writeStall: number;
  readonly #parts: DenoWorkerParts;
  readonly #number: number;
  readonly #config: Config;
  readonly #state: SharedState;
  readonly #counters: Counters;
  readonly #logs: WorkerLogs;
  readonly #log: EventLog;
  readonly #warnings: Warnings;
  /** Made once: who is flooded with connections should not encode an answer for each. */
  readonly #refusal: PreparedResponse;
  // The server's own, and that of the port that sends everybody to https.
  readonly #contexts: SessionContext[] = [];
  readonly #numbers: NumberPool;
  readonly #gate: Gate;
  readonly #redirectGate: Gate | null;
  readonly #transports = new Set<DenoTransport>();
  readonly #refusals = new Set<DenoTransport>();
  readonly #flushTimer: Timer;
  readonly #addressWords = new Int32Array(4);
  readonly #addressBytes = new Uint8Array(this.#addressWords.buffer);
  readonly #cutter = hasLibc() ? new ConnectionCutter() : null;
  // The number of the last order that was heard, or was in the config at the start.
  #lastOrder: number;
  #starved = false;
  #gateClosed = false;
  readonly #done = Promise.withResolvers<void>();

  /** Listens. @throws {Deno.errors} where that fails */
  constructor(parts: DenoWorkerParts) {
    const { start, date } = parts;
    const { config } = start;
    this.#parts = parts;
    this.#number = start.worker;
    this.#config = config;
    this.#lastOrder = start.lastOrder;
    this.#state = openSharedState(start.memory);
    this.#counters = this.#state.counters(start.worker);
    this.writeStall = config.limits.writeStall;
    const counters = this.#counters;
    this.traffic = new DenoTraffic(counters);
    const loop = this.loop = this.#createLoop();
    const { post } = parts;
    const { worker, logs: memory } = start;
    this.#logs = new WorkerLogs({ memory, config, loop, worker, counters, post });
    this.#log = this.#logs.log;
    this.#warnings = new Warnings(post, () => loop.now);
    this.#refusal = lastAnswer(UNAVAILABLE, date);
    this.#numbers = new NumberPool(start.worker, this.#state.workers);
    this.#flushTimer = loop.timers.timer({ onDeadline: () => this.#logs.flush() });
    const { listen } = parts;
    const { hostname, redirectPort } = listen;
    this.#gate = this.#openGate(listen, routerFor(parts.router, { config, loop }));
    this.#redirectGate = redirectPort === null
      ? null
      : this.#openGate({ hostname, port: redirectPort, tls: null }, redirectRouter(listen.port));
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    this.#parts.onOrder((order) => this.#obey(order));
    this.#state.flags.setAlive(this.#number);
    this.#gate.open();
    this.#redirectGate?.open();
    // Nothing is to be done yet: the thread sleeps from now on.
    this.loop.enter();
    this.loop.leave();
    this.#parts.post({ type: "ready" });
    await this.#done.promise;
    this.#cutter?.walk();
    this.#logs.close();
    this.loop.close();
    this.#parts.post({ type: "stopped" });
  }

  /** Observed, it tells how long the thread has slept; what Deno does for us, TLS too, counts as that. */
  #createLoop(): DenoLoop {
    const onLeave = () => this.#setFlush();
    if (!isObserved(this.#config)) return new DenoLoop({ onLeave });
    const clock = preciseClock();
    const watch = new SleepMeter({ preciseMilliseconds: clock }, this.#counters);
    return new DenoLoop({ onLeave, watch, clock });
  }

  // What transports call.

  onClosing(transport: DenoTransport): void {
    if (transport.lastsBeyondClose && this.#cutter !== null) {
      const { localAddr, remoteAddr } = transport.conn as Deno.TcpConn;
      this.#cutter.cut(localAddr, remoteAddr);
    }
    const { descriptor } = transport;
    this.#state.addresses.leave(descriptor);
    this.#numbers.give(descriptor);
    if (this.#refusals.delete(transport)) return;
    this.#transports.delete(transport);
    this.#counters.add(COLUMN.connectionsClosed, 1);
    this.#log.removed(descriptor);
    this.#state.descriptors.release(descriptor);
    this.#endIfDone();
  }

  /**
   * Deno begins the handshake as soon as it accepts, and answers what is no TLS with an alert of its own: there
   * is no way to answer in clear text in its place. A failed handshake is the client's matter, and common on a
   * public port; plain text is most often a mistake that the operator can mend.
   */
  handshakeFailed({ descriptor }: DenoTransport, reason: string): void {
    const isPlainText = reason.includes("InvalidContentType");
    const code = isPlainText ? "PLAIN_TEXT" : "TLS_HANDSHAKE";
    this.#counters.add(isPlainText ? COLUMN.refusedPlainText : COLUMN.refusedTlsHandshake, 1);
    this.#log.note("TLS", `fd=${descriptor} refused ${code} ${reason}`);
    if (!isPlainText) return;
    this.#warnings.say(
      code,
      "closed a connection that speaks no TLS, most likely http:// in place of https://: " +
        "--redirect-http sends those who use another port to the right one",
    );
  }

  // Connections.

  #openGate(address: GateAddress, router: Router): Gate {
    const context = sessionContextFor({
      config: this.#config,
      loop: this.loop,
      logs: this.#logs,
      warnings: this.#warnings,
      counters: this.#counters,
      router,
      date: this.#parts.date,
      messages: this.messages,
      outgoing: this.outgoing,
    });
    this.#contexts.push(context);
    return new Gate(address, {
      enter: (conn) => this.#enter(conn, context),
      starved: (reason) => this.#starve(reason),
    });
  }

  #enter(conn: Deno.TcpConn | Deno.TlsConn, context: SessionContext): void {
    this.#starved = false;
    // With libc the listening socket hands that on.
    if (this.#cutter === null && "setNoDelay" in conn) conn.setNoDelay();
    this.loop.enter();
    this.#counters.add(COLUMN.accepted, 1);
    const number = this.#numbers.take();
    const { hostname } = conn.remoteAddr;
    const reason = this.#reasonToRefuse(number, hostname);
    const transport = new DenoTransport(conn, number, this, this.#peerAddress(hostname));
    if (reason === undefined) this.#take(transport, context);
    else this.#refuse(transport, reason);
    this.loop.leave();
  }

  #take(transport: DenoTransport, context: SessionContext): void {
    this.#counters.add(COLUMN.connectionsOpened, 1);
    this.#log.accepted(transport.descriptor);
    transport.setSession(firstSession(context, transport));
    this.#transports.add(transport);
    // Beyond the table's end its address could not be let go of if we died: so it is not served.
    if (this.#state.descriptors.claim(transport.descriptor, this.#number)) transport.start();
    else transport.abort();
  }

  /** As text, where somebody wants to know it; IPv4 as such, also where it came to `::`. */
  #peerAddress(hostname: string): string {
    if (!wantsPeerAddress(this.#config)) return "";
    const bytes = parseIpAddress(withoutZone(hostname));
    return bytes === null ? "" : formatIpAddress(bytes);
  }

  /** Why this connection is one too many; undefined: it is not. Counts it by its address. */
  #reasonToRefuse(number: number, hostname: string): string | undefined {
    const { connections, connectionsPerAddress } = this.#config.limits;
    if (this.#openConnections() >= connections) return `at the bound of ${connections} connections`;
    if (connectionsPerAddress === 0) return undefined;
    const count = this.#enterAddress(number, hostname);
    if (count <= connectionsPerAddress) return undefined;
    this.#counters.add(COLUMN.refusedByAddress, 1);
    return `an address is at its bound of ${connectionsPerAddress} connections`;
  }

  /** Of all workers; two that take one at the same moment may both be told of it too late. */
  #openConnections(): number {
    let open = 0;
    for (let worker = 0; worker < this.#state.workers; worker++) {
      open += this.#state.counters(worker).openConnections;
    }
    return open;
  }

  #enterAddress(number: number, hostname: string): number {
    const bytes = parseIpAddress(withoutZone(hostname));
    if (bytes === null) return 0;
    this.#addressBytes.fill(0);
    this.#addressBytes.set(bytes);
    const family = FAMILY[bytes.length as 4 | 16];
    const { addresses, flags } = this.#state;
    return flags.whileEntering(() => addresses.enter(number, family, this.#addressWords, 0));
  }

  /** One connection too many: it is told so, if it listens, and closed. */
  #refuse(transport: DenoTransport, reason: string): void {
    this.#warnings.say(reason, `${reason}: refusing more with 503`);
    this.#counters.add(COLUMN.refused, 1);
    this.#refusals.add(transport);
    transport.setSession(new RefusalSession(transport));
    if (this.#refusals.size > MOST_REFUSALS) return transport.abort();
    this.#parts.date.set(Date.now());
    const answer = this.#refusal.bytesFor(false, CLOSES);
    transport.out.append(answer);
    transport.finish(true);
  }

  #starve(reason: string): void {
    if (this.#starved) return;
    this.#starved = true;
    const text = `cannot accept: ${reason}; trying again as connections close`;
    this.#parts.post({ type: "warning", text });
  }

  // The log.

  /** Called after each event: lines that it left wait from now on. */
  #setFlush(): void {
    if (!this.#logs.pending || this.loop.timers.deadlineOf(this.#flushTimer) !== NEVER) return;
    this.#flushTimer.set(this.loop.now + LOG_AGE);
  }

  // Orders, and the end.

  #obey(order: ThreadOrder): void {
    if (order.type === "drain") this.#drain();
    else if (order.type === "tls") this.#renew(order.tls);
    else this.#routeBy(order);
  }

  #routeBy(order: ThreadOrder & { type: "config" }): void {
    const [context] = this.#contexts; // the server's own is the first
    const { load, post } = this.#parts;
    this.#lastOrder = Math.max(this.#lastOrder, order.number);
    const isLast = () => order.number === this.#lastOrder;
    if (context !== undefined) void reroute({ context, load, order, isLast, post });
  }

  async #renew(tls: TlsMaterial): Promise<void> {
    try {
      await this.#gate.renew(tls);
    } catch (error) {
      const text = `the old certificate goes on in one worker: ${error}`;
      this.#parts.post({ type: "warning", text });
    }
    this.#parts.post({ type: "renewed" });
  }

  async #drain(): Promise<void> {
    for (const context of this.#contexts) context.draining = true;
    const cutOff = this.loop.timers.timer({ onDeadline: () => this.#abortAll() });
    cutOff.set(this.loop.now + this.#config.limits.drainTime);
    await Promise.all([this.#gate.close(), this.#redirectGate?.close()]);
    this.#gateClosed = true;
    // What has come by now has been read: there was a turn of Deno's loop since.
    this.loop.enter();
    for (const transport of [...this.#transports]) transport.drain();
    this.loop.leave();
    this.#endIfDone();
  }

  #abortAll(): void {
    for (const transport of [...this.#transports, ...this.#refusals]) transport.abort();
  }

  #endIfDone(): void {
    if (this.#gateClosed && this.#transports.size === 0) this.#done.resolve();
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

/** RFC 4007 section 11: an address of one link may name it behind a percent sign. */
function withoutZone(hostname: string): string {
  return hostname.split("%", 1)[0] ?? "";
}
