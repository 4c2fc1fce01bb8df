/**
 * What the user asks for: a server with a config, or one of the program's other answers.
 *
 * In: arguments, environment, and who reads files. Out: a command. Throws UsageError, one line that
 * names what is wrong and what would be right. Opens nothing but the configuration file: whether a
 * port is free or a log can be written is found out by who does it.
 */

import type { Config } from "../config/mod.ts";
import { type FileOptions, parseConfigFile } from "./config_file.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { COMMANDS, PROGRAM_FLAGS, variableOf } from "./options/mod.ts";
import { readSettings, type Settings } from "./settings.ts";
import { UsageError } from "./usage_error.ts";

/** What the user asked for. */
export type Command =
  | { readonly type: "help" | "version" | "hash-password" }
  | { readonly type: "serve" | "health"; readonly config: Config }
  | { readonly type: "check"; readonly settings: Settings }
  | { readonly type: "completions"; readonly shell: string }
  /** `args` are those that the server is to be started with. */
  | { readonly type: "systemd"; readonly args: readonly string[]; readonly settings: Settings };

/** What the command line is read from. */
export interface CommandLine {
  readonly args: readonly string[];
  /** A variable of the environment. */
  variable(name: string): string | undefined;
  /** The names of all variables, for those of ours that mean nothing. */
  readonly variables: readonly string[];
  /** Cores of the machine: the default number of workers. */
  readonly cores: number;
  /** The text of the configuration file. @throws what Deno throws */
  readText(path: string): string;
}

/** Reads the command line. @throws {UsageError} */
export function parseCommandLine(line: CommandLine): Command {
  const flags = parseFlags(line.args);
  if (isOn("help", flags)) return { type: "help" };
  if (isOn("version", flags)) return { type: "version" };
  const word = COMMANDS.find(({ word }) => word === line.args[0])?.word;
  const positional = word === undefined ? flags.positional : flags.positional.slice(1);
  if (word === "completions") return completions(positional, flags);
  if (word === "hash-password") return { type: word };
  const { variable, variables, cores } = line;
  const settings = readSettings({
    flags,
    positional,
    variable,
    variables,
    cores,
    file: readFile(flags, line),
  });
  const [fault, ...others] = settings.faults;
  if (isOn("check", flags)) return { type: "check", settings };
  if (fault !== undefined) {
    throw new UsageError(
      others.length === 0 ? fault : `${fault} (--check tells ${others.length} more)`,
    );
  }
  if (word === "systemd") return { type: "systemd", args: line.args.slice(1), settings };
  return { type: word ?? "serve", config: settings.config };
}

/** Whether a switch of the program is given. */
function isOn(name: (typeof PROGRAM_FLAGS)[number]["flag"], flags: Flags): boolean {
  const values = flags.valuesOf(name);
  if (values.some((value) => value !== "true")) throw new UsageError(`--${name} takes no value`);
  return values.length > 0;
}

function readFile(flags: Flags, line: CommandLine): FileOptions | undefined {
  const [value, ...more] = flags.valuesOf("config");
  if (more.length > 0) throw new UsageError("--config is given more than once");
  if (value === "") throw new UsageError("--config needs a value");
  const path = value ?? line.variable(variableOf("config"));
  if (path === undefined || path === "") return undefined;
  let text: string;
  try {
    text = line.readText(path);
  } catch (error) {
    throw new UsageError(`cannot read the configuration file ${path}: ${reasonOf(error)}`);
  }
  return parseConfigFile(path, text);
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "it is not there";
  if (error instanceof Deno.errors.PermissionDenied) return "there is no right to";
  return error instanceof Error ? error.message : String(error);
}

const SHELLS: readonly string[] = COMMANDS.find(({ word }) => word === "completions")!.choices;

function completions([shell, ...more]: readonly string[], flags: Flags): Command {
  const [fault] = flags.faults;
  if (fault !== undefined) throw new UsageError(fault);
  if (shell !== undefined && more.length === 0 && SHELLS.includes(shell)) {
    return { type: "completions", shell };
  }
  const given = shell === undefined ? "nothing" : `"${[shell, ...more].join(" ")}"`;
  throw new UsageError(`completions are for one of ${SHELLS.join(", ")}, not for ${given}`);
}
