/**
 * Deadlines of many connections at the price of a store: a hashed timer wheel with lazy moves.
 *
 * In: `Timer`s whose deadline is set, often, and mostly to later. Out: `expire(now)` calls
 * `onDeadline` of those that are due. A deadline moved to later only writes a number: the timer is
 * looked at when its old slot comes round, and put where it belongs by then. So a connection that
 * answers 10,000 requests within its idle time costs the wheel one move.
 * Times are milliseconds of a clock that is never set back; a timer fires up to one tick late, never early.
 */

/** Milliseconds that one slot spans: time-outs here are of seconds. */
const TICK = 128;
/** Slots of one turn; a deadline further away than a turn is looked at once a turn. */
const SLOTS = 1024;
const SLOT_MASK = SLOTS - 1;

/** No deadline. */
export const NEVER = Infinity;

/** Somebody who has a deadline. */
export interface TimerOwner {
  /** Called once when the deadline has passed; may set another one. */
  onDeadline(now: number): void;
}

/** One deadline; made by {@link TimerWheel.timer} and owned by who asked for it. */
export class Timer {
  /** When it is due, or NEVER. */
  deadline = NEVER;
  /** The tick of the slot that it hangs in, or -1. Written by the wheel. */
  tick = -1;
  /** Neighbours in the slot's list. Written by the wheel. */
  previous: Timer | null = null;
  /** The next of the slot's list. Written by the wheel. */
  next: Timer | null = null;
  /** Who is told. */
  readonly owner: TimerOwner;
  readonly #wheel: TimerWheel;

  constructor(owner: TimerOwner, wheel: TimerWheel) {
    this.owner = owner;
    this.#wheel = wheel;
  }

  /** Sets when it is due; NEVER takes it off. A later deadline than before costs one store. */
  set(deadline: number): void {
    this.deadline = deadline;
    if (this.tick < 0 ? deadline !== NEVER : deadline < this.tick * TICK) this.#wheel.place(this);
  }

  /** Takes it off for good. */
  cancel(): void {
    this.deadline = NEVER;
    if (this.tick >= 0) this.#wheel.remove(this);
  }
}

/** The deadlines of one worker. */
export class TimerWheel {
  readonly #slots: (Timer | null)[] = new Array(SLOTS).fill(null);
  // One bit a slot: finds the next one that holds something without a walk over a thousand.
  readonly #occupied = new Int32Array(SLOTS / 32);
  // Scratch of a slot's emptying: timers that were moved to later since they were hung there.
  readonly #moved: Timer[] = [];
  // Every slot before this tick has been emptied.
  #tick: number;
  #count = 0;

  /** @param now the clock's present time */
  constructor(now: number) {
    this.#tick = Math.floor(now / TICK);
  }

  /** How many timers hang in the wheel. */
  get size(): number {
    return this.#count;
  }

  /** A timer without a deadline. */
  timer(owner: TimerOwner): Timer {
    return new Timer(owner, this);
  }

  /** Hangs a timer into the slot of its deadline. For Timer alone. */
  place(timer: Timer): void {
    if (timer.tick >= 0) this.remove(timer);
    // Rounded up, so that it never fires early; never into a slot that has been emptied already.
    const tick = Math.max(Math.ceil(timer.deadline / TICK), this.#tick);
    const slot = tick & SLOT_MASK;
    const head = this.#slots[slot]!; // masked: in bounds
    timer.tick = tick;
    timer.previous = null;
    timer.next = head;
    if (head !== null) head.previous = timer;
    this.#slots[slot] = timer;
    this.#occupied[slot >> 5]! |= 1 << (slot & 31);
    this.#count++;
  }

  /** Takes a timer out of its slot. For Timer alone. */
  remove(timer: Timer): void {
    const slot = timer.tick & SLOT_MASK;
    if (timer.previous !== null) timer.previous.next = timer.next;
    else this.#slots[slot] = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    if (this.#slots[slot] === null) this.#occupied[slot >> 5]! &= ~(1 << (slot & 31));
    timer.tick = -1;
    timer.previous = null;
    timer.next = null;
    this.#count--;
  }

  /** Tells the owners of all timers that are due, each once. */
  expire(now: number): void {
    const last = Math.floor(now / TICK);
    if (this.#count === 0) {
      this.#tick = Math.max(this.#tick, last + 1);
      return;
    }
    // After a long sleep each slot is looked at once, not once for every turn slept through.
    let steps = Math.min(last - this.#tick + 1, SLOTS);
    for (let tick = last - steps + 1; steps > 0; steps--, tick++) {
      this.#tick = tick + 1;
      this.#expireSlot(tick & SLOT_MASK, now);
    }
  }

  /** Milliseconds from `now` to the next slot that holds a timer, at least 0; -1 where none does. */
  timeout(now: number): number {
    if (this.#count === 0) return -1;
    const from = this.#tick & SLOT_MASK;
    const ahead = (this.#nextOccupied(from) - from + SLOTS) & SLOT_MASK;
    return Math.max(Math.ceil((this.#tick + ahead) * TICK - now), 0);
  }

  #expireSlot(slot: number, now: number): void {
    // Always the head, never a remembered neighbour: owners set and cancel other timers meanwhile.
    for (let timer = this.#slots[slot]!; timer !== null; timer = this.#slots[slot]!) { // masked
      this.remove(timer);
      if (timer.deadline <= now) {
        timer.deadline = NEVER;
        timer.owner.onDeadline(now);
      } else if (timer.deadline !== NEVER) {
        this.#moved.push(timer);
      }
    }
    for (let moved = this.#moved.pop(); moved !== undefined; moved = this.#moved.pop()) {
      // Its owner may have been told meanwhile of another one's deadline, and set or cancelled it.
      if (moved.tick < 0 && moved.deadline !== NEVER) this.place(moved);
    }
  }

  #nextOccupied(from: number): number {
    const words = SLOTS / 32;
    let word = from >> 5;
    let bits = this.#occupied[word]! & (-1 << (from & 31)); // 32 words, masked below
    for (let i = 0; i <= words; i++) {
      if (bits !== 0) return (word << 5) + (31 - Math.clz32(bits & -bits));
      word = (word + 1) & (words - 1);
      bits = this.#occupied[word]!;
    }
    return from;
  }
}
