/**
 * A connection's socket on epoll.
 *
 * In: a connected descriptor that does not block. Out: as `transport.ts` says. Receives into the
 * worker's one buffer (or straight to where the session wants a large payload), sends at once, and
 * waits for EPOLLOUT only with what the socket did not take.
 *
 * The descriptor enters epoll at its first wait and not before: a connection that sends its
 * request at once, is answered and closed never does, which saves it a system call.
 */

import type { MessageBufferPool } from "../../protocol/mod.ts";
import {
  LINGER_BYTES,
  LINGER_MILLISECONDS,
  type OpenFile,
  type Session,
  TimerNode,
  type Traffic,
  type Transport,
  type WriteOptions,
} from "../net/mod.ts";
import { EAGAIN, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from "../os/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";
import { FILE_SLICE, sendSlice, WriteQueue } from "./write_queue.ts";

/** What the sockets of one worker share. */
export interface SocketContext {
  readonly loop: EventLoop;
  /** Where bytes are received; a session sees them until it returns. */
  readonly receiveBuffer: Uint8Array;
  /** Bytes went in or out: the counters' business. */
  readonly traffic: Traffic;
  /** Lends the memory of what waits for a peer. */
  readonly messages: MessageBufferPool;
  /** Milliseconds that a peer may take nothing of what waits for it. */
  readonly writeStall: number;
  /** Called when a connection is over, right before its descriptor is closed. */
  onClosing(transport: SocketTransport): void;
}

// Reused at every turn of the hot path: an empty object would be made at each write otherwise.
const NO_OPTIONS: WriteOptions = { constant: false, more: false };

/** One socket of a worker. */
export class SocketTransport extends TimerNode implements Transport, Source {
  readonly descriptor: number;
  peerAddress: string;
  closed = false;
  readonly #context: SocketContext;
  #queue: WriteQueue | null = null;
  #session!: Session;
  // What the socket did not take; none while it takes all.
  #registered = false;
  #interest = 0;
  #reading = true;
  #finishing = false;
  #lingers = false;
  #lingerBytes = 0;

  /** The session comes next, by {@link setSession}, and before {@link start}. */
  constructor(descriptor: number, context: SocketContext, peerAddress = "") {
    super();
    this.descriptor = descriptor;
    this.peerAddress = peerAddress;
    this.#context = context;
  }

  get queuedBytes(): number {
    return this.#queue === null ? 0 : this.#queue.length;
  }

  setSession(session: Session): void {
    // The new session's deadline is another: left in its slot, the old one would wake us for nothing.
    if (this.#session !== undefined) this.#context.loop.timers.cancel(this);
    this.#session = session;
  }

  setDeadline(deadline: number): void {
    // While bytes wait or are being read away, the timer is the socket's own.
    if (this.#queue !== null) this.#queue.sessionDeadline = deadline;
    else if (!this.#finishing) this.#setTimer(deadline);
  }

  setReading(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    this.#updateInterest();
  }

  /** The first read, before the descriptor is in epoll: most clients have sent their request by now. */
  start(): void {
    this.#read();
    this.#updateInterest();
  }

  /** The server stops: what has come already is handled, then the session is told. */
  drain(): void {
    if (!this.closed && this.#reading && !this.#finishing) this.#read();
    if (!this.closed) this.#session.drain();
  }

  onReady(events: number): void {
    if ((events & EPOLLOUT) !== 0) this.#drainQueue();
    if (this.closed) return;
    if ((events & EPOLLIN) !== 0 && this.#wantsInput()) this.#read();
    // Reported whatever the interest is: it would come again at once, for ever, if left alone.
    else if ((events & (EPOLLERR | EPOLLHUP)) !== 0) this.abort();
  }

  write(bytes: Uint8Array, start: number, end: number, options = NO_OPTIONS): void {
    if (this.closed || this.#finishing || start === end) return;
    let sent = 0;
    if (this.#queue === null) {
      const view = start === 0 ? bytes : bytes.subarray(start, end);
      const { os } = this.#context.loop;
      sent = os.send(this.descriptor, view, end - start, options.more === true);
      if (sent === -EAGAIN) sent = 0;
      if (sent < 0) return this.abort();
      this.#context.traffic.sent(sent);
      if (sent === end - start) return;
    }
    this.#waiting().push(bytes, start + sent, end, options.constant === true);
    this.#context.traffic.queued(end - start - sent);
    this.#updateInterest();
  }

  writeFile(file: OpenFile, start: number, end: number): void {
    if (this.closed || this.#finishing || start === end) return;
    let sent = 0;
    if (this.#queue === null) {
      const { os } = this.#context.loop;
      const length = Math.min(end - start, FILE_SLICE);
      sent = sendSlice(os, this.descriptor, file, start, end, length);
      if (sent === -EAGAIN) sent = 0;
      if (sent < 0) return this.abort();
      this.#context.traffic.sent(sent);
      if (sent === end - start) return;
    }
    this.#waiting().pushFile(file, start + sent, end);
    this.#context.traffic.queued(end - start - sent);
    this.#updateInterest();
  }

  finish(lingering: boolean): void {
    if (this.closed || this.#finishing) return;
    this.#finishing = true;
    this.#lingers = lingering;
    if (this.#queue === null) this.#finishNow();
  }

  abort(): void {
    if (this.closed) return;
    this.closed = true;
    const { loop } = this.#context;
    loop.timers.cancel(this);
    this.#dropQueue();
    if (this.#registered) loop.registry.forget(this.descriptor);
    this.#session.closed();
    // Before the close: after it the number may be that of another thread's new connection.
    this.#context.onClosing(this);
    loop.os.close(this.descriptor);
  }

  override onDeadline(now: number): void {
    // The end of the lingering, or a peer that took nothing of what waits since the timer was set.
    if (this.#queue !== null) this.#context.traffic.stalled();
    if (this.#finishing || this.#queue !== null) return this.abort();
    this.#session.deadline(now);
  }

  #waiting(): WriteQueue {
    if (this.#queue !== null) return this.#queue;
    this.#queue = new WriteQueue(this.#context.messages);
    this.#queue.sessionDeadline = this.#context.loop.timers.deadlineOf(this);
    this.#watchStall();
    return this.#queue;
  }

  #wantsInput(): boolean {
    return this.#reading || this.#lingers;
  }

  #read(): void {
    const session = this.#session;
    if (this.#finishing) return this.#readAway();
    const { loop, receiveBuffer, traffic } = this.#context;
    const direct = session.wantsDirect();
    const target = direct
      ? session.directBytes.subarray(session.directStart, session.directEnd)
      : receiveBuffer;
    const received = loop.os.recv(this.descriptor, target, target.length);
    if (received > 0) {
      traffic.received(received);
      if (direct) session.receivedDirect(received);
      else session.receive(receiveBuffer, 0, received);
    } else if (received === 0) {
      this.#reading = false;
      session.receiveEnd();
      this.#updateInterest();
    } else if (received !== -EAGAIN) {
      this.abort();
    }
  }

  #readAway(): void {
    const { loop, receiveBuffer } = this.#context;
    const received = loop.os.recv(this.descriptor, receiveBuffer, receiveBuffer.length);
    if (received === -EAGAIN) return;
    this.#lingerBytes += received;
    // While our own bytes still wait, the end of the peer's input changes nothing for them.
    if (received <= 0 && this.#queue !== null) {
      this.#lingers = false;
      this.#updateInterest();
    } else if (received <= 0 || this.#lingerBytes > LINGER_BYTES) {
      this.abort();
    }
  }

  #drainQueue(): void {
    const queue = this.#queue;
    if (queue === null) return;
    const before = queue.length;
    const failed = queue.drain(this.#context.loop.os, this.descriptor);
    this.#context.traffic.sent(before - queue.length);
    this.#context.traffic.unqueued(before - queue.length);
    if (failed < 0) return this.abort();
    if (queue.length < before) this.#watchStall();
    if (queue.length > 0) return;
    this.#queue = null;
    if (this.#finishing) return this.#finishNow();
    this.#setTimer(queue.sessionDeadline);
    this.#session.drained();
    if (!this.closed) this.#updateInterest();
  }

  #dropQueue(): void {
    if (this.#queue === null) return;
    this.#context.traffic.unqueued(this.#queue.length);
    this.#queue.clear();
    this.#queue = null;
  }

  #finishNow(): void {
    if (!this.#lingers) return this.abort();
    this.#context.loop.os.shutdownWrite(this.descriptor);
    this.#setTimer(this.#context.loop.now + LINGER_MILLISECONDS);
    this.#updateInterest();
  }

  /** Bytes wait from now on, or the peer has taken some: it has the time anew to take more. */
  #watchStall(): void {
    this.#setTimer(this.#context.loop.now + this.#context.writeStall);
  }

  #setTimer(deadline: number): void {
    this.#context.loop.timers.set(this, deadline);
  }

  #updateInterest(): void {
    if (this.closed) return;
    const interest = (this.#wantsInput() ? EPOLLIN : 0) | (this.#queue !== null ? EPOLLOUT : 0);
    const { registry } = this.#context.loop;
    if (!this.#registered) {
      this.#registered = true;
      // Without room in epoll it could not be served, and the others must be.
      if (registry.register(this.descriptor, this, interest) < 0) return this.abort();
    } else if (interest !== this.#interest) {
      registry.change(this.descriptor, interest);
    }
    this.#interest = interest;
  }
}
