/**
 * Cores of their own for client and server, by taskset(1).
 *
 * In: a command. Out: the same command on the client's core, which is core 0, or on the server's, which
 * are all others. Called by the harness with `--pin`. Without it both share all cores, and the figures
 * hold what the scheduler makes of that.
 */

import { findProgram, type Missing } from "./tools.ts";

/** Whose cores. */
export type Side = "client" | "server";

/** A program and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** What `--pin` needs and does not find, or undefined. */
export function pinFault(cores: number = navigator.hardwareConcurrency): Missing | undefined {
  if (cores < 2) return { missing: "a second core", install: "run without --pin" };
  if (findProgram("taskset") !== undefined) return undefined;
  return { missing: "taskset", install: "apt-get install util-linux" };
}

/** The cores of a side, as `taskset --cpu-list` takes them. */
export function coresOf(side: Side, cores: number = navigator.hardwareConcurrency): string {
  if (side === "client") return "0";
  return cores === 2 ? "1" : `1-${cores - 1}`;
}

/** The command on the cores of its side. taskset replaces itself by it: the process id stays. */
export function pinTo<Kind extends Command>(side: Side, command: Kind): Kind {
  const args = ["--cpu-list", coresOf(side), command.command, ...command.args];
  return { ...command, command: "taskset", args };
}
