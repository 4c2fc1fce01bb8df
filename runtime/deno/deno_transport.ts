/**
 * A connection of Deno, plain or TLS, as a transport.
 *
 * In: a `Deno.Conn`. Out: as `transport.ts` of the loop says, so that the same sessions run on it.
 * One read is under way while the session wants input; its bytes are kept where the session stops
 * wanting them meanwhile. Its queue is written at the end of a batch, one write after the other.
 *
 * A write in flight stands for a socket's send buffer: as long as it alone waits, and is short, the
 * session is told that nothing does. Where more waits, `queuedBytes` says so, the stall timer runs,
 * and `drained` follows: the same bounds as with epoll.
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

/** What is asked of a connection; `Deno.Conn` and `Deno.TlsConn` are one. */
export type Conn = Pick<Deno.Conn, "read" | "write" | "closeWrite" | "close">;

/** What the connections of one worker share. */
export interface DenoTransportContext {
  readonly loop: DenoLoop;
  /** Bytes went in or out: the counters' business. */
  readonly traffic: Traffic;
  /** Lends the memory of long reads. */
  readonly messages: MessageBufferPool;
  /** Has their queues written, and lends them memory. */
  readonly outgoing: OutgoingBatch;
  /** Milliseconds that a peer may take nothing of what waits for it. */
  readonly writeStall: number;
  /** Called if a TLS handshake has failed for another reason than that the client has left. */
  handshakeFailed?(transport: DenoTransport, reason: string): void;
  /** Called when a connection is over, right before it is closed. */
  onClosing(transport: DenoTransport): void;
}

/** Up to here what is in flight counts as sent: some of it lies in the kernel's buffer. */
const TAKEN = 64 * 1024;
/** Bytes that an idle connection's read is given: the head of a browser's request. */
const SHORT_READ = 2 * 1024;
/** And those of one whose last read was full. */
const LONG_READ = 64 * 1024;

/** One connection of a worker. */
export class DenoTransport implements Transport, OutgoingSink, TimerOwner {
  readonly descriptor: number;
  peerAddress: string;
  readonly out: Outgoing;
  closed = false;
  readonly #conn: Conn;
  readonly #context: DenoTransportContext;
  readonly #timer: Timer;
  readonly #writer: QueueWriter;
  #session!: Session;
  #sessionDeadline = Infinity;
  // Reading: at most one read is under way, or one delivery of what was kept.
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(SHORT_READ);
  #reading = true;
  #busy = false;
  // An event of this connection is being handled: what it leads to is read and written at its end.
  #inEvent = false;
  #inputEnded = false;
  #keptEnd = false;
  #keptFrom = 0;
  #keptTo = 0;
  // Writing.
  // What a write began with counts as sent: bytes of it that are not written yet.
  #flushed = 0;
  // Bytes that were told to the counters as waiting.
  #counted = 0;
  #finishing = false;
  // Not null: the peer's input is read and dropped.
  #linger: Linger | null = null;
  #closingWrite = false;
  // TLS: nothing was received as long as the handshake is under way.
  readonly #isTls: boolean;
  #hasReceived = false;

  /** The session comes next, by {@link setSession}, and before {@link start}. */
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

  /** The connection beneath. */
  get conn(): Conn {
    return this.#conn;
  }

  /**
   * Whether Deno goes on with something after it was closed: a write that waits for its peer, or a TLS
   * handshake. Then its socket stays, unless it is shut down by other means.
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

  setSession(session: Session): void {
    if (this.#session !== undefined) this.#timer.cancel();
    this.#session = session;
  }

  setDeadline(deadline: number): void {
    this.#sessionDeadline = deadline;
    // While bytes wait or are being read away, the timer is the connection's own.
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
    if (this.#finishing) this.#linger?.hasten(this.#context.loop.now);
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
    // A write goes on after this call, and the bytes do not.
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
    // A peer that took nothing of what waits since the timer was set.
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
      // Not at once: the session is in the middle of something when it says that it reads again.
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
    // TLS without its last alert: the framing of what is in it says whether something is missing.
    if (error instanceof Deno.errors.UnexpectedEof) return this.#onRead(null);
    if (this.closed) return this.#giveBuffer();
    if (!(error instanceof Error)) throw error;
    this.#tellHandshake(error);
    this.#fail();
  };

  #tellHandshake(error: Error): void {
    const isHandshake = this.#isTls && !this.#hasReceived &&
      error instanceof Deno.errors.InvalidData;
    if (isHandshake) this.#context.handshakeFailed?.(this, error.message);
  }

  #onBytes(count: number): void {
    this.#hasReceived = true;
    this.#context.traffic.received(count);
    const full = count === this.#buffer.length;
    if (this.#finishing) this.#readAway(count);
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
    if (this.#finishing) this.#readAway(to - from);
    else this.#deliver(from, to);
    const isAllDelivered = this.#keptFrom === this.#keptTo;
    if (!this.closed && this.#keptEnd && isAllDelivered && this.#wantsInput()) {
      this.#keptEnd = false;
      this.#onEnd();
    }
    this.#leave();
  };

  /** Hands `buffer[from, to)` over as long as the session wants it; keeps the rest. */
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

  /** Its end: the loop had what it led to written, and the next read begins. */
  #leave(): void {
    this.#context.loop.leave();
    this.#inEvent = false;
    if (this.closed && !this.#busy) return this.#giveBuffer();
    this.#read();
  }

  /** Something failed outside of any event, which ends the connection. */
  #fail(): void {
    this.#enter();
    this.abort();
    this.#leave();
  }

  #readAway(count: number): void {
    const linger = this.#linger;
    if (linger === null) return;
    linger.received(count, this.#context.loop.now);
    this.#lingerOn(linger);
  }

  /** Goes on to read what the peer sends, or waits until it may. */
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

  /** Whether the peer has to read before more is said: more waits than a socket would hold. */
  #mustWait(): boolean {
    const { size, waits } = this.out;
    return waits || size > (this.#writer.inFlight ? this.#flushed : TAKEN);
  }

  /** Begins the next write, unless one is in flight. */
  #write(): void {
    const bytes = this.#writer.next();
    if (bytes === null) return;
    // A file that cannot be read to its end: the peer was promised more than there is.
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
    this.#watchStall();
  }

  #drained(): void {
    this.out.waits = false;
    this.#timer.set(this.#sessionDeadline);
    this.#session.drained();
  }

  /** Tells the counters how many bytes wait now. */
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
    // A write to TLS has ended when it is encrypted; only the end of closeWrite says that it is sent.
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

  /** Bytes wait from now on, or the peer has taken some: it has the time anew to take more. */
  #watchStall(): void {
    this.#timer.set(this.#context.loop.now + this.#context.writeStall);
  }
}

const NO_BUFFER = new Uint8Array(0);
