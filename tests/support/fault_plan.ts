/**
 * When the fake kernel behaves differently from a quiet machine.
 *
 * In: a seeded Random and a rate. Out: decisions, one method for each kind of fault, each one possible
 * on Linux at that place. Errors that end a connection affect only sockets that are `doomed`, so that a
 * test can still expect everything of the others. No fault repeats forever: a server that retries
 * makes progress.
 */

import {
  EAGAIN,
  ECONNABORTED,
  ECONNRESET,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPIPE,
  EPROTO,
} from "../../runtime/os/mod.ts";
import { EIO, ENOSPC, ETIMEDOUT } from "./fake_errno.ts";
import type { Random } from "./random.ts";

/** The decisions of one kernel. */
export interface Faults {
  /** Whether a call returns EAGAIN although it could succeed. */
  blocks(): boolean;
  /** How many of `length` bytes are transferred at once, 1 to `length`. */
  shorten(length: number): number;
  /** The errno that ends a doomed connection at this call, or 0. */
  breaks(): number;
  /** The errno of accept(2), or 0. */
  refusesAccept(): number;
  /** The errno of EPOLL_CTL_ADD for a doomed connection, or 0. */
  refusesRegistration(): number;
  /** Whether a wait ends early and empty, interrupted by a signal. */
  interrupts(): boolean;
  /** Whether a ready descriptor is reported only by the next wait. */
  overlooks(): boolean;
}

/** A kernel without faults. */
export const NO_FAULTS: Faults = {
  blocks: () => false,
  shorten: (length) => length,
  breaks: () => 0,
  refusesAccept: () => 0,
  refusesRegistration: () => 0,
  interrupts: () => false,
  overlooks: () => false,
};

/** How often the same kind of fault may occur in a row. */
const IN_A_ROW = 3;

/** Errors by call. recv(2), send(2), accept(2), epoll_ctl(2) and write(2) name each of them. */
const BREAKS = [ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS, ENOMEM];
const ACCEPT = [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO];
const REGISTRATION = [ENOMEM, ENOSPC];
const WRITE = [ENOSPC, EIO, EAGAIN];

/** Random faults: seeded, so that each run is the same. */
export class FaultPlan implements Faults {
  readonly #random: Random;
  readonly #rate: number;
  #row = 0;

  /** @param rate of 1000 calls, how many fail in each way */
  constructor(random: Random, rate: number) {
    this.#random = random;
    this.#rate = rate;
  }

  blocks(): boolean {
    return this.#happens();
  }

  shorten(length: number): number {
    if (length <= 1 || !this.#happens()) return length;
    // Mostly small ones: these split heads and frames.
    const most = this.#random.below(3) > 0 ? Math.min(length, 40) : length;
    return 1 + this.#random.below(most);
  }

  breaks(): number {
    return this.#happens() ? this.#oneOf(BREAKS) : 0;
  }

  refusesAccept(): number {
    return this.#happens() ? this.#oneOf(ACCEPT) : 0;
  }

  refusesRegistration(): number {
    return this.#happens() ? this.#oneOf(REGISTRATION) : 0;
  }

  interrupts(): boolean {
    return this.#happens();
  }

  overlooks(): boolean {
    return this.#happens();
  }

  /** The result of write(2) to a log: a count or a negated errno. */
  write(length: number): number {
    if (!this.#happens()) return this.shorten(length);
    return -this.#oneOf(WRITE);
  }

  #happens(): boolean {
    const happens = this.#random.below(1000) < this.#rate && this.#row < IN_A_ROW;
    this.#row = happens ? this.#row + 1 : 0;
    return happens;
  }

  #oneOf(errors: readonly number[]): number {
    return errors[this.#random.below(errors.length)]!; // below its length
  }
}
