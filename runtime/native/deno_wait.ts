/**
 * How a worker with an app waits: for its own descriptors and for Deno's event loop, which has the app's timers and sockets.
 *
 * In: the worker's epoll instance and its bell (deno_bell.ts). Out: two waits.
 * - A short wait of the worker's own loop, a millisecond at most, with Deno's epoll instance among the worker's descriptors: it
 *   ends if either loop has something to do. It is the cheap one, as a request that comes meanwhile costs one system call.
 * - `sleep` leaves the thread to Deno's loop, until the kernel rings the bell because the worker's epoll instance has
 *   events: os/wake_ring.ts. Without io_uring a thread of Deno's pool waits, by a non-blocking FFI call. Measured: woken after
 *   25 µs, or 190.
 *
 * The pool has 32 threads, which the app's files need, too: if they are all waiting for a slow disk, that call does not begin.
 * Then a timer of Deno's ends the sleep every two milliseconds, until it does.
 *
 * Deno has work that no descriptor shows (files, digests, fetch), so that a block must be short, and must not begin while
 * a handler is pending.
 */

import {
  denoEpoll,
  EPOLLET,
  EpollEvents,
  EPOLLIN,
  type Os,
  TimerDescriptor,
  type WakeRing,
} from "../os/mod.ts";
import type { DescriptorOwner, LoopbackBell } from "./deno_bell.ts";
import type { IoRegistry, Source } from "./io_registry.ts";

/** Milliseconds for which a short wait may hold up work of Deno's that no descriptor shows. */
export const LONGEST_SHORT_WAIT = 1;
/** Milliseconds between two looks at a sleep; one that lasts so long, the kernel has forgotten. */
const GUARD_INTERVAL = 1_000;
/** Milliseconds after its time until a wait on a thread of the pool counts as not begun. */
const POOL_DELAY = 50;
/** Milliseconds between two looks while it has not begun. */
const POLL_INTERVAL = 2;

/** What it waits with. */
export interface DenoWaitParts {
  readonly os: Pick<Os, "epollWaitAsync">;
  readonly registry: IoRegistry;
  readonly bell: LoopbackBell;
  /** Null: the kernel has none. */
  readonly ring: WakeRing | null;
  readonly owner: DescriptorOwner;
}

/** The waits of one worker. */
export class DenoWait implements Source {
  readonly #parts: DenoWaitParts;
  readonly #timer = new TimerDescriptor();
  // Deno's epoll instance, which is registered; -1: unknown.
  #deno = -1;
  #isWatching = false;
  #isDenoReady = false;
  #isUsable: boolean;
  #isAsleep = false;
  // When the timer ends the sleep, in milliseconds of performance.now().
  #sleepEnd = 0;
  // Rings if the kernel does not: it never did so far.
  readonly #guard: ReturnType<typeof setInterval>;
  #sleepsSeen = 0;
  #sleeps = 0;
  // The wait on a thread of the pool; its events are waited for again by the caller.
  #pooled: Promise<void> | null = null;
  readonly #events = new EpollEvents(1);

