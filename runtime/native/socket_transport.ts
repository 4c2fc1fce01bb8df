/**
 * A connection's socket on epoll.
 *
 * In: a connected descriptor that does not block. Out: a `Transport`, as net/transport.ts defines it. It
 * receives into the worker's shared buffer, or straight into the session's memory for a large payload. It sends
 * its queue at the end of the batch, and waits for EPOLLOUT only if the socket did not take everything.
 *
 * The descriptor is added to epoll at its first wait and not before: a connection that sends its request at
 * once, is answered and closed is never added, which saves a system call.
 *
 * Longer than 400 lines because reading, writing, lingering and closing share one connection's state.
 */

import {
  Linger,
  NEVER,
  Outgoing,
  type OutgoingBatch,
  type OutgoingPart,
  type OutgoingSink,
  type Session,
  TimerNode,
  type Traffic,
  type Transport,
  type Unmoved,
} from "../net/mod.ts";
import {
  EAGAIN,
  ECANCELED,
  EINTR,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
} from "../os/mod.ts";
import type { MovedConnection } from "../thread/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import { FILE_SLICE, sendSlice } from "./file_slice.ts";
import type { Source } from "./io_registry.ts";
import type { JointSocket, RingSender } from "./ring_sender.ts";

/** What the sockets of one worker share. */
export interface SocketContext {
  readonly loop: EventLoop;
  /** The buffer that bytes are received into; a session may use them until it returns. */
  readonly receiveBuffer: Uint8Array;
  /** Counts bytes in and out. */
  readonly traffic: Traffic;
  /** Flushes their queues, and lends them memory. */
  readonly outgoing: OutgoingBatch;
  /** Sends many queues with one system call; null: each socket sends by itself. */
  readonly ringSender: RingSender | null;
  /** Milliseconds for which a peer may take none of the bytes that wait for it. */
  readonly writeStall: number;
  /** Bytes of memory that this socket itself holds, beneath the connection; asked only if memory is short. */
  heldBySocket(descriptor: number): number;
  /** Called if receiving failed: ends the connection, at once or after an answer. */
  onReceiveFailed(transport: SocketTransport): void;
  /** Called when a connection ends, right before its descriptor is closed. */
  onClosing(transport: SocketTransport): void;
}

// The state of a socket as bits of one number, to save memory: there are thousands of sockets.
/** The session wants input. */
const READING = 1;
/** The peer sends no more. */
const INPUT_ENDED = 2;
/** The connection closes when all is sent. */
const FINISHING = 4;
/** It is in epoll. */
const REGISTERED = 8;
/** Its queue is about to be sent together with others. */
const JOINT = 16;

/** Nothing was sent, and the connection is not broken: epoll reports when to try again. */
const WAITS_FOR_PEER = [EAGAIN, EINTR, ECANCELED];

/** State that exists only while bytes wait for the peer. */
interface Wait {
  /** When it began, in the loop's milliseconds. */
  readonly since: number;
  /** The session's deadline, in the loop's milliseconds: meanwhile the timer counts the write stall. */
  sessionDeadline: number;
  /** Bytes that the counters have as waiting. */
  counted: number;
}

