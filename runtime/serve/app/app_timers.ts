/**
 * `setTimeout` and its kin for an app, on the worker's own loop: a timer of Deno's costs a turn of Deno's loop, and answers of
 * its callbacks would be sent one by one.
 *
 * In: calls of the app's modules, which get these functions in place of the global ones (module_runner.ts); the clock of the loop
 * that serves them. Out: callbacks, in the order of their deadlines, and of their calls if these are equal. They are never early.
 * What the loop does not serve, before its first turn and after its last, is a timer of Deno's. So are calls with anything
 * but a function, and with delays that Deno changes. A timer is an object with the methods of Node's, and serves as a number.
 */

import type { AlarmClock, Alarms } from "../../net/mod.ts";

/** Beyond it, Deno decides. */
const LONGEST = 2 ** 31 - 1;
/** As in Node and Bun: without it, an interval of 0 takes all turns of the loop. */
const LEAST_INTERVAL = 1;
/** Not in the heap. */
const NOWHERE = -1;

type Callback = (...args: unknown[]) => unknown;
type Functions = Pick<
  typeof globalThis,
  "setTimeout" | "setInterval" | "clearTimeout" | "clearInterval"
>;

const { setTimeout: denoTimeout, clearTimeout: denoClear, reportError: report } = globalThis;
const { setInterval: denoInterval } = globalThis;

/** Numbers of timers that somebody has asked for. They begin where those of Deno's will never be. */
let lastNumber = 2 ** 40;

/** The timers of one thread. */
export class AppTimers implements Alarms {
  /** A binary heap: the first one is due first. */
  readonly #heap: AppTimer[] = [];
  readonly #numbered = new Map<number, AppTimer>();
  #calls = 0;
  #clock: AlarmClock | null = null;

  /** What the app's modules call. */
  readonly functions: Functions = {
    setTimeout: this.#setter(false, denoTimeout) as Functions["setTimeout"],
    setInterval: this.#setter(true, denoInterval) as Functions["setInterval"],
    clearTimeout: (timer) => this.#clear(timer),
    clearInterval: (timer) => this.#clear(timer),
  };

  get next(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0]!.deadline;
  }

  serve(clock: AlarmClock | null): void {
    const before = this.#clock;
    this.#clock = clock;
    if (clock !== null || before === null) return;
    for (const timer of this.#heap.splice(0)) {
      timer.place = NOWHERE;
      timer.handOver(Math.max(timer.deadline - before.now(), 0));
    }
  }

  expire(now: number): number {
    // What the callbacks set is for the next turn, even without a delay.
    const last = this.#calls;
    let count = 0;
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.deadline > now || first.call > last) break;
      count++;
      this.#remove(first);
      if (first.interval >= 0) this.#place(first, now + first.interval);
      try {
        first.run();
      } catch (error) {
        report(error); // as Deno: an "error" event
      }
    }
    return count;
  }

  /** Sets a timer again, from now on. For the timer. */
  set(timer: AppTimer, delay: number): void {
    if (this.#clock === null) return timer.handOver(delay);
    if (timer.place !== NOWHERE) this.#remove(timer);
    const before = this.next;
    this.#place(timer, this.#clock.now() + delay);
    if (timer.deadline < before) this.#clock.sooner(delay);
  }

  /** Removes a timer. For the timer. */
  unset(timer: AppTimer): void {
    if (timer.place !== NOWHERE) this.#remove(timer);
  }

  /** Keeps a timer whose number is known. For the timer. */
  number(timer: AppTimer): number {
    this.#numbered.set(++lastNumber, timer);
    return lastNumber;
  }

  /** A timer that is over need not be known by its number any more. For the timer. */
  forget(number: number): void {
    this.#numbered.delete(number);
  }

  /** What sets timers, or has Deno set them. */
  #setter(repeats: boolean, deno: typeof denoTimeout | typeof denoInterval): unknown {
    return (callback: Callback, delay?: number, ...args: unknown[]) =>
      this.#take(callback, delay, args, repeats) ?? deno(callback, delay, ...args);
  }

  /** Undefined: it is for Deno. */
  #take(
    callback: unknown,
    given: unknown,
    args: unknown[],
    repeats: boolean,
  ): AppTimer | undefined {
    if (this.#clock === null || typeof callback !== "function") return undefined;
    const delay = Math.max(Number(given) || 0, 0);
    if (delay > LONGEST) return undefined;
    const timer = new AppTimer(this, callback as Callback, args, delay, repeats);
    this.set(timer, delay);
    return timer;
  }

  #clear(timer: unknown): void {
    if (timer instanceof AppTimer) return void timer.close();
    const known = this.#numbered.get(Number(timer));
    if (known !== undefined) known.close();
    else denoClear(timer as number);
  }

  #place(timer: AppTimer, deadline: number): void {
    timer.deadline = deadline;
    timer.call = ++this.#calls;
    this.#heap.push(timer);
    this.#rise(timer, this.#heap.length - 1);
  }

  #remove(timer: AppTimer): void {
    const last = this.#heap.pop()!;
    const { place } = timer;
    timer.place = NOWHERE;
    if (last === timer) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  /** Moves `timer` up from `place`, which is free. */
  #rise(timer: AppTimer, place: number): void {
    const heap = this.#heap;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above]!;
      if (!timer.isBefore(parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = above;
    }
    heap[place] = timer;
    timer.place = place;
  }

  #sink(timer: AppTimer, place: number): void {
    const heap = this.#heap;
    for (let below = 2 * place + 1; below < heap.length; below = 2 * place + 1) {
      const [left, right] = [heap[below]!, heap[below + 1]];
      const least = right !== undefined && right.isBefore(left) ? right : left;
      if (!least.isBefore(timer)) break;
      const { place: free } = least;
      heap[place] = least;
      least.place = place;
      place = free;
    }
    heap[place] = timer;
    timer.place = place;
  }
}

