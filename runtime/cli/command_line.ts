/**
 * The command line made a config, or a reason why not.
 *
 * In: arguments and environment. Out: what to do: serve with a config, print help or the version.
 * Throws UsageError, one line that names what is wrong and what would be right. Touches nothing:
 * whether a port is free or a log can be written is found out by who does it.
 */

import { DEFAULT_CONFIG } from "../config/mod.ts";
import type { Config } from "../config/mod.ts";
import { type Flags, parseFlags } from "./flags.ts";
import {
  ARGUMENTS,
  MAX_WORKERS,
  type MutableConfig,
  type Option,
  OPTIONS,
  variableOf,
} from "./options/mod.ts";
import { UsageError } from "./usage_error.ts";

/** What the user asked for. */
export type Command =
  | { readonly type: "help" }
  | { readonly type: "version" }
  | { readonly type: "serve"; readonly config: Config };

/** What the command line is read from. */
export interface CommandLine {
  readonly args: readonly string[];
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** Cores of the machine: the default number of workers. */
  readonly cores: number;
}

/** What was written for an option, and what to call it in an error. */
interface Written {
  readonly name: string;
  readonly values: readonly string[];
}

/** Reads the command line. @throws {UsageError} */
export function parseCommandLine(line: CommandLine): Command {
  const flags = parseFlags(line.args);
  if (flags.help) return { type: "help" };
  if (flags.version) return { type: "version" };
  const extra = flags.positional[ARGUMENTS.length];
  if (extra !== undefined) {
    throw new UsageError(`too many arguments from "${extra}" on: WORKERS, IP and PORT are all`);
  }
  const config: MutableConfig = {
    ...structuredClone(DEFAULT_CONFIG),
    workers: Math.min(line.cores, MAX_WORKERS),
  };
  for (const option of OPTIONS) {
    const written = argument(option, flags) ?? flag(option, flags) ?? variable(option, line);
    if (written !== undefined) option.apply(config, written.values, written.name);
  }
  return { type: "serve", config };
}

function argument(option: Option, { positional }: Flags): Written | undefined {
  const index = ARGUMENTS.findIndex(([_, its]) => its === option);
  const [value, name] = [positional[index], ARGUMENTS[index]?.[0]];
  return value === undefined || name === undefined ? undefined : { name, values: [value] };
}

function flag(option: Option, flags: Flags): Written | undefined {
  const name = `--${option.flag}`;
  const values = flags.valuesOf(option.flag);
  if (values.includes("")) throw new UsageError(`${name} needs a value`);
  return values.length === 0 ? undefined : { name, values };
}

/** An empty variable is as none. Several values stand in lines of their own. */
function variable(option: Option, line: CommandLine): Written | undefined {
  const name = variableOf(option.flag);
  const text = line.variable(name);
  if (text === undefined || text === "") return undefined;
  const values = option.repeatable ? text.split("\n").filter((one) => one !== "") : [text];
  return { name, values };
}
