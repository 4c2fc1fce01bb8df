/**
 * The CPU time of this process, for tests that something is not quadratic: it does not depend on who shares the cores.
 *
 * In: an earlier reading, or nothing. Out: milliseconds since then.
 */

import process from "node:process";

/** User and system time of all threads since `began`, a return value of this function, or since the start; in milliseconds. */
export function cpuMilliseconds(began = 0): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 - began;
}
