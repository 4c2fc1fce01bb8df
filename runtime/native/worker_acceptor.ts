/**
 * How a worker accepts: it takes connections off the listening socket that all workers share.
 *
 * In: events of the listening socket. Out: connections for this worker, or tasks on the ring if another worker
 * should serve them (load_balance.ts). The socket is in the epoll set of each worker with EPOLLEXCLUSIVE, so that an
 * arrival wakes one sleeping worker, the one that registered it first. Measured with one request per connection: 40 %
 * less CPU each than by way of the acceptor thread, which has to wake a worker.
 *
 * A worker whose thread may run handlers during its wait registers the socket without that flag: it might
 * not notice that it was woken, so an arrival wakes one of the others as well.
 *
 * While other workers load, it takes only as many connections as a worker may have without regard to the others: else
 * long-lived ones would all stay with the first worker.
 *
 * It never blocks the thread. While there is no descriptor or no memory, or while accepting is paused, it does not
 * listen for a moment; the connections stay in the kernel's backlog, for any worker.
 */

import {
  Admission,
  type AdmissionLimits,
  cannotAccept,
  type ConnectionTask,
  NEVER,
  refusing,
} from "../net/mod.ts";
import {
  EAGAIN,
  EINVAL,
  EMFILE,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  errnoText,
  isLostConnection,
  isShortage,
  lowestDescriptor,
  SOCKADDR_BYTES,
  SystemError,
} from "../os/mod.ts";
import { COLUMN, type Counters, type SharedState, TASK_FIELD, TASK_KIND } from "../ring/mod.ts";
import type { Warnings } from "../thread/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";

/** Connections accepted per event: the descriptors that the worker has already get their turn in between. */
const ACCEPTS = 8;
/** Milliseconds for which it does not listen if it cannot accept and closes no connection. */
const BACK_OFF = 20;
/** Each further time it is twice as long, up to this; a worker that closes a connection tries again at once. */
const LONGEST_BACK_OFF = 320;
/** Events in a row that brought no connection, after which it does not listen for a moment. */
const VAIN_EVENTS = 64;
/** As many connections as a backlog can hold. */
const LAST_ACCEPTS = 4096;
/** Below the ceiling by this much, the workers begin to look at the next descriptor before they accept. */
const NEAR_CEILING = 64;

/** What accepting needs of its worker. */
export interface WorkerAcceptorParts {
  readonly listener: number;
  /** Where each accepted connection is filled in. */
  readonly task: ConnectionTask;
  readonly loop: EventLoop;
  readonly state: SharedState;
  readonly counters: Counters;
  readonly limits: AdmissionLimits;
  /** No connection gets this descriptor or a higher one. */
  readonly descriptorCeiling: number;
  readonly warnings: Warnings;
  /** Serves the connection of the task, or leaves it to another worker. */
  place(): void;
  /** Refuses the connection of the task. */
  refuse(): void;
  /** Closes the refused connections that are still open. */
  giveUpRefused(): void;
  /** Whether the worker may take one more without regard to the others. */
  hasShare(): boolean;
}

/** Accepts connections for one worker. */
export class WorkerAcceptor implements Source {
  readonly #parts: WorkerAcceptorParts;
  readonly #admission: Admission;
  readonly #sockaddr = new Uint8Array(SOCKADDR_BYTES);
  // Has been opened, or closed: then it is not opened any more.
  #isOpen = false;
  #isListening = false;
  // Other workers load.
  #isEarly = false;
  #isExclusive = true;
  #vainEvents = 0;
  #backOff = BACK_OFF;

  constructor(parts: WorkerAcceptorParts) {
    this.#parts = parts;
    this.#admission = new Admission(parts.state, parts.counters, parts.limits);
  }

