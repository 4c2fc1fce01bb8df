/**
 * A descriptor that becomes readable at a given time: timerfd_create(2).
 *
 * In: milliseconds from now. Out: an event of the descriptor, which an epoll instance can watch edge-triggered: then it need not be
 * read. Used where a wait has no time limit of its own.
 */

import { libc } from "./libc.ts";
import { result } from "./syscall.ts";

const CLOCK_MONOTONIC = 1;
const TFD_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
const MILLION = 1_000_000;

/** One timer. */
export class TimerDescriptor {
  /** Negative: the kernel has refused it; the negated errno. */
  readonly descriptor: number;
  // struct itimerspec { timespec interval; timespec value }, as words; the interval stays 0: it fires once.
  readonly #spec = new Uint32Array(8);
  readonly #specBytes = new Uint8Array(this.#spec.buffer);
  readonly #libc = libc();

  constructor() {
    this.descriptor = result(this.#libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC));
  }

  /** Fires once, in so many milliseconds; an earlier time that was set is forgotten. */
  set(milliseconds: number): void {
    const whole = Math.max(milliseconds, 1) | 0; // 0 would switch it off
    this.#spec[4] = (whole / 1000) | 0;
    this.#spec[6] = (whole % 1000) * MILLION;
    this.#libc.timerfd_settime(this.descriptor, 0, this.#specBytes, null);
  }

  /** Closes it. */
  close(): void {
    this.#libc.close(this.descriptor);
  }
}