/** One timer, as the app gets it. */
class AppTimer {
  /** By the clock of the loop. Written by the heap. */
  deadline = 0;
  /** Its place in the order of calls. Written by the heap. */
  call = 0;
  /** Its index in the heap. Written by the heap. */
  place = NOWHERE;
  /** Milliseconds between two calls; negative: there is one. */
  readonly interval: number;
  readonly #timers: AppTimers;
  readonly #callback: Callback;
  readonly #args: unknown[];
  readonly #delay: number;
  #number = NaN;
  #isReferenced = true;
  // A timer of Deno's in its place.
  #deno: ReturnType<typeof denoTimeout> | undefined = undefined;

  constructor(
    timers: AppTimers,
    callback: Callback,
    args: unknown[],
    delay: number,
    repeats: boolean,
  ) {
    this.#timers = timers;
    this.#callback = callback;
    this.#args = args;
    this.#delay = delay;
    this.interval = repeats ? Math.max(delay, LEAST_INTERVAL) : -1;
  }

  /** Whether it is called before another one. */
  isBefore(other: AppTimer): boolean {
    return this.deadline < other.deadline ||
      this.deadline === other.deadline && this.call < other.call;
  }

  /** Calls the callback. */
  run(): void {
    if (this.interval < 0) this.#forget();
    this.#callback(...this.#args);
  }

  /** Deno serves it from now on. */
  handOver(delay: number): void {
    this.#clearDeno();
    this.#deno = denoTimeout(() => {
      if (this.interval >= 0) this.handOver(this.interval);
      this.run();
    }, delay);
  }

  /** As Node's: begins again, also if it is over. */
  refresh(): this {
    this.#timers.set(this, this.#delay);
    return this;
  }

  /** As Node's: clears it. */
  close(): this {
    this.#timers.unset(this);
    this.#clearDeno();
    this.#forget();
    return this;
  }

  /** As Node's: it changes nothing, as the server goes on anyway. */
  ref(): this {
    this.#isReferenced = true;
    return this;
  }

  /** As Node's: it changes nothing. */
  unref(): this {
    this.#isReferenced = false;
    return this;
  }

  /** What the last call of `ref` or `unref` has said. */
  hasRef(): boolean {
    return this.#isReferenced;
  }

  /** The number of the timer, which clears it as well. */
  [Symbol.toPrimitive](): number {
    if (Number.isNaN(this.#number)) this.#number = this.#timers.number(this);
    return this.#number;
  }

  /** Clears it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #clearDeno(): void {
    if (this.#deno !== undefined) denoClear(this.#deno as unknown as number);
    this.#deno = undefined;
  }

  #forget(): void {
    if (!Number.isNaN(this.#number)) this.#timers.forget(this.#number);
  }
}

/** Those of this thread. */
export const appTimers = new AppTimers();
