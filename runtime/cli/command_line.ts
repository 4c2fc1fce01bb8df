/**
 * Parses the command line: a server with a config, or one of the other commands.
 *
 * In: arguments, environment, and a function that reads files. Out: a command. Throws UsageError, one
 * line that names what is wrong and what was most likely meant. Opens the configuration file alone:
 * that a port is in use or a log cannot be written is reported by the code that needs it.
 */

import type { Config } from "../config/mod.ts";
import type { UsableCores } from "../os/mod.ts";
import type { FileOptions } from "./config_file.ts";
import { type Flags, parseFlags } from "./flags.ts";
import { COMMANDS, PROGRAM_FLAGS, variableOf } from "./options/mod.ts";
import { type ConfigPlaces, readConfigFile } from "./read_config_file.ts";
import { readSettings, type Settings } from "./settings.ts";
import { UsageError } from "./usage_error.ts";

/** What the user asked for. */
export type Command =
  | { readonly type: "help" | "version" | "hash-password" }
  | { readonly type: "health"; readonly config: Config }
  | { readonly type: "serve"; readonly settings: Settings }
  | { readonly type: "check"; readonly settings: Settings }
  | { readonly type: "upgrade"; readonly pid: number }
  | { readonly type: "completions"; readonly shell: string }
  /** `args` are the arguments behind the word; they have flags of their own. */
  | { readonly type: "channels"; readonly args: readonly string[] }
  /** `args` are the arguments of the server. */
  | { readonly type: "systemd"; readonly args: readonly string[]; readonly settings: Settings };

/** Everything that the command is read from. */
export interface CommandLine extends ConfigPlaces {
  readonly args: readonly string[];
  /** The names of all variables, to find unknown ones with our prefix. */
  readonly variables: readonly string[];
  /** The default number of workers. */
  readonly cores: UsableCores;
  /** Bytes of memory that the process may use: the default of --max-memory is a part of them. Absent: not known. */
  readonly memorySize?: () => number | undefined;
}

/** Parses the command line. @throws {UsageError} */
export function parseCommandLine(line: CommandLine): Command {
  const [first, ...rest] = line.args;
  if (first === "channels") return { type: first, args: rest };
  const flags = parseFlags(line.args);
  if (isOn("help", flags)) return { type: "help" };
  if (isOn("version", flags)) return { type: "version" };
  const word = COMMANDS.find(({ word }) => word === line.args[0])?.word;
  if (word === undefined) refuseLateCommand(line.args, flags);
  const positional = word === undefined ? flags.positional : flags.positional.slice(1);
  if (word === "completions") return completions(positional, flags);
  if (word === "hash-password") return hashPassword(positional, flags);
  if (word === "upgrade") return upgrade(positional, flags);
  const { variable, variables, cores, memorySize } = line;
  const settings = readSettings({
    flags,
    positional,
    variable,
    variables,
    cores,
    memorySize,
    file: readFile(flags, line),
  });
  const { config, faults: [fault, ...others] } = settings;
  if (isOn("check", flags)) return { type: "check", settings };
  if (fault !== undefined) {
    throw new UsageError(
      others.length === 0 ? fault : `${fault} (--check reports ${others.length} more)`,
    );
  }
  if (word === "systemd") return { type: "systemd", args: line.args.slice(1), settings };
  return word === "health" ? { type: word, config } : { type: "serve", settings };
}

/** A command after options would be taken for WORKERS. @throws {UsageError} with the right order */
function refuseLateCommand(args: readonly string[], { positional: [first] }: Flags): void {
  const word = COMMANDS.find(({ word }) => word === first)?.word;
  if (word === undefined) return;
  const others = args.filter((argument) => argument !== word);
  throw new UsageError(
    `a command must be the first argument: async-deno ${[word, ...others].join(" ")}`,
  );
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
  const [engine = line.variable(variableOf("engine"))] = flags.valuesOf("engine");
  return readConfigFile(value, line, engine === "" ? undefined : engine);
}

const SHELLS: readonly string[] = COMMANDS.find(({ word }) => word === "completions")!.choices;

function completions([shell, ...more]: readonly string[], flags: Flags): Command {
  refuseUnknownFlags(flags);
  if (shell !== undefined && more.length === 0 && SHELLS.includes(shell)) {
    return { type: "completions", shell };
  }
  const given = shell === undefined ? "" : `, not "${[shell, ...more].join(" ")}"`;
  throw new UsageError(`completions needs the name of a shell, ${SHELLS.join(", ")}${given}`);
}

function hashPassword([extra]: readonly string[], flags: Flags): Command {
  refuseUnknownFlags(flags);
  if (extra === undefined) return { type: "hash-password" };
  throw new UsageError(
    "hash-password takes no arguments, which every user of the machine can see: " +
      "it reads the password from standard input",
  );
}

function upgrade(numbers: readonly string[], flags: Flags): Command {
  refuseUnknownFlags(flags);
  const [number = "", ...more] = numbers;
  // The numbers below name groups of processes, and the first process.
  if (more.length === 0 && /^\d{1,9}$/.test(number) && Number(number) > 1) {
    return { type: "upgrade", pid: Number(number) };
  }
  const given = numbers.length === 0 ? "" : `, not "${numbers.join(" ")}"`;
  throw new UsageError(`upgrade needs the process number of the running server${given}`);
}

function refuseUnknownFlags({ faults: [fault] }: Flags): void {
  if (fault !== undefined) throw new UsageError(fault);
}
