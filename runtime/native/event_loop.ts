/**
 * One worker's event loop: wait, dispatch events, expire timers.
 *
 * In: an `Os`. Out: turns; a turn is a wait, and a dispatch of the events that it returned. `wait` blocks the
 * thread up to the next deadline, `waitAsync` does not. The loop knows descriptors and deadlines, and no
 * connections, tasks or promises. `now` is read once per turn: everything in one turn happens at the same time.
 */

import {
  type Alarms,
  type Deferred,
  type Gatherer,
  type LoopWatch,
  NEVER,
  TimerWheel,
} from "../net/mod.ts";
import type { Os } from "../os/mod.ts";
import { GivingWay } from "./giving_way.ts";
import { IoRegistry } from "./io_registry.ts";
import { TurnPace } from "./turn_pace.ts";

/**
 * The longest asynchronous wait, in milliseconds. Handlers may set deadlines while it runs on another thread,
 * and it cannot be shortened; so it ends this often.
 */
const ASYNC_WAIT = 100;

/** Waits for descriptors and deadlines. */
export class EventLoop {
  readonly os: Os;
  readonly registry: IoRegistry;
  readonly timers: TimerWheel;
  /** Milliseconds of the monotonic clock at the beginning of this turn. */
  now: number;
  /** A wait ends at this time, in the loop's milliseconds, without a timer's delay; for one owner. */
  alarm = NEVER;
  /** Called if something is deferred during a wait that is not this thread's: it should end soon. */
  onDeferred: () => void = () => {};
  readonly #watch: LoopWatch | null;
  readonly #givingWay: GivingWay;
  readonly #pace: TurnPace;
  // During a wait in which the thread runs promises.
  #isAway = false;

  #alarms: Alarms | null = null;

  // Two lists, so that a call deferred during `#callDeferred` comes a turn later.
  #deferred: Deferred[] = [];
  #calling: Deferred[] = [];
  #gatherer: Gatherer | null = null;

