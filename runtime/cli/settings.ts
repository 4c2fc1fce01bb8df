/**
 * The config put together from where its values can be written: flag, environment, file, default.
 *
 * In: the sources. Out: the config, the place that each value comes from, and everything that is
 * wrong, so that `--check` can tell all of it at once. A value stands as a whole: a list of a flag
 * takes the place of the file's.
 */

import { type Config, DEFAULT_CONFIG } from "../config/mod.ts";
import type { FileOptions } from "./config_file.ts";
import type { Flags } from "./flags.ts";
import { nearest } from "./nearest.ts";
import {
  ARGUMENTS,
  MAX_WORKERS,
  type MutableConfig,
  type Option,
  OPTIONS,
  variableOf,
} from "./options/mod.ts";
import { faultsTogether } from "./together.ts";
import { UsageError } from "./usage_error.ts";

/** Where values can be written. */
export interface Sources {
  readonly flags: Flags;
  /** What stands before the options: WORKERS, IP, PORT. */
  readonly positional: readonly string[];
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** The names of all variables. */
  readonly variables: readonly string[];
  readonly file: FileOptions | undefined;
  /** Cores of the machine: the default number of workers. */
  readonly cores: number;
}

/** What came of the sources. */
export interface Settings {
  readonly config: Config;
  /** By flag, what to call the place of its value; for a default there is none. */
  readonly origins: ReadonlyMap<string, string>;
  /** One line for each thing that is wrong; the values of such are left at their defaults. */
  readonly faults: readonly string[];
  /** One line for each variable that begins like ours and is none: no fault, for others may set them. */
  readonly notes: readonly string[];
}

/** What was written for an option. */
interface Written {
  readonly values: readonly string[];
  /** What to call the place. */
  readonly origin: string;
  /** What to call the value in an error. */
  readonly name: string;
}

/** Puts the config together. */
export function readSettings(sources: Sources): Settings {
  const workers = Math.min(sources.cores, MAX_WORKERS);
  const config: MutableConfig = { ...structuredClone(DEFAULT_CONFIG), workers };
  const origins = new Map<string, string>();
  const faults: string[] = [...sources.flags.faults, ...tooMany(sources)];
  for (const option of OPTIONS) {
    const written = argument(option, sources) ?? flag(option, sources) ??
      variable(option, sources) ?? fromFile(option, sources);
    if (written === undefined) continue;
    const fault = applied(option, config, written);
    if (fault === undefined) origins.set(option.flag, written.origin);
    else faults.push(fault);
  }
  faults.push(...sources.file?.faults ?? [], ...faultsTogether(config));
  return { config, origins, faults, notes: unknownVariables(sources) };
}

function applied(option: Option, config: MutableConfig, written: Written): string | undefined {
  const { name, values, origin } = written;
  // The parser's way to say that nothing followed the flag.
  if (origin.startsWith("--") && values.includes("")) return `${name} needs a value`;
  try {
    option.apply(config, values, name);
    return undefined;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
}

function tooMany({ positional }: Sources): string[] {
  const extra = positional[ARGUMENTS.length];
  const names = "WORKERS, IP and PORT are all";
  return extra === undefined ? [] : [`too many arguments from "${extra}" on: ${names}`];
}

/** Of the program's own flags the file alone can be a variable: help or a check is asked for. */
const NAMES = ["config", ...OPTIONS.map(({ flag }) => flag)];
const PREFIX = variableOf("");

function unknownVariables({ variables }: Sources): string[] {
  const known = NAMES.map(variableOf);
  const unknown = variables.filter((name) => name.startsWith(PREFIX) && !known.includes(name));
  return unknown.map((name) => {
    const meant = nearest(name.slice(PREFIX.length).toLowerCase().replaceAll("_", "-"), NAMES);
    const hint = meant === undefined ? "" : `: did you mean ${variableOf(meant)}?`;
    return `the variable ${name} sets nothing${hint}`;
  });
}

function argument(option: Option, { positional }: Sources): Written | undefined {
  const index = ARGUMENTS.findIndex(([_, its]) => its === option);
  const [value, name] = [positional[index], ARGUMENTS[index]?.[0]];
  if (value === undefined || name === undefined) return undefined;
  return { origin: name, name, values: [value] };
}

function flag({ flag }: Option, { flags }: Sources): Written | undefined {
  const [origin, values] = [`--${flag}`, flags.valuesOf(flag)];
  return values.length === 0 ? undefined : { origin, name: origin, values };
}

/** An empty variable is as none. Several values stand in lines of their own. */
function variable(option: Option, sources: Sources): Written | undefined {
  const origin = variableOf(option.flag);
  const text = sources.variable(origin);
  if (text === undefined || text === "") return undefined;
  const values = option.repeatable ? text.split("\n").filter((one) => one !== "") : [text];
  return { origin, name: origin, values };
}

function fromFile({ flag }: Option, { file }: Sources): Written | undefined {
  const values = file?.values.get(flag);
  if (file === undefined || values === undefined) return undefined;
  return { origin: file.path, name: `${flag} in ${file.path}`, values };
}