/** One socket of a worker. */
export class SocketTransport extends TimerNode
  implements Transport, OutgoingSink, Source, JointSocket {
  readonly descriptor: number;
  peerAddress: string;
  /** Written by the worker, and by a PROXY header. */
  peerPort = 0;
  readonly out: Outgoing;
  closed = false;
  /** Written by the worker's list of connections. */
  place = 0;
  /** Written by the worker's count of connections that have lasted. */
  span = 0;
  readonly #context: SocketContext;
  #session!: Session;
  #wait: Wait | null = null;
  #flags = READING;
  #interest = 0;
  // Not null: the peer's input is read and discarded.
  #linger: Linger | null = null;

  /** The caller then sets the session by {@link setSession}, and calls {@link start}. */
  constructor(descriptor: number, context: SocketContext, peerAddress = "") {
    super();
    this.descriptor = descriptor;
    this.peerAddress = peerAddress;
    this.#context = context;
    this.out = new Outgoing(this);
  }

  get batch(): OutgoingBatch {
    return this.#context.outgoing;
  }

  get ended(): boolean {
    return this.#is(FINISHING) || this.closed;
  }

  get queuedBytes(): number {
    return this.#wait === null ? 0 : this.out.size;
  }

  get heldBytes(): number {
    const beneath = this.#context.heldBySocket(this.descriptor);
    return this.out.heldBytes + beneath + (this.#is(FINISHING) ? 0 : this.#session.heldBytes);
  }

  get heldSince(): number {
    const isHolding = this.#session.heldBytes > 0 ||
      this.#context.heldBySocket(this.descriptor) > 0;
    const since = isHolding ? this.#session.heldSince : NEVER;
    return this.#wait === null ? since : Math.min(since, this.#wait.since);
  }

  shed(): void {
    // Whoever does not read what waits would not read a reason either.
    if (this.#wait !== null || this.#is(FINISHING)) this.abort();
    else this.#session.shed();
  }

  setSession(session: Session): void {
    // The old session's deadline is void: left in its slot, it would wake the loop for nothing.
    if (this.#session !== undefined) this.#context.loop.timers.cancel(this);
    this.#session = session;
  }

  setDeadline(deadline: number): void {
    // While bytes wait or input is discarded, the socket itself uses the timer.
    if (this.#wait !== null) this.#wait.sessionDeadline = deadline;
    else if (!this.#is(FINISHING)) this.#setTimer(deadline);
  }

  setReading(reading: boolean): void {
    if (reading === this.#is(READING)) return;
    this.#flags ^= READING;
    this.#updateInterest();
  }

  /** The first read, before the descriptor is in epoll: most clients have sent their request by now. */
  start(): void {
    this.#read();
    this.#updateInterest();
  }

  /** What arrives waits until the connection moves to another process, or {@link thaw}; for sessions that say so. */
  freeze(): void {
    if (!this.closed && !this.#is(FINISHING)) this.#session.freeze?.();
  }

  /** Whether what arrives waits. */
  get isFrozen(): boolean {
    return !this.closed && this.#session.isFrozen === true;
  }

  /** Takes that back. Returns whether there was something to take back. */
  thaw(): boolean {
    return !this.closed && !this.#is(FINISHING) && this.#session.thaw?.() === true;
  }

  /** The server stops: bytes that have arrived are handled, then the session is notified. */
  drain(): void {
    if (this.closed) return;
    if (this.#is(FINISHING)) return this.#hasten();
    if (this.#wantsInput()) this.#read();
    if (!this.closed) this.#session.drain();
  }

  onReady(events: number): void {
    if ((events & EPOLLOUT) !== 0 && this.#wait !== null) this.#send(false);
    if (this.closed) return;
    if ((events & EPOLLIN) !== 0 && this.#wantsInput()) this.#read();
    // Reported whatever the interest is: if ignored, it would be reported again in every turn.
    else if ((events & (EPOLLERR | EPOLLHUP)) !== 0) this.abort();
  }

  sendQueued(): void {
    if (this.closed) return this.out.clear();
    // The peer has to read first: newly appended bytes follow those that wait.
    if (this.#wait !== null) this.#countWaiting(this.#wait, this.out.size);
    else if (!this.#joins()) this.#send(false);
  }

  /** Whether the queue is sent together with others, in this batch. */
  #joins(): boolean {
    if (this.#is(JOINT)) return true;
    const { ringSender } = this.#context;
    if (ringSender === null || !ringSender.isOpen) return false;
    this.#flags |= JOINT; // before it is added, which may send at once
    ringSender.add(this);
    return true;
  }

  beginJoint(): boolean {
    this.#flags &= ~JOINT;
    return !this.closed && this.#wait === null;
  }

  noteJoint(length: number, result: number): void {
    const { out } = this;
    if (result <= 0) return;
    // The usual case.
    if (result === length && out.isPlain) {
      this.#context.traffic.sent(result);
      return out.sentAll();
    }
    out.seal();
    this.#took(result);
  }

  settleJoint(result: number): void {
    if (this.closed) return;
    if (result < 0 && !WAITS_FOR_PEER.includes(-result)) return this.abort();
    if (this.#wait === null && this.out.size > 0) this.#beginWait();
  }

  sendNow(bytes: Uint8Array, start: number, end: number): void {
    if (this.#wait === null) this.#send(true);
    if (this.closed) return;
    let sent = 0;
    if (this.#wait === null) {
      const view = start === 0 ? bytes : bytes.subarray(start, end);
      sent = this.#context.loop.os.send(this.descriptor, view, end - start, false);
      if (sent === -EAGAIN) sent = 0;
      if (sent < 0) return this.abort();
      this.#context.traffic.sent(sent);
      if (sent === end - start) return;
    }
    this.out.append(bytes, start + sent, end);
    this.#beginWait();
  }

  finish(lingering: boolean): void {
    if (this.closed || this.#is(FINISHING)) return;
    // The end of the stream follows at once, and leaves with the last bytes in one packet.
    if (this.#wait === null) this.#send(true);
    if (this.closed) return;
    this.#flags |= FINISHING;
    this.out.end();
    if (lingering && !this.#is(INPUT_ENDED)) this.#linger = new Linger(this.#context.loop.now);
    if (this.#wait === null) this.#finishNow();
    else this.#updateInterest();
  }

  abort(): void {
    this.#close(false);
  }

  /**
   * Gives the connection up, because it goes on in another process. The descriptor stays open, and is the caller's. Called after a flush.
   *
   * @returns or why it does not go on there, and nothing has happened
   */
  move(): MovedConnection | Unmoved {
    if (this.closed || this.#is(INPUT_ENDED | FINISHING)) return "stays";
    if (this.#is(JOINT) || this.out.hasFiles) return "busy";
    const moved = this.#session.move?.() ?? "stays";
    if (typeof moved === "string") return moved;
    const { descriptor, out, peerAddress: address, peerPort: port } = this;
    out.seal();
    const unsent = new Uint8Array(out.size);
    out.gather(unsent, unsent.length);
    const { loop } = this.#context;
    // While another process has the socket, closing the descriptor here does not end epoll's interest.
    if (this.#is(REGISTERED)) loop.registry.remove(descriptor);
    this.#flags &= ~REGISTERED;
    this.#leave();
    this.#context.onClosing(this);
    return { ...moved, descriptor, address, port, unsent };
  }

  /** Closes; `isWhole`: the peer has got everything. */
  #close(isWhole: boolean): void {
    if (this.closed) return;
    const { loop } = this.#context;
    this.#leave();
    if (this.#is(REGISTERED)) loop.registry.forget(this.descriptor);
    this.#session.closed();
    // Before the close: after it, the number may belong to another thread's new connection.
    this.#context.onClosing(this);
    if (isWhole) loop.os.end(this.descriptor);
    else loop.os.close(this.descriptor);
  }

  /** From now on nothing is sent or received. */
  #leave(): void {
    this.closed = true;
    this.#context.loop.timers.cancel(this);
    if (this.#wait !== null) this.#countWaiting(this.#wait, 0);
    this.#wait = null;
    this.out.clear();
  }

  override onDeadline(now: number): void {
    // The peer took none of the waiting bytes since the timer was set.
    if (this.#wait !== null) {
      this.#context.traffic.stalled();
      return this.abort();
    }
    if (!this.#is(FINISHING)) return this.#session.deadline(now);
    if (this.#linger === null || now >= this.#linger.end) return this.abort();
    this.#lingerOn(this.#linger);
  }

  /** Whether this bit is set. */
  #is(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  /** Whether input is read: as the session has set it, and after `finish` as long as the socket lingers. */
  #wantsInput(): boolean {
    if (this.#is(INPUT_ENDED)) return false;
    if (!this.#is(FINISHING)) return this.#is(READING);
    return this.#linger !== null && this.#linger.readableAt <= this.#context.loop.now;
  }

  #read(): void {
    const session = this.#session;
    if (this.#is(FINISHING)) return this.#discardInput();
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
      this.#flags |= INPUT_ENDED;
      session.receiveEnd();
      this.#updateInterest();
    } else if (received !== -EAGAIN) {
      this.#context.onReceiveFailed(this);
    }
  }

  /**
   * Reads and discards. epoll is level-triggered: an end or a pause that left EPOLLIN set would be reported at
   * every turn.
   */
  #discardInput(): void {
    const { loop, receiveBuffer } = this.#context;
    const received = loop.os.recv(this.descriptor, receiveBuffer, receiveBuffer.length);
    if (received === -EAGAIN) return;
    if (received < 0) return this.abort();
    if (received === 0) {
      this.#flags |= INPUT_ENDED;
      this.#linger = null;
      // While our own bytes still wait, the end of the peer's input does not affect them.
      return this.#wait === null ? this.abort() : this.#updateInterest();
    }
    if (this.#linger === null) return;
    this.#linger.received(received, loop.now);
    this.#lingerOn(this.#linger);
  }

  #hasten(): void {
    if (this.#linger === null) return;
    this.#linger.hasten(this.#context.loop.now);
    this.#lingerOn(this.#linger);
  }

  /** Continues to read the peer's input, or waits until it may. */
  #lingerOn(linger: Linger): void {
    const { now } = this.#context.loop;
    if (this.#wait === null) {
      this.#setTimer(
        linger.readableAt > now ? Math.min(linger.readableAt, linger.end) : linger.end,
      );
    }
    this.#updateInterest();
  }

  /** Sends what is queued. `more`: more bytes follow at once, so the kernel may wait for them (MSG_MORE). */
  #send(more: boolean): void {
    const { out } = this;
    const { length } = out;
    if (out.isPlain && this.#wait === null) {
      if (length === 0) return;
      const sent = this.#context.loop.os.send(this.descriptor, out.bytes, length, more);
      if (sent === length) {
        this.#context.traffic.sent(sent);
        return out.sentAll();
      }
      if (sent < 0 && sent !== -EAGAIN) return this.abort();
      out.seal();
      if (sent > 0) this.#took(sent);
      return this.#beginWait();
    }
    out.seal();
    const before = out.size;
    if (this.#sendParts(more) < 0) return this.abort();
    if (out.size === 0) return this.#wait === null ? undefined : this.#drained(this.#wait);
    if (out.size < before || this.#wait === null) this.#beginWait();
  }

  /**
   * Sends parts until all are sent, the socket is full, or this turn's share of files is sent.
   *
   * @returns 0, or the negated errno that ended the connection
   */
  #sendParts(more: boolean): number {
    const { out } = this;
    let share = FILE_SLICE;
    for (let part = out.first; part !== null; part = out.first) {
      const length = part.file === null
        ? out.nextLength
        : Math.min(part.end - out.firstStart, share);
      const sent = this.#sendPart(part, length, more || out.size > length);
      if (sent === -EAGAIN) return 0;
      if (sent < 0) return sent;
      this.#took(sent);
      if (part.file !== null) share -= sent;
      if (sent < length || share === 0) return 0;
    }
    return 0;
  }

  #sendPart(part: OutgoingPart, length: number, more: boolean): number {
    const { out, descriptor } = this;
    const { loop: { os }, outgoing } = this.#context;
    const { file, end } = part;
    const start = out.firstStart;
    if (file !== null) return sendSlice(os, descriptor, { file, start, length, end });
    if (start + length <= end) {
      // A view would be an object for each subscriber of a channel.
      const bytes = start === 0 ? part.bytes : part.bytes.subarray(start, end);
      return os.send(descriptor, bytes, length, more);
    }
    // Several short parts.
    out.gather(outgoing.scratch, length);
    return os.send(descriptor, outgoing.scratch, length, more);
  }

  #took(sent: number): void {
    this.out.taken(sent);
    this.#context.traffic.sent(sent);
  }

  /** Bytes began to wait, or the peer took some: restarts its time to take more. */
  #beginWait(): void {
    const { loop, writeStall } = this.#context;
    if (this.#wait === null) {
      const sessionDeadline = this.#is(FINISHING) ? NEVER : loop.timers.deadlineOf(this);
      this.#wait = { since: loop.now, sessionDeadline, counted: 0 };
      this.out.waits = true;
    }
    this.#countWaiting(this.#wait, this.out.size);
    this.#setTimer(loop.now + writeStall);
    this.#updateInterest();
  }

  #drained(wait: Wait): void {
    this.#countWaiting(wait, 0);
    this.#wait = null;
    this.out.waits = false;
    if (this.#is(FINISHING)) return this.#finishNow();
    this.#setTimer(wait.sessionDeadline);
    this.#session.drained();
    if (!this.closed) this.#updateInterest();
  }

  /** Updates the counters: `size` bytes wait now. */
  #countWaiting(wait: Wait, size: number): void {
    const { traffic } = this.#context;
    if (size > wait.counted) traffic.queued(size - wait.counted);
    else if (size < wait.counted) traffic.unqueued(wait.counted - size);
    wait.counted = size;
  }

  /** All bytes are sent: closes, or lingers. */
  #finishNow(): void {
    const linger = this.#linger;
    if (linger === null) return this.#close(true);
    this.#context.loop.os.shutdownWrite(this.descriptor);
    linger.restart(this.#context.loop.now);
    this.#lingerOn(linger);
  }

  #setTimer(deadline: number): void {
    this.#context.loop.timers.set(this, deadline);
  }

  #updateInterest(): void {
    if (this.closed) return;
    // The end of the peer's input is input; io_registry.ts wants to know it from the event.
    const input = this.#wantsInput() ? EPOLLIN | EPOLLRDHUP : 0;
    const interest = input | (this.#wait !== null ? EPOLLOUT : 0);
    const { registry } = this.#context.loop;
    if (!this.#is(REGISTERED)) {
      this.#flags |= REGISTERED;
      // Without room in epoll this connection cannot be served; the others still are.
      if (registry.register(this.descriptor, this, interest) < 0) return this.abort();
    } else if (interest !== this.#interest) {
      registry.change(this.descriptor, interest);
    }
    this.#interest = interest;
  }
}
