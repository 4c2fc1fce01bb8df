/**
 * Deadlines of many connections for the cost of one store each: a hashed timer wheel with lazy moves.
 *
 * In: timers whose deadline is set often, and mostly to a later time. Out: `expire(now)` calls `onDeadline` of
 * those that are due. Moving a deadline to a later time only writes a number: when the timer's old slot is
 * reached, the timer is moved to the slot where it then belongs. So a connection that answers 10,000 requests
 * within its idle time costs the wheel one move.
 *
 * The slots are linked lists through the timers themselves. An object that exists by the thousand extends
 * `TimerNode` and needs no further object; any other caller has the wheel make a `Timer`. Times are
 * milliseconds of a clock that is never set back. A timer fires up to one tick late, never early.
 */

/** Milliseconds per slot: time-outs here are of the order of seconds. */
const TICK = 128;
/** Slots of the wheel; a deadline further away than one rotation is checked once per rotation. */
const SLOTS = 1024;
const SLOT_MASK = SLOTS - 1;

/** No tick: the timer has no deadline, or is in no slot. */
const UNSET = -1;

/** No deadline. */
export const NEVER = Infinity;

/** Has a deadline. */
export interface TimerOwner {
  /** Called once when the deadline has passed; may set a new one. */
  onDeadline(now: number): void;
}

/**
 * A node of the wheel's linked lists, with one deadline. Times are whole ticks here: small integers are stored
 * in the field itself, and fractional milliseconds would need a heap number.
 */
export abstract class TimerNode implements TimerOwner {
  /** The first tick at which the timer is due, or UNSET. Written by the wheel. */
  dueTick = UNSET;
  /** The tick of the slot that holds it, or UNSET. Written by the wheel. */
  slotTick = UNSET;
  /** The previous timer in the slot's list. Written by the wheel. */
  previousTimer: TimerNode | null = null;
  /** The next timer in the slot's list. Written by the wheel. */
  nextTimer: TimerNode | null = null;

  /** Called by the wheel alone. */
  abstract onDeadline(now: number): void;
}

/** One deadline; made by {@link TimerWheel.timer} and owned by the caller. */
export class Timer extends TimerNode {
  readonly #owner: TimerOwner;
  readonly #wheel: TimerWheel;

  constructor(owner: TimerOwner, wheel: TimerWheel) {
    super();
    this.#owner = owner;
    this.#wheel = wheel;
  }

  /** Sets when it is due; NEVER clears the deadline. A later deadline than before costs one store. */
  set(deadline: number): void {
    this.#wheel.set(this, deadline);
  }

  /** Removes it from the wheel. */
  cancel(): void {
    this.#wheel.cancel(this);
  }

  override onDeadline(now: number): void {
    this.#owner.onDeadline(now);
  }
}

/** The deadlines of one worker. */
export class TimerWheel {
  readonly #slots: (TimerNode | null)[] = new Array(SLOTS).fill(null);
  // One bit per slot, to find the next non-empty slot without a walk over a thousand.
  readonly #occupied = new Int32Array(SLOTS / 32);
  // Scratch of `#expireSlot`: timers of the slot whose deadline was moved to a later time.
  readonly #moved: TimerNode[] = [];
  // Every slot before this tick has been emptied.
  #tick: number;
  #count = 0;

  /** @param now the clock's present time */
  constructor(now: number) {
    this.#tick = Math.floor(now / TICK);
  }

  /** How many timers are in the wheel. */
  get size(): number {
    return this.#count;
  }

  /** A timer without a deadline. */
  timer(owner: TimerOwner): Timer {
    return new Timer(owner, this);
  }

  /** Sets when `node` is due; NEVER clears its deadline. A later deadline than before costs one store. */
  set(node: TimerNode, deadline: number): void {
    // Rounded up, so that it never fires early.
    node.dueTick = deadline === NEVER ? UNSET : Math.ceil(deadline / TICK);
    if (node.dueTick === UNSET) return;
    if (node.slotTick === UNSET || node.dueTick < node.slotTick) this.#place(node);
  }

  /** When `node` is due, up to a tick later than it was set to, or NEVER. */
  deadlineOf(node: TimerNode): number {
    return node.dueTick === UNSET ? NEVER : node.dueTick * TICK;
  }

  /** Removes `node` from the wheel. */
  cancel(node: TimerNode): void {
    node.dueTick = UNSET;
    if (node.slotTick !== UNSET) this.#remove(node);
  }

  /** Calls the owners of all timers that are due, each once. */
  expire(now: number): void {
    const last = Math.floor(now / TICK);
    if (this.#count === 0) {
      this.#tick = Math.max(this.#tick, last + 1);
      return;
    }
    // After a long sleep each slot is checked once, not once per missed rotation.
    let steps = Math.min(last - this.#tick + 1, SLOTS);
    for (let tick = last - steps + 1; steps > 0; steps--, tick++) {
      this.#tick = tick + 1;
      this.#expireSlot(tick & SLOT_MASK, now);
    }
  }

  /** Milliseconds from `now` to the next slot that holds a timer, at least 0; -1 if there is none. */
  timeout(now: number): number {
    if (this.#count === 0) return -1;
    const from = this.#tick & SLOT_MASK;
    const ahead = (this.#nextOccupied(from) - from + SLOTS) & SLOT_MASK;
    return Math.max(Math.ceil((this.#tick + ahead) * TICK - now), 0);
  }

  #expireSlot(slot: number, now: number): void {
    const last = Math.floor(now / TICK);
    // Always the head, never a remembered neighbour: owners set and cancel other timers in their calls.
    for (let timer = this.#slots[slot]!; timer !== null; timer = this.#slots[slot]!) { // masked
      this.#remove(timer);
      if (timer.dueTick === UNSET) continue;
      if (timer.dueTick <= last) {
        timer.dueTick = UNSET;
        timer.onDeadline(now);
      } else {
        this.#moved.push(timer);
      }
    }
    for (let moved = this.#moved.pop(); moved !== undefined; moved = this.#moved.pop()) {
      // Another timer's owner may have set or cancelled it in the meantime.
      if (moved.slotTick === UNSET && moved.dueTick !== UNSET) this.#place(moved);
    }
  }

  /** Inserts a timer into the slot of its deadline. */
  #place(timer: TimerNode): void {
    if (timer.slotTick !== UNSET) this.#remove(timer);
    // Never into a slot that has been expired already.
    const tick = Math.max(timer.dueTick, this.#tick);
    const slot = tick & SLOT_MASK;
    const head = this.#slots[slot]!; // masked: in bounds
    timer.slotTick = tick;
    timer.previousTimer = null;
    timer.nextTimer = head;
    if (head !== null) head.previousTimer = timer;
    this.#slots[slot] = timer;
    this.#occupied[slot >> 5]! |= 1 << (slot & 31);
    this.#count++;
  }

  /** Takes a timer out of its slot. */
  #remove(timer: TimerNode): void {
    const slot = timer.slotTick & SLOT_MASK;
    if (timer.previousTimer !== null) timer.previousTimer.nextTimer = timer.nextTimer;
    else this.#slots[slot] = timer.nextTimer;
    if (timer.nextTimer !== null) timer.nextTimer.previousTimer = timer.previousTimer;
    if (this.#slots[slot] === null) this.#occupied[slot >> 5]! &= ~(1 << (slot & 31));
    timer.slotTick = UNSET;
    timer.previousTimer = null;
    timer.nextTimer = null;
    this.#count--;
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
