/**
 * A worker on the Deno transport: one thread's share of the server, TLS or not.
 *
 * In: connections of a listening socket of its own. Out: their answers, by the same sessions as on epoll.
 * The thread is Deno's: promises bring input, one timer the deadlines, messages the orders. Bounds
 * are those of all workers, kept by what each counts in shared memory.
 */

import {
  CLOSES,
  formatIpAddress,
  type MessageBufferPool,
  parseIpAddress,
  type PreparedResponse,
} from "../../protocol/mod.ts";
import type { OutgoingBatch, Traffic } from "../net/mod.ts";
import { ConnectionCutter, hasLibc, LinuxOs, lowestDescriptor, preciseClock } from "../os/mod.ts";
import { COLUMN, type Counters } from "../ring/mod.ts";
import { lastAnswer, UNAVAILABLE } from "../serve/answers/mod.ts";
import { redirectRouter } from "../serve/routes/mod.ts";
import { RefusalSession, type SessionContext } from "../serve/session/mod.ts";
import { SleepMeter, TrafficCounter, WorkerCore, type WorkerParts } from "../serve/worker/mod.ts";
import type { ListenAddress, ThreadOrder, TlsMaterial } from "../thread/mod.ts";
import { DenoLoop } from "./deno_loop.ts";
import { DenoTransport, type DenoTransportContext } from "./deno_transport.ts";
import { Gate, type GateAddress } from "./gate.ts";
import { NumberPool } from "./number_pool.ts";

/** So many connections that are told 503 may be open at once; the next ones are closed without a word. */
const MOST_REFUSALS = 256;
/** Address families of the address table, as in address_families(7). */
const FAMILY = { 4: 2, 16: 10 } as const;