  constructor(parts: DenoWaitParts) {
    this.#parts = parts;
    const { owner, registry, ring } = parts;
    const { descriptor } = this.#timer;
    this.#isUsable = ring !== null && descriptor >= 0 && owner.claim(descriptor) &&
      owner.claim(ring.descriptor) &&
      registry.register(descriptor, this, EPOLLIN | EPOLLET) === 0;
    if (!this.#isUsable) this.#closeRing();
    this.#guard = setInterval(() => this.look(), GUARD_INTERVAL);
  }

  /** Finds Deno's epoll instance, so that short waits end when Deno has something to do. Called when the bell has been rung. */
  findDeno(): void {
    const { bell: { conn }, registry } = this.#parts;
    if (conn === null) return;
    const descriptor = denoEpoll(conn);
    const source: Source = { onReady: () => this.#isDenoReady = true };
    if (descriptor >= 0 && registry.register(descriptor, source, 0) === 0) this.#deno = descriptor;
  }

  /** From now on, waits for the worker's descriptors also end if Deno has something to do, or no longer. */
  watchDeno(isWatching: boolean): void {
    if (isWatching === this.#isWatching) return;
    this.#isWatching = isWatching;
    if (this.#deno >= 0) this.#parts.registry.change(this.#deno, isWatching ? EPOLLIN : 0);
  }

  /** Whether Deno has had something to do since {@link noteDenoTurn}, as a wait has shown. */
  get isDenoReady(): boolean {
    return this.#isDenoReady;
  }

  /** Deno's loop has had a turn. */
  noteDenoTurn(): void {
    this.#isDenoReady = false;
  }

  /** The timer has ended the sleep. */
  onReady(): void {}

  /**
   * Leaves the thread to Deno until the worker's descriptors have events, for `milliseconds` at most. It may end without a
   * reason.
   */
  async sleep(milliseconds: number): Promise<void> {
    if (this.#isUsable && await this.#sleepByRing(milliseconds)) return;
    await this.#sleepByPool(milliseconds);
  }

  /** Ends the present sleep in so many milliseconds, or earlier; false: it cannot. */
  shorten(milliseconds: number): boolean {
    if (!this.#isUsable || !this.#isAsleep) return false;
    const end = performance.now() + milliseconds;
    if (end >= this.#sleepEnd) return true;
    this.#sleepEnd = end;
    this.#timer.set(Math.ceil(milliseconds));
    return true;
  }

  /** Whether the kernel ends a sleep. If not, an arrival that wakes only this worker might be noticed late. */
  get isRung(): boolean {
    return this.#isUsable;
  }

  async #sleepByRing(milliseconds: number): Promise<boolean> {
    this.#timer.set(milliseconds);
    this.#sleepEnd = performance.now() + milliseconds;
    this.#isAsleep = true;
    this.#sleeps++;
    const heard = await this.#parts.bell.hear(this.#arm);
    this.#isAsleep = false;
    if (!heard) this.#giveUp();
    return heard;
  }

  async #sleepByPool(milliseconds: number): Promise<void> {
    const isStuck = this.#pooled !== null;
    const { os, registry } = this.#parts;
    this.#pooled ??= os.epollWaitAsync(registry.descriptor, this.#events, milliseconds).then(() => {
      this.#pooled = null;
    });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const longest = isStuck ? Math.min(milliseconds, POLL_INTERVAL) : milliseconds + POOL_DELAY;
    const timer = setTimeout(resolve, longest);
    await Promise.race([this.#pooled, late]);
    clearTimeout(timer);
  }

  /** Whether a thread of the pool may still wait for the epoll instance: its number must not become another one's. */
  get isWaiting(): boolean {
    return this.#pooled !== null;
  }

  /** Closes what it opened. */
  close(): void {
    clearInterval(this.#guard);
    this.#giveUp();
    this.#parts.owner.release(this.#timer.descriptor);
    this.#timer.close();
  }

  readonly #arm = (descriptor: number): boolean => {
    return this.#parts.ring?.arm(this.#parts.registry.descriptor, descriptor) === true;
  };

  #giveUp(): void {
    if (!this.#isUsable) return;
    this.#isUsable = false;
    this.#closeRing();
  }

  /** A poll that is still armed must not write into a descriptor that belongs to something else by then. */
  #closeRing(): void {
    const { owner, ring } = this.#parts;
    if (ring === null) return;
    owner.release(ring.descriptor);
    ring.close();
  }

  /**
   * Called once a second: ends a sleep that does not end, and goes on without. If the kernel has rung, this thread did not run for long: the machine was
   * busy, or suspended. Deno's timers come before its sockets, so the byte is read next.
   */
  look(): void {
    const isOld = this.#isUsable && this.#isAsleep && this.#sleeps === this.#sleepsSeen;
    this.#sleepsSeen = this.#sleeps;
    if (!isOld || this.#parts.ring?.hasRung() === true) return;
    this.#giveUp();
    this.#parts.bell.end();
  }
}