  /** Begins to accept; further calls do nothing. */
  open(): void {
    if (this.#isEarly) this.#endRest();
    this.#isEarly = false;
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#listen();
  }

  /** Begins to accept while other workers load; further calls do nothing. */
  openEarly(): void {
    if (this.#isOpen) return;
    this.#isEarly = true;
    this.#isOpen = true;
    this.#listen();
  }

  /** Called in each turn: listens again if it has rested long enough. */
  resume(): void {
    const { loop } = this.#parts;
    if (loop.alarm === NEVER || loop.now < loop.alarm) return;
    loop.alarm = NEVER;
    this.#listen();
  }

  /** Ends accepting for good. */
  close(): void {
    this.#isOpen = true;
    this.#stopListening();
    this.#parts.loop.alarm = NEVER;
  }

  /**
   * Ends accepting, because another server accepts from the same socket. An arrival that woke this worker has woken no other one: so it
   * takes what waits once more.
   */
  handOver(): void {
    this.close();
    const { listener, loop } = this.#parts;
    for (let i = 0; i < LAST_ACCEPTS; i++) {
      const accepted = loop.os.accept(listener, this.#sockaddr);
      if (accepted < 0) return;
      this.#accepted(accepted);
    }
  }

  /** This worker is about to close a connection: a pause for want of descriptors ends. */
  noteClosing(): void {
    this.#endRest();
  }

  /** Called before a wait: whether an arrival that wakes this worker need not wake another one. */
  setExclusive(isExclusive: boolean): void {
    if (this.#isExclusive === isExclusive) return;
    this.#isExclusive = isExclusive;
    this.goLast();
  }

  /** The next arrivals wake other workers, if any of them sleeps. */
  goLast(): void {
    if (!this.#isListening) return;
    this.#stopListening();
    this.#listen();
  }

  /** There may be connections; another worker may be faster. */
  onReady(): void {
    const { hasShare, listener, loop, state: { flags } } = this.#parts;
    for (let i = 0; i < ACCEPTS && this.#isListening; i++) {
      if (flags.isAcceptingPaused() || (this.#isEarly && !hasShare())) return this.#rest();
      if (flags.isNearCeiling() && !this.#isBelowCeiling()) return this.#starve(EMFILE);
      const accepted = loop.os.accept(listener, this.#sockaddr);
      if (accepted === -EAGAIN) return i === 0 ? this.#noteVainEvent() : undefined;
      if (i > 0) loop.refresh(); // the last connection's handler may have taken long
      if (accepted >= 0) this.#accepted(accepted);
      else if (!this.#mayContinue(-accepted)) return;
    }
  }

  #accepted(descriptor: number): void {
    const { descriptorCeiling, state: { flags } } = this.#parts;
    this.#vainEvents = 0;
    this.#backOff = BACK_OFF;
    if (descriptor >= descriptorCeiling - NEAR_CEILING) flags.setNearCeiling(true);
    this.#admit(descriptor);
  }

  /**
   * Whether the next connection gets a descriptor below the ceiling, even if all others accept one at the same
   * moment.
   */
  #isBelowCeiling(): boolean {
    const { descriptorCeiling, loop: { os }, state: { flags, workers } } = this.#parts;
    const next = lowestDescriptor(os);
    if (next < descriptorCeiling - 2 * NEAR_CEILING) flags.setNearCeiling(false);
    return next < descriptorCeiling - (workers - 1);
  }

  /** Another worker was faster; or a Unix socket was shut down, whose events do not end and say nothing else. */
  #noteVainEvent(): void {
    if (++this.#vainEvents < VAIN_EVENTS) return;
    this.#vainEvents = 0;
    this.#rest();
  }

  /** Handles an error of accept; false: nothing more is accepted for now. */
  #mayContinue(errno: number): boolean {
    if (isLostConnection(errno)) return true;
    if (errno === EINVAL) this.close(); // shut down: the server stops
    else if (isShortage(errno)) this.#starve(errno);
    else throw new SystemError("accept4", errno, this.#parts.listener);
    return false;
  }

  #admit(descriptor: number): void {
    const { counters, loop, place, refuse, state, task, warnings } = this.#parts;
    task.fill(descriptor, this.#sockaddr, loop.now);
    counters.add(COLUMN.accepted, 1);
    const reason = this.#admission.reasonToRefuse(task.words, this.#admission.openConnections());
    if (reason === undefined) return place();
    warnings.say(reason, refusing(reason));
    counters.add(COLUMN.refused, 1);
    state.addresses.leave(descriptor);
    task.words[TASK_FIELD.kind] = TASK_KIND.refused;
    refuse();
  }

  #starve(errno: number): void {
    const { giveUpRefused, listener, loop: { os }, warnings } = this.#parts;
    warnings.say("accept", cannotAccept(errnoText(errno)));
    // The kernel looks for a descriptor first, and for a connection then.
    if (!os.awaitConnection(listener, 0)) return;
    giveUpRefused();
    this.#rest();
    this.#backOff = Math.min(2 * this.#backOff, LONGEST_BACK_OFF);
  }

  #endRest(): void {
    const { loop } = this.#parts;
    if (loop.alarm !== NEVER) loop.alarm = loop.now;
  }

  #rest(): void {
    const { loop } = this.#parts;
    this.#stopListening();
    loop.alarm = loop.now + this.#backOff;
  }

  #listen(): void {
    const { listener, loop: { registry } } = this.#parts;
    const events = this.#isExclusive ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN;
    if (registry.register(listener, this, events) < 0) return this.#rest(); // no memory
    registry.first = listener;
    this.#isListening = true;
  }

  #stopListening(): void {
    if (this.#isListening) this.#parts.loop.registry.remove(this.#parts.listener);
    this.#isListening = false;
  }
}
