/**
 * Chooses the cores of client and server with taskset(1).
 *
 * In: a command, its side and a row's placement. Out: the same command, on its cores. With "apart" the client
 * has core 0 and the server all others, so that the scheduler does not influence the figures; with "two"
 * both share cores 0 and 1; with "all" nothing is changed. Called by the harness and for each client.
 */

import { findProgram, type Missing } from "./tools.ts";

/** The side that a command belongs to. */
export type Side = "client" | "server";

/** The cores that client and server may use. */
export type Placement = "apart" | "two" | "all";

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

/** The cores of a side, in the format of `taskset --cpu-list`; undefined if it may use all. */
export function coresOf(
  side: Side,
  placement: Placement,
  cores: number = navigator.hardwareConcurrency,
): string | undefined {
  if (placement === "all") return undefined;
  if (placement === "two") return cores <= 2 ? undefined : "0,1";
  if (side === "client") return "0";
  return cores === 2 ? "1" : `1-${cores - 1}`;
}

/** The command, on the cores of its side. taskset execs it, so the process id stays the same. */
export function pinTo<Kind extends Command>(
  side: Side,
  placement: Placement,
  command: Kind,
): Kind {
  const cores = coresOf(side, placement);
  if (cores === undefined) return command;
  const args = ["--cpu-list", cores, command.command, ...command.args];
  return { ...command, command: "taskset", args };
}
