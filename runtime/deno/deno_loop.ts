/**
 * A worker's loop where Deno's own event loop turns: the clock, the deadlines, the later turn.
 *
 * In: `enter` before and `leave` after all that one event brings about. Out: `now`, which stands
 * still in between, what was gathered meanwhile is sent, and one `setTimeout` for the next deadline of
 * the timer wheel, however many connections there are. Knows no connections. Needs no FFI: it is what
 * other systems than Linux get.
 */

import {
  type Deferred,
  type Gatherer,
  type Loop,
  type LoopWatch,
  type TimerNode,
  TimerWheel,
} from "../net/mod.ts";

/** What a loop is made with. */
export interface DenoLoopOptions {
  /** Called at the end of each event. */
  onLeave?(): void;
  /** Who wants to know how long the thread has nothing of ours to do. */
  readonly watch?: LoopWatch | null;
  /** Milliseconds that are never set back; by default those since the thread began. */
  clock?(): number;
}

/** A loop that is turned by promises and timers of Deno. */
export class DenoLoop implements Loop {
  readonly os: Loop["os"];
  readonly timers: TimerWheel;
  #now: number;
  #inside = false;
  // The alarm that is set, and when it rings.
  #alarm: ReturnType<typeof setTimeout> | undefined = undefined;
  #alarmAt = Infinity;
  #placed = false;
  #closed = false;
  // Two lists, so that what is deferred by the one in hand comes a turn later.
  #deferred: Deferred[] = [];
  // One for each kind of session that there is in this thread.
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
    // What a promise of a handler sets going has no `enter`: it gets the time as it is.
    return this.#inside ? this.#now : this.#clock();
  }

  /** An event begins: the time stands still until {@link leave}. */
  enter(): void {
    this.#now = this.#clock();
    this.#inside = true;
    this.#watch?.woke(this.#now);
  }

  /** The event's end: what it led to is sent. */
  leave(): void {
    for (const gatherer of this.#gatherers) gatherer.flush();
    this.#onLeave();
    this.#inside = false;
    this.#watch?.sleeping();
    if (this.#placed) this.#setAlarm();
  }

  defer(deferred: Deferred): void {
    this.#deferred.push(deferred);
    if (this.#deferred.length === 1) setTimeout(() => this.#callDeferred(), 0);
  }

  gather(gatherer: Gatherer): void {
    this.#gatherers.push(gatherer);
  }

  /** Sets no alarm any more, so that the thread can end. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#alarm);
  }

  #callDeferred(): void {
    const inHand = this.#deferred;
    this.#deferred = [];
    this.enter();
    for (const deferred of inHand) deferred.onTurn();
    this.leave();
  }

  /** A timer hangs where it did not before: perhaps earlier than the alarm rings. */
  #onPlaced(): void {
    this.#placed = true;
    if (!this.#inside) this.#setAlarm();
  }

  #setAlarm(): void {
    this.#placed = false;
    const { now } = this;
    const timeout = this.timers.timeout(now);
    // One that rings too early finds nothing due and is set anew; that is cheaper than to clear it.
    if (this.#closed || timeout < 0 || this.#alarmAt <= now + timeout) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = now + timeout;
    this.#alarm = setTimeout(() => this.#ring(), timeout);
  }

  #ring(): void {
    this.#alarmAt = Infinity;
    this.#placed = true;
    this.enter();
    this.timers.expire(this.#now);
    this.leave();
  }
}

/** A timer wheel that tells when a timer was hung into it. */
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
