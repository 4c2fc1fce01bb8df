/**
 * Which descriptor's events go to whom: the seed's I/O registry, on epoll instead of ppoll.
 *
 * In: descriptors of this worker with their sources and interest. Out: `dispatch`, which hands each
 * ready event to its source. A registration has a generation: an event that epoll had already given
 * for a descriptor closed meanwhile finds another generation, or nobody, and is dropped.
 * Closing a descriptor takes it out of epoll by itself; `forget` only takes it out of here.
 */

import { EPOLL_CTL_ADD, EPOLL_CTL_MOD, EpollEvents, expectSuccess, type Os } from "../os/mod.ts";

/** Somebody who waits for a descriptor to become ready. */
export interface Source {
  /** Called with the EPOLL… bits that hold now. */
  onReady(events: number): void;
}

/** The event buffer of one wait; the rest stays with the kernel for the next. */
const BATCH = 256;

/** The descriptors that one worker waits for. */
export class IoRegistry {
  /** The epoll instance. */
  readonly descriptor: number;
  readonly #os: Os;
  readonly #events = new EpollEvents(BATCH);
  // By descriptor: the kernel gives the lowest free number, so these stay dense.
  readonly #sources: (Source | null)[] = [];
  readonly #generations: number[] = [];
  #generation = 0;

  /** @throws {SystemError} where the kernel gives no epoll instance */
  constructor(os: Os) {
    this.#os = os;
    this.descriptor = expectSuccess("epoll_create1", os.epollCreate());
  }

  /**
   * Starts to wait for `events` (EPOLL… bits) of `descriptor`.
   *
   * @returns 0, or the negated errno where the kernel has no room for one more: ENOMEM, ENOSPC
   */
  register(descriptor: number, source: Source, events: number): number {
    while (this.#sources.length <= descriptor) {
      this.#sources.push(null);
      this.#generations.push(0);
    }
    this.#generation = (this.#generation + 1) | 0; // wraps: only equality is asked
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

  /** Waits for other events of a registered descriptor from now on. */
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

  /** Drops a descriptor that is about to be closed. */
  forget(descriptor: number): void {
    this.#sources[descriptor] = null;
  }

  /** Waits up to `timeout` milliseconds (-1: for ever) and answers how many events there are. */
  wait(timeout: number): number {
    return expectSuccess("epoll_wait", this.#os.epollWait(this.descriptor, this.#events, timeout));
  }

  /** The same without blocking the thread. No other wait may be made before it is fulfilled. */
  waitAsync(timeout: number): Promise<number> {
    return this.#os.epollWaitAsync(this.descriptor, this.#events, timeout);
  }

  /** Hands the `count` events of the last wait to their sources. */
  dispatch(count: number): void {
    const events = this.#events;
    for (let i = 0; i < count; i++) {
      const descriptor = events.descriptor(i);
      const source = this.#sources[descriptor];
      if (source == null || this.#generations[descriptor] !== events.generation(i)) continue;
      source.onReady(events.events(i));
    }
  }

  /** Gives the epoll instance back. */
  close(): void {
    this.#os.close(this.descriptor);
  }
}
