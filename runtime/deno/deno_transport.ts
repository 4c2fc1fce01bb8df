/**
 * A `Deno.Conn`, plain or TLS, as a `Transport`.
 *
 * In: a `Deno.Conn`. Out: a `Transport`, as net/transport.ts defines it, so that the same sessions run on it.
 * One read is in progress while the session wants input; if the session stops wanting input meanwhile, the
 * bytes are kept. The queue is written at the end of a batch, one write after the other.
 *
 * A write in flight corresponds to a socket's send buffer: while only that write waits, and it is short, the
 * session sees no queued bytes. If more waits, `queuedBytes` says so, the stall timer runs, and `drained`
 * follows: the same limits as on epoll.
 *
 * Longer than 400 lines because reading, writing, lingering and closing share one connection's state.
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import {
  Linger,
  Outgoing,
  type OutgoingBatch,
  type OutgoingSink,
  type Session,
  type Timer,
  type TimerOwner,
  type Traffic,
  type Transport,
} from "../net/mod.ts";
import type { DenoLoop } from "./deno_loop.ts";
import { QueueWriter } from "./queue_writer.ts";

/** The methods of `Deno.Conn` and `Deno.TlsConn` that the transport needs. */
export type Conn = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** What the connections of one worker share. */
export interface DenoTransportContext {
  readonly loop: DenoLoop;
  /** Counts bytes in and out. */
  readonly traffic: Traffic;
  /** Lends the memory of long reads. */
  readonly messages: MessageBufferPool;
  /** Flushes their queues, and lends them memory. */
  readonly outgoing: OutgoingBatch;
  /** Milliseconds for which a peer may take none of the bytes that wait for it. */
  readonly writeStall: number;
  /** Called if a TLS handshake failed for another reason than that the client closed the connection. */
  handshakeFailed?(transport: DenoTransport, reason: string): void;
  /** Called when a connection ends, right before it is closed. */
  onClosing(transport: DenoTransport): void;
}

/** Up to this many bytes in flight count as sent: some of them are in the kernel's buffer. */
const TAKEN = 64 * 1024;
/** Size of an idle connection's read buffer: the head of a browser's request. */
const SHORT_READ = 2 * 1024;
/** Size of the read buffer after a read that filled it. */
const LONG_READ = 64 * 1024;

/** One connection of a worker. */
export class DenoTransport implements Transport, OutgoingSink, TimerOwner {
  readonly descriptor: number;
  peerAddress: string;
  /** Written by the worker, and by a PROXY header. */
  peerPort = 0;
  readonly out: Outgoing;
  closed = false;
  /** Written by the worker's list of connections. */
  place = 0;
  readonly #conn: Conn;
  readonly #context: DenoTransportContext;
  readonly #timer: Timer;
  readonly #writer: QueueWriter;
  #session!: Session;
  #sessionDeadline = Infinity;
  // Reading: at most one read is in progress, or one delivery of kept bytes.
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(SHORT_READ);
  // Since when it is a long one, if it is, in the loop's milliseconds.
  #longSince = 0;
  #reading = true;
  #busy = false;
  // An event of this connection is being handled: reading and writing follow at its end.
  #inEvent = false;
  #inputEnded = false;
  #keptEnd = false;
  #keptFrom = 0;
  #keptTo = 0;
  // Writing.
  // Bytes queued when the write in flight began, less those written since; they count as sent.
  #flushed = 0;
  // Since when bytes wait, if they do, in the loop's milliseconds.
  #waitsSince = 0;
  // Bytes that the counters have as waiting.
  #counted = 0;
  #finishing = false;
  // Not null: the peer's input is read and discarded.
  #linger: Linger | null = null;
  #closingWrite = false;
  // TLS: nothing is received as long as the handshake is in progress.
  readonly #isTls: boolean;
  #hasReceived = false;

  /** The caller then sets the session by {@link setSession}, and calls {@link start}. */
  constructor(conn: Conn, descriptor: number, context: DenoTransportContext, peerAddress = "") {
    this.#conn = conn;
    this.#isTls = "handshake" in conn;
    this.descriptor = descriptor;
    this.peerAddress = peerAddress;
    this.#context = context;
    this.#timer = context.loop.timers.timer(this);
    this.out = new Outgoing(this);
    this.#writer = new QueueWriter(this.out, context.outgoing);
  }

