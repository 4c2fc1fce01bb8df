/**
 * The I/O registry: maps ready descriptors of one epoll instance to the sources that handle them.
 *
 * In: descriptors of this worker with their sources and interest. Out: `dispatch`, which hands each ready event
 * to its source. Each registration has a generation. An event for a descriptor that was closed after epoll
 * returned it does not match the current generation, and is dropped. Closing a descriptor removes it from epoll
 * by itself; `forget` only removes it from this registry.
 */

import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EpollEvents,
  EPOLLHUP,
  EPOLLRDHUP,
  expectSuccess,
  type Os,
} from "../os/mod.ts";

/** The connection has ended, or is about to: nobody waits for an answer. */
const ENDING = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/** Events between two questions to the {@link Pace}. */
const PART = 8;

/** What a long batch is interrupted for. */
export interface Pace {
  /** Called between events. */
  pause(): void;
  /** Whether more connections that have ended may be closed in this turn. */
  mayClose(): boolean;
}

const NO_PACE: Pace = { pause() {}, mayClose: () => true };

/** Handles the events of one descriptor. */
export interface Source {
  /** Called with the EPOLL… bits that are ready. */
  onReady(events: number): void;
}

/** Events that one wait returns at most; the kernel keeps the rest for the next wait. */
const BATCH = 256;

/** The descriptors that one worker waits for. */
export class IoRegistry {
  /** The epoll instance. */
  readonly descriptor: number;
  /** A descriptor whose event is dispatched before all others, as their handlers may block the thread; -1: none. */
  first = -1;
  readonly #os: Os;
  readonly #events = new EpollEvents(BATCH);
  // By descriptor: the kernel gives the lowest free number, so these stay dense.
  readonly #sources: (Source | null)[] = [];
  readonly #generations: number[] = [];
  #generation = 0;
  // The event of `first` in the last wait has been dispatched, and is at place 0.
  #firstDone = false;

  /** @throws {SystemError} if the kernel creates no epoll instance */
  constructor(os: Os) {
    this.#os = os;
    this.descriptor = expectSuccess("epoll_create1", os.epollCreate());
  }

  /**
   * Begins to wait for `events` (EPOLL… bits) of `descriptor`.
   *
   * @returns 0, or the negated errno if the kernel has no room for one more: ENOMEM, ENOSPC
   */
  register(descriptor: number, source: Source, events: number): number {
    while (this.#sources.length <= descriptor) {
      this.#sources.push(null);
      this.#generations.push(0);
    }
    this.#generation = (this.#generation + 1) | 0; // wraps: it is only compared for equality
    const added = this.#os.epollControl(
      this.descriptor,
      EPOLL_CTL_ADD,
      descriptor,
      events,
      this.#generation,
    );
    if (added < 0) return added;
    this.#sources[descriptor] = source;
    this.#generations[descriptor] = this.#generation;
    return 0;
  }

  /** Changes the events that are waited for on a registered descriptor. */
  change(descriptor: number, events: number): void {
    const generation = this.#generations[descriptor];
    if (generation === undefined) {
      throw new RangeError(`descriptor ${descriptor} is not registered`);
    }
    const changed = this.#os.epollControl(
      this.descriptor,
      EPOLL_CTL_MOD,
      descriptor,
      events,
      generation,
    );
    expectSuccess("epoll_ctl EPOLL_CTL_MOD", changed, descriptor);
  }

  /** Ends the wait for a registered descriptor that stays open. */
  remove(descriptor: number): void {
    const removed = this.#os.epollControl(this.descriptor, EPOLL_CTL_DEL, descriptor, 0, 0);
    expectSuccess("epoll_ctl EPOLL_CTL_DEL", removed, descriptor);
    this.forget(descriptor);
  }

  /** Forgets a descriptor that is about to be closed. */
  forget(descriptor: number): void {
    this.#sources[descriptor] = null;
  }

  /** Waits up to `timeout` milliseconds (-1: without limit) and returns the number of events. */
  wait(timeout: number): number {
    return expectSuccess("epoll_wait", this.#os.epollWait(this.descriptor, this.#events, timeout));
  }

  /** As {@link wait}, without blocking the thread. No other wait may begin before it is fulfilled. */
  waitAsync(timeout: number): Promise<number> {
    return this.#os.epollWaitAsync(this.descriptor, this.#events, timeout);
  }

  /**
   * Hands the `count` events of the last wait to their sources. Connections that have ended are the last: if thousands break at the same
   * moment, those that go on do not wait for the closes. For what is left of them the next wait returns at once.
   */
  dispatch(count: number, pace: Pace = NO_PACE): void {
    this.dispatchFirst(count);
    const begin = this.#firstDone ? 1 : 0;
    this.#firstDone = false;
    let ended = 0;
    for (let i = begin; i < count; i++) {
      if (i % PART === PART - 1) pace.pause();
      if ((this.#events.events(i) & ENDING) === 0) this.#dispatchOne(i);
      else ended++;
    }
    for (let i = begin; ended > 0 && i < count; i++) {
      if ((this.#events.events(i) & ENDING) === 0) continue;
      if (ended-- % PART === 0 && !pace.mayClose()) return;
      this.#dispatchOne(i);
    }
  }

  /** Hands the event of {@link first} to its source, if it is among the `count` events of the last wait. */
  dispatchFirst(count: number): void {
    if (this.first < 0 || this.#firstDone) return;
    for (let i = 0; i < count; i++) {
      if (this.#events.descriptor(i) !== this.first) continue;
      if (i > 0) this.#events.swap(0, i);
      this.#firstDone = true;
      return this.#dispatchOne(0);
    }
  }

  #dispatchOne(i: number): void {
    const events = this.#events;
    const descriptor = events.descriptor(i);
    const source = this.#sources[descriptor];
    if (source == null || this.#generations[descriptor] !== events.generation(i)) return;
    source.onReady(events.events(i));
  }

  /** Closes the epoll instance. */
  close(): void {
    this.#os.close(this.descriptor);
  }
}
