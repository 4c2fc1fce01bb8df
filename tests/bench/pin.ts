/**
 * Pins client and server to different cores with taskset(1).
 *
 * In: a command. Out: the same command on the client's core, which is core 0, or on the server's cores,
 * which are all others. Called by the harness with `--pin`. Without it both share all cores, and the
 * scheduler influences the figures.
 */

import { findProgram, type Missing } from "./tools.ts";

/** The side that a command belongs to. */
export type Side = "client" | "server";

/** A program and its arguments. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** What `--pin` needs and is missing, or undefined. */
export function pinFault(cores: number = navigator.hardwareConcurrency): Missing | undefined {
  if (cores < 2) return { missing: "a second core", install: "run without --pin" };
  if (findProgram("taskset") !== undefined) return undefined;
  return { missing: "taskset", install: "apt-get install util-linux" };
}

/** The cores of a side, in the format of `taskset --cpu-list`. */
export function coresOf(side: Side, cores: number = navigator.hardwareConcurrency): string {
  if (side === "client") return "0";
  return cores === 2 ? "1" : `1-${cores - 1}`;
}

/** The command, pinned to the cores of its side. taskset execs it, so the process id stays the same. */
export function pinTo<Kind extends Command>(side: Side, command: Kind): Kind {
  const args = ["--cpu-list", coresOf(side), command.command, ...command.args];
  return { ...command, command: "taskset", args };
}