  /** @param watch if given, `now` has microsecond precision */
  constructor(os: Os, watch: LoopWatch | null = null) {
    this.os = os;
    this.#watch = watch;
    this.#givingWay = new GivingWay(os);
    this.#pace = new TurnPace(os, () => {
      this.refresh();
      this.#gatherer?.flush();
    });
    this.now = this.#clock();
    this.registry = new IoRegistry(os);
    this.timers = new TimerWheel(this.now);
  }

  /**
   * Runs one turn. With `block` it waits for the first event or deadline; else it handles only events that are ready.
   *
   * @returns how many events and alarms there were
   */
  turn(block: boolean): number {
    const count = this.wait(block ? Infinity : 0);
    return count + this.dispatch(count);
  }

  /**
   * Runs a turn that does not ask the kernel for events.
   *
   * @returns false if there is something that must follow them: then nothing was done
   */
  turnWithoutEvents(): boolean {
    if (this.#deferred.length > 0) return false;
    this.refresh();
    this.dispatch(0);
    return true;
  }

  /**
   * Waits for the first event or deadline, `longest` milliseconds at most; with 0 it does not wait.
   *
   * @returns how many events there are, to be dispatched before the next wait
   */
  wait(longest: number): number {
    this.#gatherer?.flush();
    this.#givingWay.offer();
    const mayBlock = longest > 0 && this.#deferred.length === 0;
    if (mayBlock) this.#watch?.sleeping();
    const count = this.registry.wait(mayBlock ? this.#timeout(longest) : 0);
    this.#woke(mayBlock);
    return count;
  }

  /**
   * Dispatches the events of the last wait, then the timers that are due.
   *
   * @returns how many alarms there were: see {@link serve}
   */
  dispatch(count: number): number {
    this.#givingWay.note(count);
    if (count > 1) this.#pace.begin();
    this.registry.dispatch(count, this.#pace);
    this.timers.expire(this.now);
    const alarms = this.#expireAlarms();
    if (this.#deferred.length > 0) this.#callDeferred();
    this.#gatherer?.flush();
    return alarms;
  }

  /** Dispatches an event of the last wait that comes first, if there is one; then {@link dispatch} does the rest. */
  dispatchFirst(count: number): void {
    this.registry.dispatchFirst(count);
  }

  /** As {@link wait}, but the thread runs promises meanwhile; a tenth of a second at most. */
  async waitAsync(longest: number): Promise<number> {
    const timeout = this.beginWait(longest);
    const count = await this.registry.waitAsync(timeout);
    this.#isAway = false;
    this.#woke(true);
    return count;
  }

  /**
   * The caller waits by itself for the registry's epoll instance, and then calls {@link endWait}. The thread may run
   * promises meanwhile. Called again, it continues the wait.
   *
   * @returns how many milliseconds it may wait: a tenth of a second at most, or `most`
   */
  beginWait(longest: number, most = ASYNC_WAIT): number {
    this.#gatherer?.flush();
    if (!this.#isAway) this.#watch?.sleeping();
    this.#isAway = true;
    return this.#deferred.length > 0 ? 0 : this.#timeout(Math.min(longest, most));
  }

  /** Ends what {@link beginWait} began, and returns what {@link wait} does. */
  endWait(): number {
    this.#isAway = false;
    const count = this.registry.wait(0);
    this.#woke(true);
    return count;
  }

  /** Calls `deferred` in the next turn, after the events that became ready in the meantime. */
  defer(deferred: Deferred): void {
    if (this.#deferred.push(deferred) === 1 && this.#isAway) this.onDeferred();
  }

  /**
   * From now on, serves `alarms`; null: those of before no longer.
   *
   * @param sooner ends a wait that has begun in so many milliseconds
   */
  serve(alarms: Alarms | null, sooner: (milliseconds: number) => void = () => {}): void {
    this.#alarms?.serve(null);
    this.#alarms = alarms;
    alarms?.serve({
      now: () => this.os.preciseMilliseconds(),
      sooner: (milliseconds) => {
        if (this.#isAway) sooner(milliseconds);
      },
    });
  }

  /** From now on, also flushes `gatherer` at the end of each batch and before each wait. */
  gather(gatherer: Gatherer): void {
    const others = this.#gatherer;
    this.#gatherer = others === null ? gatherer : {
      flush() {
        others.flush();
        gatherer.flush();
      },
      get flushBy() {
        return Math.min(others.flushBy ?? NEVER, gatherer.flushBy ?? NEVER);
      },
    };
  }

  /** Closes the epoll instance. */
  close(): void {
    this.registry.close();
  }

  /** Updates `now` within a turn. */
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

  /** Milliseconds up to the next deadline; -1 if there is no deadline and no other limit. */
  #timeout(longest: number): number {
    const timeout = this.timers.timeout(this.now);
    const most = Math.min(longest, this.#untilAlarm(), this.#untilFlush());
    if (most === Infinity) return timeout;
    return timeout < 0 ? most : Math.min(timeout, most);
  }

  /** Milliseconds up to the first alarm; Infinity: there is none. */
  #untilAlarm(): number {
    const own = Math.max(0, Math.ceil(this.alarm - this.now));
    const next = this.#alarms?.next ?? Infinity;
    if (next === Infinity) return own;
    return Math.min(own, Math.max(0, Math.ceil(next - this.os.preciseMilliseconds())));
  }

  /** Milliseconds up to the moment at which something gathered is to be sent; Infinity: there is none. */
  #untilFlush(): number {
    const flushBy = this.#gatherer?.flushBy ?? NEVER;
    if (flushBy === NEVER) return NEVER;
    return Math.max(0, Math.ceil(flushBy - this.os.preciseMilliseconds()));
  }

  #expireAlarms(): number {
    const alarms = this.#alarms;
    if (alarms === null || alarms.next === Infinity) return 0;
    return alarms.expire(this.os.preciseMilliseconds());
  }

  #callDeferred(): void {
    const calling = this.#deferred;
    this.#deferred = this.#calling;
    this.#calling = calling;
    for (const deferred of calling) deferred.onTurn();
    calling.length = 0;
  }
}
