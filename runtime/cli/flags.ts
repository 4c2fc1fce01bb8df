/**
 * The arguments taken apart: what is a flag, what its values are, what stands on its own.
 *
 * In: the arguments and the tables of options. Out: values as they were written, unjudged, and the
 * flags that there are not.
 */

import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "./nearest.ts";
import { OPTIONS, PROGRAM_FLAGS } from "./options/mod.ts";

/** The arguments. */
export interface Flags {
  /** What is no flag and no flag's value, in order. */
  readonly positional: readonly string[];
  /** One line for each flag that there is not. */
  readonly faults: readonly string[];
  /** What was given to a flag: empty when it was not there, and "" where the value is missing. */
  valuesOf(flag: string): readonly string[];
}

const TAKING_VALUES = new Map<string, boolean>(
  [...OPTIONS, ...PROGRAM_FLAGS].map(({ flag, value }) => [flag, value !== undefined]),
);
const FLAGS = [...TAKING_VALUES.keys()];
const ALIASES = Object.fromEntries(
  PROGRAM_FLAGS.flatMap(({ flag, short }) => short === undefined ? [] : [[short, flag]]),
);

/** Takes the arguments apart. */
export function parseFlags(args: readonly string[]): Flags {
  const faults: string[] = [];
  const parsed: Record<string, unknown> & { _: unknown[] } = parseArgs(explicit(args), {
    string: [...FLAGS, "_"],
    collect: FLAGS,
    unknown: (argument: string) => {
      if (!argument.startsWith("-") || argument === "-") return true;
      faults.push(unknownFlag(argument));
      return false;
    },
  });
  return {
    positional: parsed._.map(String),
    faults,
    valuesOf: (flag) => {
      const values = parsed[flag];
      if (!Array.isArray(values)) throw new TypeError(`--${flag} is not collected`);
      return values.map(String);
    },
  };
}

function unknownFlag(argument: string): string {
  const name = argument.replace(/=.*/s, "");
  const meant = nearest(name.replace(/^-+/, ""), FLAGS);
  const hint = meant === undefined ? "see --help for those there are" : `did you mean --${meant}?`;
  return `unknown option ${name}: ${hint}`;
}

/** Values that the parser would not take for such: a dash, a negative number, nothing. */
const UNLIKELY_VALUE = /^(?:-?|-[\d.].*)$/;

/**
 * The arguments with a switch's value said, and `--log -` as `--log=-`: the parser would take what
 * follows a switch for its value, and a dash for an argument of its own.
 */
function explicit(args: readonly string[]): string[] {
  const result: string[] = [];
  for (const [i, argument] of args.entries()) {
    if (argument === "--") return [...result, ...args.slice(i)];
    const [last, flag] = [result.at(-1), flagOf(argument)];
    const awaited = last !== undefined && TAKING_VALUES.get(flagOf(last)) === true;
    if (awaited && UNLIKELY_VALUE.test(argument)) {
      result[result.length - 1] = `${last}=${argument}`;
    } else {
      result.push(TAKING_VALUES.get(flag) === false ? `--${flag}=true` : argument);
    }
  }
  return result;
}

/** The flag that an argument is as a whole; of `--flag=value` there is none. */
function flagOf(argument: string): string {
  if (/^-\w$/.test(argument)) return ALIASES[argument.slice(1)] ?? "";
  return argument.startsWith("--") ? argument.slice(2) : "";
}
