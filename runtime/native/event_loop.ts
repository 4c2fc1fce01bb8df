/**
 * One worker's turn: wait, hand out events, expire timers.
 *
 * In: an `Os`. Out: a turn, which is a wait and a dispatch of what it brought. `wait` blocks the thread up to the
 * next deadline, `waitAsync` does not.
 * The loop knows descriptors and deadlines, not connections, tasks or promises.
 * `now` is read once a turn: all that happens in one turn happens at one time.
 */

import { type Deferred, type Gatherer, type LoopWatch, TimerWheel } from "../net/mod.ts";
import type { Os } from "../os/mod.ts";
import { IoRegistry } from "./io_registry.ts";

/**
 * The longest wait that leaves the thread, in milliseconds. Handlers may set deadlines while it waits on
 * another thread, and it cannot be told; so it looks again this often.
 */
const ASYNC_WAIT = 100;

/** Waits for descriptors and deadlines. */
export class EventLoop {
  readonly os: Os;
  readonly registry: IoRegistry;
  readonly timers: TimerWheel;
  /** Milliseconds of the monotonic clock at the beginning of this turn. */
  now: number;
  readonly #watch: LoopWatch | null;

  // Two lists, so that what is deferred by the one in hand comes a turn later.
  #deferred: Deferred[] = [];
  #inHand: Deferred[] = [];
  #gatherer: Gatherer | null = null;

  /** @param watch where there is one, `now` is right to the microsecond too */
  constructor(os: Os, watch: LoopWatch | null = null) {
    this.os = os;
    this.#watch = watch;
    this.now = this.#clock();
    this.registry = new IoRegistry(os);
    this.timers = new TimerWheel(this.now);
  }

  /**
   * One turn. `block`: waits for the first event or deadline; else takes only what is ready.
   *
   * @returns how many events there were
   */
  turn(block: boolean): number {
    const count = this.wait(block ? Infinity : 0);
    this.dispatch(count);
    return count;
  }

  /**
   * Waits for the first event or deadline, `longest` milliseconds at most; 0: takes only what is ready.
   *
   * @returns how many events there are, to be dispatched before the next wait
   */
  wait(longest: number): number {
    this.#gatherer?.flush();
    const mayBlock = longest > 0 && this.#deferred.length === 0;
    if (mayBlock) this.#watch?.sleeping();
    const count = this.registry.wait(mayBlock ? this.#timeout(longest) : 0);
    this.#woke(mayBlock);
    return count;
  }

  /** Hands out what the last wait brought, and what is due by now. */
  dispatch(count: number): void {
    this.registry.dispatch(count);
    this.timers.expire(this.now);
    if (this.#deferred.length > 0) this.#callDeferred();
    this.#gatherer?.flush();
  }

  /** As {@link wait}, leaving the thread to promises; a tenth of a second at most. */
  async waitAsync(longest: number): Promise<number> {
    this.#gatherer?.flush();
    this.#watch?.sleeping();
    const timeout = this.#deferred.length > 0 ? 0 : this.#timeout(Math.min(longest, ASYNC_WAIT));
    const count = await this.registry.waitAsync(timeout);
    this.#woke(true);
    return count;
  }

  /** Has `deferred` called in the next turn, after what became ready meanwhile. */
  defer(deferred: Deferred): void {
    this.#deferred.push(deferred);
  }

  /** Has `gatherer` send what it gathers, from now on. */
  gather(gatherer: Gatherer): void {
    this.#gatherer = gatherer;
  }

  /** Gives the epoll instance back. */
  close(): void {
    this.registry.close();
  }

  /** Brings `now` up to date, where more is to happen before the next turn. */
  refresh(): void {
    this.now = this.#clock();
  }

  #clock(): number {
    return this.#watch === null ? this.os.monotonicMilliseconds() : this.os.preciseMilliseconds();
  }

  #woke(waited: boolean): void {
    this.now = this.#clock();
    if (waited) this.#watch?.woke(this.now);
  }

  /** Up to the next deadline; -1: there is none, nor another bound. */
  #timeout(longest: number): number {
    const timeout = this.timers.timeout(this.now);
    if (longest === Infinity) return timeout;
    return timeout < 0 ? longest : Math.min(timeout, longest);
  }

  #callDeferred(): void {
    const inHand = this.#deferred;
    this.#deferred = this.#inHand;
    this.#inHand = inHand;
    for (const deferred of inHand) deferred.onTurn();
    inHand.length = 0;
  }
}
