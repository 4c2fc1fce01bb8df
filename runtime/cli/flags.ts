/**
 * Splits the arguments into flags with their values, and positional arguments.
 *
 * In: the arguments, and the flags that there are: those of the server, or of a command that has its own. Out: the values as
 * they were written, unchecked, and an error for each unknown flag that names the flag most likely meant. `--flag=value` and
 * `--flag value` are the same; a switch takes a value only after `=`; after `--` all is positional.
 */

import { listenHint } from "./argument_hint.ts";
import { FLAG_SYNONYMS, likelyFlag, type Synonyms } from "./likely_flag.ts";
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

/** A flag, as far as it is needed to split arguments. */
export interface FlagShape {
  readonly flag: string;
  /** The one-letter form. */
  readonly short?: string | undefined;
  /** The placeholder of its value; undefined for a switch. */
  readonly value: string | undefined;
}

/** What wrong names most likely mean, and who lists the right ones. */
export interface FlagHints {
  /** What a letter means to other programs. */
  readonly letters: Readonly<Record<string, string>>;
  /** Other names of the flags. */
  readonly synonyms: Synonyms;
  /** The arguments that list all flags. */
  readonly help: string;
}

/** The flags that can be given. */
export class KnownFlags {
  readonly names: readonly string[];
  readonly help: string;
  readonly #takesValue: ReadonlyMap<string, boolean>;
  readonly #byLetter: ReadonlyMap<string, string>;
  readonly #hints: FlagHints;

  /** @param rows all of them */
  constructor(rows: readonly FlagShape[], hints: FlagHints) {
    this.#takesValue = new Map(rows.map(({ flag, value }) => [flag, value !== undefined]));
    this.#byLetter = new Map(
      rows.flatMap(({ flag, short }) => short === undefined ? [] : [[short, flag] as const]),
    );
    this.names = [...this.#takesValue.keys()];
    this.help = hints.help;
    this.#hints = hints;
  }

  /** Whether it takes a value; undefined: there is no such flag. */
  takesValue(flag: string): boolean | undefined {
    return this.#takesValue.get(flag);
  }

  /** The flag that a name with its dashes is; undefined: there is none. */
  flagOf(name: string): string | undefined {
    if (!name.startsWith("--")) return this.#byLetter.get(name.slice(1));
    const flag = name.slice(2);
    return this.#takesValue.has(flag) ? flag : undefined;
  }

  /** The flag that a wrong name most likely means. */
  likely(name: string): string | undefined {
    const { letters, synonyms } = this.#hints;
    const bare = name.replace(/^-+/, "");
    return bare.length === 1 ? letters[bare.toLowerCase()] : likelyFlag(bare, this.names, synonyms);
  }
}

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

/** The flags of the server. */
const SERVER_FLAGS = new KnownFlags([...OPTIONS, ...PROGRAM_FLAGS], {
  letters: LIKELY_BY_LETTER,
  synonyms: FLAG_SYNONYMS,
  help: "--help",
});

/** Splits the arguments. */
export function parseFlags(args: readonly string[], known = SERVER_FLAGS): Flags {
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
    const exact = known.flagOf(written.name);
    const flag = exact ?? known.likely(written.name);
    const takesValue = flag !== undefined && known.takesValue(flag) === true;
    // The value of a misspelled flag is skipped with it, and not taken for WORKERS.
    const next = written.value === undefined && takesValue ? valueIn(args[i + 1]) : undefined;
    if (next !== undefined) i++;
    const value = written.value ?? next;
    if (exact === undefined) faults.push(unknownFlag(known, written.name, flag, value));
    else add(values, exact, value ?? (takesValue ? "" : "true"));
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

/** The next argument if it can be a value: a dash and a negative number can, a flag cannot. */
function valueIn(next: string | undefined): string | undefined {
  return next !== undefined && /^(?!-)|^-$|^-[\d.]/.test(next) ? next : undefined;
}

function unknownFlag(
  known: KnownFlags,
  name: string,
  meant: string | undefined,
  value: string | undefined,
): string {
  return `unknown option ${name}: ${hint(known, name.replace(/^-+/, ""), meant, value)}`;
}

function hint(
  known: KnownFlags,
  bare: string,
  meant: string | undefined,
  value: string | undefined,
): string {
  if (COMMANDS.some(({ word }) => word === bare)) {
    return `did you mean the command "async-deno ${bare}"?`;
  }
  const negated = /^no-(?<flag>.+)/.exec(bare)?.groups?.["flag"];
  if (negated !== undefined && known.takesValue(negated) === false) {
    return `did you mean --${negated}=false?`;
  }
  if (meant === undefined) return `${known.help} lists all options`;
  // Other servers take an address and a port as one value.
  const toListen = meant === "ip" && value !== undefined ? listenHint(value) : undefined;
  if (toListen !== undefined) return toListen;
  const shown = known.takesValue(meant) === true && isPlain(value) ? ` ${value}` : "";
  return `did you mean --${meant}${shown}?`;
}

/** Whether a shell would take the text as one word, unquoted. */
function isPlain(text: string | undefined): text is string {
  return text !== undefined && /^[\w.,:/@%+-]+$/.test(text);
}
