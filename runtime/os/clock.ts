/**
 * A clock that all threads of the process share, right to the microsecond.
 *
 * In: nothing. Out: a function for the thread that asks: milliseconds that are never set back. Deno's
 * `performance.now()` counts from the start of each thread; what one thread writes down for another
 * needs one beginning.
 */

import { hasLibc } from "./libc.ts";
import { LinuxOs } from "./linux.ts";

/** The clock for this thread. Where there is no libc, two threads may differ by what the wall clock was set. */
export function preciseClock(): () => number {
  if (!hasLibc()) return () => performance.timeOrigin + performance.now();
  const os = new LinuxOs();
  return () => os.preciseMilliseconds();
}