/** What the worker needs of its thread. */
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
  /** Made once: who is flooded with connections should not encode an answer for each. */
  readonly #refusal: PreparedResponse;
  readonly #numbers: NumberPool;
  readonly #gate: Gate;
  // That of the port that sends everybody to https.
  readonly #redirectGate: Gate | null;
  readonly #refusals = new Set<DenoTransport>();
  readonly #addressWords = new Int32Array(4);
  readonly #addressBytes = new Uint8Array(this.#addressWords.buffer);
  readonly #os = hasLibc() ? new LinuxOs() : null;
  readonly #cutter = hasLibc() ? new ConnectionCutter() : null;
  #starved = false;
  #gateClosed = false;
  readonly #done = Promise.withResolvers<void>();

  /** Listens. @throws {Deno.errors} where that fails */
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
    const { hostname, redirectPort } = listen;
    this.#gate = this.#openGate(listen, core.createContext());
    this.#redirectGate = redirectPort === null ? null : this.#openGate(
      { hostname, port: redirectPort, tls: null },
      core.createContextFor(redirectRouter(listen.port)),
    );
  }

  /** Serves until the server has stopped and all connections are gone. */
  async run(): Promise<void> {
    // Nothing is to be done yet: the thread sleeps from now on. It accepts when it is told to.
    this.loop.enter();
    this.loop.leave();
    this.#core.begin((order) => this.#obey(order));
    await this.#done.promise;
    this.#cutter?.walk();
    this.loop.close();
    this.#core.end();
  }

  /** Observed, it tells how long the thread has slept; what Deno does for us, TLS too, counts as that. */
  #createLoop(counters: Counters | null): DenoLoop {
    const onLeave = () => this.#core.noteLines();
    if (counters === null) return new DenoLoop({ onLeave });
    const clock = preciseClock();
    const watch = new SleepMeter({ preciseMilliseconds: clock }, counters);
    return new DenoLoop({ onLeave, watch, clock });
  }

  // What transports call.

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
   * Deno begins the handshake as soon as it accepts, and answers what is no TLS with an alert of its own: there
   * is no way to answer in clear text in its place. A failed handshake is the client's matter, and common on a
   * public port; plain text is most often a mistake that the operator can mend.
   */
  handshakeFailed({ descriptor }: DenoTransport, reason: string): void {
    const isPlainText = reason.includes("InvalidContentType");
    const code = isPlainText ? "PLAIN_TEXT" : "TLS_HANDSHAKE";
    this.#core.counters.add(isPlainText ? COLUMN.refusedPlainText : COLUMN.refusedTlsHandshake, 1);
    this.#core.log.note("TLS", `fd=${descriptor} refused ${code} ${reason}`);
    if (!isPlainText) return;
    this.#core.warnings.say(
      code,
      "closed a connection that speaks no TLS, most likely http:// in place of https://: " +
        "--redirect-http sends those who use another port to the right one",
    );
  }

  // Connections.

  #openGate(address: GateAddress, context: SessionContext): Gate {
    return new Gate(address, {
      enter: (conn) => this.#enter(conn, context),
      hasRoom: () => this.#hasRoom(),
      starved: (reason) => this.#starve(reason),
    });
  }

  /** Deno does not tell the number of what it accepts: so the next one's is found out before. */
  #hasRoom(): boolean {
    if (this.#core.state.flags.isAcceptingHeld()) return false;
    const { descriptorCeiling } = this.#parts.start;
    if (this.#os === null || descriptorCeiling === undefined) return true;
    return lowestDescriptor(this.#os) < descriptorCeiling;
  }

  #enter(conn: Deno.TcpConn | Deno.TlsConn, context: SessionContext): void {
    this.#starved = false;
    // With libc the listening socket hands that on.
    if (this.#cutter === null && "setNoDelay" in conn) conn.setNoDelay();
    this.loop.enter();
    this.#core.counters.add(COLUMN.accepted, 1);
    const number = this.#numbers.take();
    const { hostname } = conn.remoteAddr;
    const reason = this.#reasonToRefuse(number, hostname);
    const transport = new DenoTransport(conn, number, this, this.#peerAddress(hostname));
    if (reason === undefined) this.#core.take(transport, context);
    else this.#refuse(transport, reason);
    this.loop.leave();
  }

  /** As text, if somebody wants to know it; IPv4 as such, also if it came to `::`. */
  #peerAddress(hostname: string): string {
    if (!this.#core.wantsPeerAddress) return "";
    const bytes = parseIpAddress(withoutZone(hostname));
    return bytes === null ? "" : formatIpAddress(bytes);
  }

  /** Why this connection is one too many; undefined: it is not. Counts it by its address. */
  #reasonToRefuse(number: number, hostname: string): string | undefined {
    const { connections, connectionsPerAddress } = this.#core.config.limits;
    if (this.#openConnections() >= connections) return `at the bound of ${connections} connections`;
    if (connectionsPerAddress === 0) return undefined;
    const count = this.#enterAddress(number, hostname);
    if (count <= connectionsPerAddress) return undefined;
    this.#core.counters.add(COLUMN.refusedByAddress, 1);
    return `an address is at its bound of ${connectionsPerAddress} connections`;
  }

  /** Of all workers; two that take one at the same moment may both be told of it too late. */
  #openConnections(): number {
    let open = 0;
    for (let worker = 0; worker < this.#core.state.workers; worker++) {
      open += this.#core.state.counters(worker).openConnections;
    }
    return open;
  }

  #enterAddress(number: number, hostname: string): number {
    const bytes = parseIpAddress(withoutZone(hostname));
    if (bytes === null) return 0;
    this.#addressBytes.fill(0);
    this.#addressBytes.set(bytes);
    const family = FAMILY[bytes.length as 4 | 16];
    const { addresses, flags } = this.#core.state;
    return flags.whileEntering(() => addresses.enter(number, family, this.#addressWords, 0));
  }

  /** One connection too many: it is told so, if it listens, and closed. */
  #refuse(transport: DenoTransport, reason: string): void {
    this.#core.warnings.say(reason, `${reason}: refusing more with 503`);
    this.#core.counters.add(COLUMN.refused, 1);
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

  // Orders, and the end.

  async #obey(order: ThreadOrder): Promise<void> {
    if (order.type === "open") this.#open();
    else if (order.type === "drain") await this.#drain();
    else if (order.type === "tls") await this.#renew(order.tls);
    else await this.#core.routeBy(order);
  }

  #open(): void {
    if (this.#core.draining) return;
    this.#gate.open();
    this.#redirectGate?.open();
  }

  async #renew(tls: TlsMaterial): Promise<void> {
    try {
      await this.#gate.renew(tls);
    } catch (error) {
      const text = `the old certificate goes on in one worker: ${error}`;
      this.#parts.post({ type: "warning", text });
    }
  }

  async #drain(): Promise<void> {
    this.#core.beginDrain(() => this.#abortAll());
    await Promise.all([this.#gate.close(), this.#redirectGate?.close()]);
    this.#gateClosed = true;
    // What has come by now has been read: there was a turn of Deno's loop since.
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
    if (this.#gateClosed && this.#core.connections.size === 0) this.#done.resolve();
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
