/**
 * Splits the arguments into flags with their values, and positional arguments.
 *
 * In: the arguments and the tables of options. Out: the values as they were written, unchecked, and
 * an error for each unknown flag that names the flag most likely meant. `--flag=value` and
 * `--flag value` are the same; a switch takes a value only after `=`; after `--` all is positional.
 */

import { likelyFlag } from "./likely_flag.ts";
import { COMMANDS, OPTIONS, PROGRAM_FLAGS } from "./options/mod.ts";

/** The arguments. */
export interface Flags {
  /** The arguments that are neither a flag nor a flag's value, in order. */
  readonly positional: readonly string[];
  /** One line for each unknown flag. */
  readonly faults: readonly string[];
  /** The values given to a flag: none if it is absent, and "" if its value is missing. */
  valuesOf(flag: string): readonly string[];
}

/** By flag, whether it takes a value. */
const TAKES_VALUE = new Map<string, boolean>(
  [...OPTIONS, ...PROGRAM_FLAGS].map(({ flag, value }) => [flag, value !== undefined]),
);
const FLAGS = [...TAKES_VALUE.keys()];
const FLAG_BY_LETTER = new Map(
  PROGRAM_FLAGS.flatMap(({ flag, short }) => short === undefined ? [] : [[short, flag] as const]),
);

/** What a letter means to other servers and tools; only for hints. */
const LIKELY_BY_LETTER: Readonly<Record<string, string>> = {
  "?": "help",
  a: "ip",
  b: "ip",
  c: "config",
  d: "root",
  i: "ip",
  j: "workers",
  l: "log",
  p: "port",
  r: "root",
  t: "check",
  u: "unix",
  v: "version",
  w: "workers",
};

/** Splits the arguments. */
export function parseFlags(args: readonly string[]): Flags {
  const positional: string[] = [];
  const faults: string[] = [];
  const values = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!; // i < args.length
    if (argument === "--") {
      positional.push(...args.slice(i + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      positional.push(argument);
      continue;
    }
    const written = split(argument);
    const flag = flagOf(written.name) ?? likely(written.name);
    const takesValue = flag !== undefined && TAKES_VALUE.get(flag) === true;
    // The value of a misspelled flag is skipped with it, and not taken for WORKERS.
    const next = written.value === undefined && takesValue ? valueIn(args[i + 1]) : undefined;
    if (next !== undefined) i++;
    const value = written.value ?? next;
    if (flagOf(written.name) === undefined) faults.push(unknownFlag(written.name, flag, value));
    else add(values, flag!, value ?? (takesValue ? "" : "true")); // it is a flag: see above
  }
  return { positional, faults, valuesOf: (flag) => values.get(flag) ?? [] };
}

function add(values: Map<string, string[]>, flag: string, value: string): void {
  values.set(flag, [...values.get(flag) ?? [], value]);
}

/** `--name=value`, `--name`, `-n`. Of `-p8080`, which is not supported, the number is the value. */
function split(argument: string): { readonly name: string; readonly value: string | undefined } {
  const attached = /^(-[a-z])=?(\d.*)$/is.exec(argument);
  if (attached !== null) return { name: attached[1]!, value: attached[2] };
  const equals = argument.indexOf("=");
  if (equals < 0) return { name: argument, value: undefined };
  return { name: argument.slice(0, equals), value: argument.slice(equals + 1) };
}

/** The flag that a name with its dashes is; undefined: there is none. */
function flagOf(name: string): string | undefined {
  if (!name.startsWith("--")) return FLAG_BY_LETTER.get(name.slice(1));
  const flag = name.slice(2);
  return TAKES_VALUE.has(flag) ? flag : undefined;
}

function likely(name: string): string | undefined {
  const bare = name.replace(/^-+/, "");
  return bare.length === 1 ? LIKELY_BY_LETTER[bare.toLowerCase()] : likelyFlag(bare, FLAGS);
}

/** The next argument if it can be a value: a dash and a negative number can, a flag cannot. */
function valueIn(next: string | undefined): string | undefined {
  return next !== undefined && /^(?!-)|^-$|^-[\d.]/.test(next) ? next : undefined;
}

function unknownFlag(name: string, meant: string | undefined, value: string | undefined): string {
  return `unknown option ${name}: ${hint(name.replace(/^-+/, ""), meant, value)}`;
}

function hint(bare: string, meant: string | undefined, value: string | undefined): string {
  if (COMMANDS.some(({ word }) => word === bare)) {
    return `did you mean the command "async-deno ${bare}"?`;
  }
  const negated = /^no-(?<flag>.+)/.exec(bare)?.groups?.["flag"];
  if (negated !== undefined && TAKES_VALUE.get(negated) === false) {
    return `did you mean --${negated}=false?`;
  }
  if (meant === undefined) return "--help lists all options";
  const shown = TAKES_VALUE.get(meant) === true && isPlain(value) ? ` ${value}` : "";
  return `did you mean --${meant}${shown}?`;
}

/** Whether a shell would take the text as one word, unquoted. */
function isPlain(text: string | undefined): text is string {
  return text !== undefined && /^[\w.,:/@%+-]+$/.test(text);
}
