/**
 * A clock with microsecond precision that all threads of the process share.
 *
 * In: nothing. Out: a function for the calling thread that returns milliseconds of a clock that is never set
 * back. Deno's `performance.now()` counts from the start of each thread; times that one thread writes and
 * another reads need a common origin.
 */

import { hasLibc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";

/**
 * The clock for this thread. Without libc, two threads may differ by the amount that the wall clock was set in
 * between.
 */
export function preciseClock(): () => number {
  if (!hasLibc()) return () => performance.timeOrigin + performance.now();
  const os = new LinuxOs();
  return () => os.preciseMilliseconds();
}
