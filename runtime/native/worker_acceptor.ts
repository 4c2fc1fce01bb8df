/**
 * How a worker accepts: it takes connections off the listening socket that all workers share.
 *
 * In: events of the listening socket. Out: connections for this worker, or tasks on the ring if another worker
 * should serve them (load_balance.ts). The socket is in the epoll set of each worker with EPOLLEXCLUSIVE, so that an
 * arrival wakes one sleeping worker. Measured with one request per connection: 40 % less CPU each than by way of
 * the acceptor thread, which has to wake a worker.
 *
 * It never blocks the thread. While there is no descriptor or no memory, or while accepting is paused, it does not
 * listen for a moment. A connection with a descriptor that is reserved for files is held until a lower number is free.
 */

import {
  Admission,
  type AdmissionLimits,
  cannotAccept,
  type ConnectionTask,
  NEVER,
  TimerNode,
} from "../net/mod.ts";
import {
  EAGAIN,
  EINVAL,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLEXCLUSIVE,
  EPOLLIN,
  errnoText,
  isLostConnection,
  SOCKADDR_BYTES,
  SystemError,
} from "../os/mod.ts";
import { COLUMN, type Counters, type SharedState, TASK_FIELD, TASK_KIND } from "../ring/mod.ts";
import type { Warnings } from "../thread/mod.ts";
import type { EventLoop } from "./event_loop.ts";
import type { Source } from "./io_registry.ts";

/** Connections accepted per event: the descriptors that the worker has already get their turn in between. */
const ACCEPTS = 8;
/** Milliseconds for which it does not listen if it cannot accept. */
const BACK_OFF = 20;

/** What accepting needs of its worker. */
export interface WorkerAcceptorParts {
  readonly listener: number;
  readonly worker: number;
  /** Where each accepted connection is filled in. */
  readonly task: ConnectionTask;
  readonly loop: EventLoop;
  readonly state: SharedState;
  readonly counters: Counters;
  readonly limits: AdmissionLimits;
  /** No connection gets this descriptor or a higher one. */
  readonly descriptorCeiling: number;
  readonly warnings: Warnings;
  /** Sends the operator a warning. */
  warn(text: string): void;
  /** Serves the connection of the task, or leaves it to another worker. */
  place(): void;
  /** Refuses the connection of the task. */
  refuse(): void;
}

/** Accepts connections for one worker. */
export class WorkerAcceptor extends TimerNode implements Source {
  readonly #parts: WorkerAcceptorParts;
  readonly #admission: Admission;
  readonly #sockaddr = new Uint8Array(SOCKADDR_BYTES);
  #isListening = false;
  #isClosed = false;
  #isStarved = false;
  // A connection whose descriptor is too high, or -1.
  #held = -1;

  constructor(parts: WorkerAcceptorParts) {
    super();
    this.#parts = parts;
    this.#admission = new Admission(parts.state, parts.counters, parts.limits);
  }

  /** Begins to accept; further calls do nothing. */
  open(): void {
    const { loop } = this.#parts;
    if (this.#isListening || this.#isClosed || loop.timers.deadlineOf(this) !== NEVER) return;
    this.#listen();
  }

  /** Ends accepting for good. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#parts.loop.timers.cancel(this);
    if (this.#held >= 0) this.#admitHeld(this.#held);
  }

  /** There may be connections; another worker may be faster. */
  onReady(): void {
    const { listener, loop: { os }, state: { flags } } = this.#parts;
    for (let i = 0; i < ACCEPTS; i++) {
      if (flags.isAcceptingPaused()) return this.#rest();
      const accepted = os.accept(listener, this.#sockaddr);
      if (accepted === -EAGAIN) return;
      if (accepted < 0 ? !this.#mayContinue(-accepted) : !this.#accepted(accepted)) return;
    }
  }

  /** Time to try again. */
  override onDeadline(): void {
    if (this.#held >= 0 && !this.#moveHeld(this.#held)) return this.#rest();
    this.#listen();
  }

  /** False: nothing more is accepted for now. */
  #accepted(descriptor: number): boolean {
    const { descriptorCeiling, state, worker } = this.#parts;
    if (descriptor >= descriptorCeiling) {
      // If this worker died, it would be closed.
      state.descriptors.claim(descriptor, worker);
      this.#held = descriptor;
      this.#starve(EMFILE);
      return false;
    }
    this.#isStarved = false;
    this.#admit(descriptor);
    return true;
  }

  /** Handles an error of accept; false: nothing more is accepted for now. */
  #mayContinue(errno: number): boolean {
    switch (errno) {
      case EINVAL: // shut down: the server stops
        this.close();
        return false;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        this.#starve(errno);
        return false;
      default:
        if (isLostConnection(errno)) return true;
        throw new SystemError("accept4", errno, this.#parts.listener);
    }
  }

  #admit(descriptor: number): void {
    const { counters, loop, place, refuse, state, task, warnings } = this.#parts;
    task.fill(descriptor, this.#sockaddr, loop.now);
    counters.add(COLUMN.accepted, 1);
    const reason = this.#admission.reasonToRefuse(task.words, this.#admission.openConnections());
    if (reason === undefined) return place();
    warnings.say(reason, `${reason}: refusing more with 503`);
    counters.add(COLUMN.refused, 1);
    state.addresses.leave(descriptor);
    task.words[TASK_FIELD.kind] = TASK_KIND.refused;
    refuse();
  }

  /** Moves the held connection below the ceiling and admits it; false if no lower descriptor is free. */
  #moveHeld(held: number): boolean {
    const { descriptorCeiling, loop: { os } } = this.#parts;
    const copy = os.duplicate(held);
    if (copy < 0) return false;
    const isLower = copy < descriptorCeiling;
    if (isLower) this.#parts.state.descriptors.release(held);
    os.close(isLower ? held : copy);
    if (isLower) this.#admitHeld(copy);
    return isLower;
  }

  /** Its address is still that of the last accept. */
  #admitHeld(descriptor: number): void {
    this.#held = -1;
    this.#admit(descriptor);
  }

  #starve(errno: number): void {
    if (!this.#isStarved) this.#parts.warn(cannotAccept(errnoText(errno)));
    this.#isStarved = true;
    this.#rest();
  }

  #rest(): void {
    const { loop } = this.#parts;
    this.#stopListening();
    loop.timers.set(this, loop.now + BACK_OFF);
  }

  #listen(): void {
    const { listener, loop: { registry } } = this.#parts;
    const added = registry.register(listener, this, EPOLLIN | EPOLLEXCLUSIVE);
    if (added < 0) return this.#starve(-added);
    registry.first = listener;
    this.#isListening = true;
  }

  #stopListening(): void {
    if (this.#isListening) this.#parts.loop.registry.remove(this.#parts.listener);
    this.#isListening = false;
  }
}
