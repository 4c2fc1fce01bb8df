/**
 * A worker's loop driven by Deno's own event loop: the clock, the deadlines, and calls in a later turn.
 *
 * In: `enter` before and `leave` after the handling of one event. Out: `now`, which is constant between the
 * two; gathered bytes are sent in `leave`; one `setTimeout` serves the next deadline of the timer wheel,
 * however many connections there are. It knows no connections and needs no FFI: it is what systems other than
 * Linux use.
 */

import {
  type Deferred,
  type Gatherer,
  type Loop,
  type LoopWatch,
  type TimerNode,
  TimerWheel,
} from "../net/mod.ts";

/** Options of a loop. */
export interface DenoLoopOptions {
  /** Called at the end of each event. */
  onLeave?(): void;
  /** Is notified when the thread has none of the server's work to do. */
  readonly watch?: LoopWatch | null;
  /** Milliseconds of a clock that is never set back; default: since the start of the thread. */
  clock?(): number;
}

/** A loop that promises and timers of Deno drive. */
export class DenoLoop implements Loop {
  readonly os: Loop["os"];
  readonly timers: TimerWheel;
  #now: number;
  #inside = false;
  // The `setTimeout` for the next deadline, and its time.
  #alarm: ReturnType<typeof setTimeout> | undefined = undefined;
  #alarmAt = Infinity;
  #placed = false;
  // The `setTimeout` for what is to be sent later, and its time.
  #flushAlarm: ReturnType<typeof setTimeout> | undefined = undefined;
  #flushAt = Infinity;
  #closed = false;
  // Calls for the next turn.
  #deferred: Deferred[] = [];
  // One for each kind of session in this thread.
  readonly #gatherers: Gatherer[] = [];
  readonly #onLeave: () => void;
  readonly #watch: LoopWatch | null;
  readonly #clock: () => number;

  constructor(options: DenoLoopOptions = {}) {
    const { onLeave = () => {}, watch = null, clock = () => performance.now() } = options;
    this.#onLeave = onLeave;
    this.#watch = watch;
    this.#clock = clock;
    this.#now = clock();
    this.os = { epochMilliseconds: () => Date.now(), preciseMilliseconds: clock };
    this.timers = new AlarmedWheel(this.#now, () => this.#onPlaced());
  }

  get now(): number {
    // Code that a handler's promise runs has no `enter`: it gets the current time.
    return this.#inside ? this.#now : this.#clock();
  }

  /** An event begins: `now` is constant until {@link leave}. */
  enter(): void {
    this.#now = this.#clock();
    this.#inside = true;
    this.#watch?.woke(this.#now);
  }

  /** The event ends: what it produced is sent. */
  leave(): void {
    for (const gatherer of this.#gatherers) gatherer.flush();
    this.#onLeave();
    this.#inside = false;
    this.#watch?.sleeping();
    if (this.#placed) this.#setAlarm();
    this.#setFlushAlarm();
  }

  defer(deferred: Deferred): void {
    this.#deferred.push(deferred);
    if (this.#deferred.length === 1) setTimeout(() => this.#callDeferred(), 0);
  }

  gather(gatherer: Gatherer): void {
    this.#gatherers.push(gatherer);
  }

  /** Clears the timer and sets no other, so that the thread can end. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#alarm);
    clearTimeout(this.#flushAlarm);
  }

  #callDeferred(): void {
    const calling = this.#deferred;
    this.#deferred = [];
    this.enter();
    for (const deferred of calling) deferred.onTurn();
    this.leave();
  }

  /** A timer was placed in another slot, which may be earlier than the alarm. */
  #onPlaced(): void {
    this.#placed = true;
    if (!this.#inside) this.#setAlarm();
  }

  #setAlarm(): void {
    this.#placed = false;
    const { now } = this;
    const timeout = this.timers.timeout(now);
    // An alarm that is too early finds nothing due and is set again; that is cheaper than clearing it.
    if (this.#closed || timeout < 0 || this.#alarmAt <= now + timeout) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = now + timeout;
    this.#alarm = setTimeout(() => this.#ring(), timeout);
  }

  #setFlushAlarm(): void {
    let next = Infinity;
    for (const { flushBy = Infinity } of this.#gatherers) next = Math.min(next, flushBy);
    if (this.#closed || next >= this.#flushAt) return;
    clearTimeout(this.#flushAlarm);
    this.#flushAt = next;
    this.#flushAlarm = setTimeout(() => {
      this.#flushAt = Infinity;
      this.enter();
      this.leave();
    }, Math.max(0, Math.ceil(next - this.#clock())));
  }

  #ring(): void {
    this.#alarmAt = Infinity;
    this.#placed = true;
    this.enter();
    this.timers.expire(this.#now);
    this.leave();
  }
}

/** A timer wheel that reports when a timer was placed in a slot. */
class AlarmedWheel extends TimerWheel {
  readonly #onPlace: () => void;

  constructor(now: number, onPlace: () => void) {
    super(now);
    this.#onPlace = onPlace;
  }

  override set(node: TimerNode, deadline: number): void {
    const before = node.slotTick;
    super.set(node, deadline);
    if (node.slotTick !== before) this.#onPlace();
  }
}
