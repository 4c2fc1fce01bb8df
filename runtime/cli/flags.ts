/**
 * The arguments taken apart: what is a flag, what its values are, what stands on its own.
 *
 * In: the arguments and the table of options. Out: values as they were written, unjudged. Throws
 * UsageError for a flag that is not in the table.
 */

import { parseArgs } from "@std/cli/parse-args";
import { OPTIONS } from "./options/mod.ts";
import { UsageError } from "./usage_error.ts";

/** The arguments. */
export interface Flags {
  /** What is no flag and no flag's value, in order. */
  readonly positional: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
  /** What was given to a flag: empty when it was not there, and "" where the value is missing. */
  valuesOf(flag: string): readonly string[];
}

/** Takes the arguments apart. @throws {UsageError} */
export function parseFlags(args: readonly string[]): Flags {
  const known = OPTIONS.map(({ flag }) => flag);
  const parsed: Record<string, unknown> & { _: unknown[] } = parseArgs(explicit(args), {
    string: [...known, "_"],
    collect: known,
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown: (argument: string) => {
      if (!argument.startsWith("-") || argument === "-") return true;
      throw new UsageError(`unknown option ${argument}: see --help for those there are`);
    },
  });
  return {
    positional: parsed._.map(String),
    help: parsed["help"] === true,
    version: parsed["version"] === true,
    valuesOf: (flag) => {
      const values = parsed[flag];
      if (!Array.isArray(values)) throw new TypeError(`--${flag} is not collected`);
      return values.map(String);
    },
  };
}

/**
 * The arguments with a switch's value said, and `--log -` as `--log=-`: the parser would take what
 * follows a switch for its value, and a dash for an argument of its own.
 */
function explicit(args: readonly string[]): string[] {
  const result: string[] = [];
  for (const [i, argument] of args.entries()) {
    if (argument === "--") return [...result, ...args.slice(i)];
    const last = result.at(-1);
    if (argument === "-" && last !== undefined && kindOf(last) === "with value") {
      result[result.length - 1] = `${last}=-`;
    } else {
      result.push(kindOf(argument) === "switch" ? `${argument}=true` : argument);
    }
  }
  return result;
}

function kindOf(argument: string): "switch" | "with value" | undefined {
  const option = OPTIONS.find(({ flag }) => argument === `--${flag}`);
  if (option === undefined) return undefined;
  return option.value === undefined ? "switch" : "with value";
}