  /** The underlying connection. */
  get conn(): Conn {
    return this.#conn;
  }

  /**
   * Whether Deno keeps the socket open after `close`: for a write that waits for its peer, or for a TLS
   * handshake. Such a socket has to be shut down by other means (os/connection_cutter.ts).
   */
  get lastsBeyondClose(): boolean {
    return this.#writer.inFlight || this.#closingWrite || (this.#isTls && !this.#hasReceived);
  }

  get batch(): OutgoingBatch {
    return this.#context.outgoing;
  }

  get ended(): boolean {
    return this.#finishing || this.closed;
  }

  get queuedBytes(): number {
    return this.#mustWait() ? this.out.size : 0;
  }

  get heldBytes(): number {
    const input = this.#buffer.length > SHORT_READ ? this.#buffer.length : 0;
    const session = this.#finishing ? 0 : this.#session.heldBytes;
    return this.out.heldBytes + this.#writer.heldBytes + input + session;
  }

  get heldSince(): number {
    const since = this.#session.heldBytes > 0 ? this.#session.heldSince : Infinity;
    const input = this.#buffer.length > SHORT_READ ? this.#longSince : Infinity;
    return Math.min(since, input, this.out.waits ? this.#waitsSince : Infinity);
  }

  shed(): void {
    // Whoever does not read what waits would not read a reason either.
    if (this.out.waits || this.#finishing) this.abort();
    else this.#session.shed();
  }

  setSession(session: Session): void {
    if (this.#session !== undefined) this.#timer.cancel();
    this.#session = session;
  }

  setDeadline(deadline: number): void {
    this.#sessionDeadline = deadline;
    // While bytes wait or input is discarded, the transport itself uses the timer.
    if (!this.out.waits && !this.#finishing) this.#timer.set(deadline);
  }

  setReading(reading: boolean): void {
    this.#reading = reading;
    if (reading) this.#read();
  }

  /** The first read. */
  start(): void {
    this.#read();
  }

  /** The server stops. */
  drain(): void {
    if (this.closed) return;
    if (this.#finishing) this.#hasten();
    else this.#session.drain();
  }

  sendQueued(): void {
    if (this.closed) return this.out.clear();
    if (!this.out.waits && this.#mustWait()) this.#beginWait();
    if (!this.#writer.inFlight) this.#flushed = this.out.size;
    this.#countWaiting();
    this.#write();
  }

  sendNow(bytes: Uint8Array, start: number, end: number): void {
    // A write outlives this call, and the bytes do not.
    this.out.append(bytes, start, end);
  }

  finish(lingering: boolean): void {
    if (this.closed || this.#finishing) return;
    this.#finishing = true;
    this.out.end();
    if (lingering && !this.#inputEnded) this.#linger = new Linger(this.#context.loop.now);
    if (this.out.size === 0) this.#finishNow();
    else this.#watchStall();
    this.#read();
  }

  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.#timer.cancel();
    this.#session.closed();
    this.#context.onClosing(this);
    this.#writer.clear();
    this.#countWaiting();
    this.#conn.close();
  }

  onDeadline(now: number): void {
    // The peer took none of the waiting bytes since the timer was set.
    if (this.out.waits || (this.#finishing && this.out.size > 0)) {
      this.#context.traffic.stalled();
      return this.abort();
    }
    if (!this.#finishing) return this.#session.deadline(now);
    if (this.#linger === null || now >= this.#linger.end) return this.abort();
    this.#lingerOn(this.#linger);
  }

  // Reading.

  #wantsInput(): boolean {
    if (!this.#finishing) return this.#reading;
    return this.#linger !== null && this.#linger.readableAt <= this.#context.loop.now;
  }

  #read(): void {
    if (this.#busy || this.closed || this.#inEvent || !this.#wantsInput()) return;
    if (this.#keptFrom < this.#keptTo || this.#keptEnd) {
      // Not at once: the session may be in the middle of something when it resumes reading.
      this.#busy = true;
      queueMicrotask(this.#deliverKept);
    } else if (!this.#inputEnded) {
      this.#busy = true;
      this.#conn.read(this.#buffer).then(this.#onRead, this.#onReadFailed);
    }
  }

  readonly #onRead = (count: number | null): void => {
    this.#busy = false;
    if (this.closed) return this.#giveBuffer();
    this.#enter();
    if (count === null) this.#onEnd();
    else this.#onBytes(count);
    this.#leave();
  };

  readonly #onReadFailed = (error: unknown): void => {
    this.#busy = false;
    // TLS that ends without close_notify: the framing of the HTTP message shows whether something is missing.
    if (error instanceof Deno.errors.UnexpectedEof) return this.#onRead(null);
    if (this.closed) return this.#giveBuffer();
    if (!(error instanceof Error)) throw error;
    this.#reportHandshake(error);
    this.#fail();
  };

  #reportHandshake(error: Error): void {
    const isHandshake = this.#isTls && !this.#hasReceived &&
      error instanceof Deno.errors.InvalidData;
    if (isHandshake) this.#context.handshakeFailed?.(this, error.message);
  }

  #onBytes(count: number): void {
    this.#hasReceived = true;
    this.#context.traffic.received(count);
    const full = count === this.#buffer.length;
    if (this.#finishing) this.#discardInput(count);
    else this.#deliver(0, count);
    if (this.#keptFrom === this.#keptTo && !this.closed) this.#fitBuffer(full, count);
  }

  #onEnd(): void {
    this.#inputEnded = true;
    if (this.#finishing) {
      this.#linger = null;
      if (this.out.size === 0 && !this.#closingWrite) this.abort();
    } else if (this.#reading) {
      this.#deliverEnd();
    } else {
      this.#keptEnd = true;
    }
  }

  readonly #deliverKept = (): void => {
    this.#busy = false;
    if (this.closed) return this.#giveBuffer();
    if (!this.#wantsInput()) return;
    this.#enter();
    const [from, to] = [this.#keptFrom, this.#keptTo];
    this.#keptFrom = this.#keptTo = 0;
    if (this.#finishing) this.#discardInput(to - from);
    else this.#deliver(from, to);
    const isAllDelivered = this.#keptFrom === this.#keptTo;
    if (!this.closed && this.#keptEnd && isAllDelivered && this.#wantsInput()) {
      this.#keptEnd = false;
      this.#onEnd();
    }
    this.#leave();
  };

  /** Delivers `buffer[from, to)` as long as the session wants input; keeps the rest. */
  #deliver(from: number, to: number): void {
    let at = from;
    while (at < to && !this.closed && this.#reading && !this.#finishing) {
      const session = this.#session;
      if (!session.wantsDirect()) {
        session.receive(this.#buffer, at, to);
        at = to;
        break;
      }
      const count = Math.min(to - at, session.directEnd - session.directStart);
      session.directBytes.set(this.#buffer.subarray(at, at + count), session.directStart);
      at += count;
      session.receivedDirect(count);
    }
    if (at === to || this.closed || this.#finishing) return;
    this.#keptFrom = at;
    this.#keptTo = to;
  }

  #deliverEnd(): void {
    this.#reading = false;
    this.#session.receiveEnd();
  }

  /** An event begins. */
  #enter(): void {
    this.#context.loop.enter();
    this.#inEvent = true;
  }

  /** The event ends: the loop has written what it produced, and the next read begins. */
  #leave(): void {
    this.#context.loop.leave();
    this.#inEvent = false;
    if (this.closed && !this.#busy) return this.#giveBuffer();
    this.#read();
  }

  /** A read or write failed outside of any event: ends the connection. */
  #fail(): void {
    this.#enter();
    this.abort();
    this.#leave();
  }

  #discardInput(count: number): void {
    const linger = this.#linger;
    if (linger === null) return;
    linger.received(count, this.#context.loop.now);
    this.#lingerOn(linger);
  }

  #hasten(): void {
    if (this.#linger === null || this.#inputEnded) return;
    this.#linger.hasten(this.#context.loop.now);
    this.#lingerOn(this.#linger);
  }

  /** Continues to read the peer's input, or waits until it may. */
  #lingerOn(linger: Linger): void {
    const { now } = this.#context.loop;
    if (this.out.size === 0) {
      this.#timer.set(
        linger.readableAt > now ? Math.min(linger.readableAt, linger.end) : linger.end,
      );
    }
    this.#read();
  }

  /** A full read is followed by a longer one, a short one by a short one again. */
  #fitBuffer(full: boolean, count: number): void {
    if (full && this.#buffer.length < LONG_READ) {
      this.#buffer = this.#context.messages.take(LONG_READ);
      this.#longSince = this.#context.loop.now;
    } else if (count < SHORT_READ && this.#buffer.length > SHORT_READ) {
      this.#giveBuffer();
      this.#buffer = new Uint8Array(SHORT_READ);
    }
  }

  #giveBuffer(): void {
    if (this.#buffer.length > SHORT_READ) this.#context.messages.give(this.#buffer);
    this.#buffer = NO_BUFFER;
  }

  // Writing.

  /** Whether the peer has to read before more is sent: more waits than a socket would hold. */
  #mustWait(): boolean {
    const { size, waits } = this.out;
    return waits || size > (this.#writer.inFlight ? this.#flushed : TAKEN);
  }

  /** Begins the next write, unless one is in flight. */
  #write(): void {
    const bytes = this.#writer.next();
    if (bytes === null) return;
    // A file that cannot be read to its end: the peer was promised more bytes.
    if (typeof bytes === "number") return this.abort();
    this.#conn.write(bytes).then(this.#onWritten, this.#onWriteFailed);
  }

  readonly #onWritten = (count: number): void => {
    if (this.closed) return this.#writer.landed();
    const { out } = this;
    this.#writer.wrote(count);
    this.#flushed -= count;
    this.#context.traffic.sent(count);
    this.#countWaiting();
    this.#enter();
    if (out.size > 0) {
      if (out.waits || this.#finishing) this.#watchStall();
      this.#write();
    } else if (this.#finishing) {
      this.#finishNow();
    } else if (out.waits) {
      this.#drained();
    }
    this.#leave();
  };

  readonly #onWriteFailed = (error: unknown): void => {
    if (this.closed) return this.#writer.landed();
    if (!(error instanceof Error)) throw error;
    this.#fail();
  };

  #beginWait(): void {
    this.out.waits = true;
    this.#waitsSince = this.#context.loop.now;
    this.#watchStall();
  }

  #drained(): void {
    this.out.waits = false;
    this.#timer.set(this.#sessionDeadline);
    this.#session.drained();
  }

  /** Updates the counters: how many bytes wait now. */
  #countWaiting(): void {
    const { traffic } = this.#context;
    const size = this.out.waits && !this.closed ? this.out.size : 0;
    if (size > this.#counted) traffic.queued(size - this.#counted);
    else if (size < this.#counted) traffic.unqueued(this.#counted - size);
    this.#counted = size;
  }

  #finishNow(): void {
    const { loop, writeStall } = this.#context;
    const linger = this.#inputEnded ? null : this.#linger;
    // A TLS write ends when its bytes are encrypted; only the end of closeWrite says that they are sent.
    if (linger === null && !(this.#isTls && this.#hasReceived)) return this.abort();
    if (this.#closingWrite) return;
    this.#closingWrite = true;
    this.#conn.closeWrite().then(this.#onWriteClosed, this.#onWriteFailed);
    linger?.restart(loop.now);
    if (linger === null) this.#timer.set(loop.now + writeStall);
    else this.#lingerOn(linger);
  }

  readonly #onWriteClosed = (): void => {
    this.#closingWrite = false;
    if (this.closed || (this.#linger !== null && !this.#inputEnded)) return;
    const { loop } = this.#context;
    loop.enter();
    this.abort();
    loop.leave();
  };

  /** Bytes began to wait, or the peer took some: restarts its time to take more. */
  #watchStall(): void {
    this.#timer.set(this.#context.loop.now + this.#context.writeStall);
  }
}

const NO_BUFFER = new Uint8Array(0);
