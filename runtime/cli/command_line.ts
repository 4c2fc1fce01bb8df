/**
 * The command line made a config, or a reason why not.
 *
 * In: arguments and environment. Out: what to do: serve with a config, print help or the version.
 * Throws UsageError, one line that names what is wrong and what would be right. Touches nothing:
 * whether a port is free or a log can be written is found out by who does it.
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Config, DEFAULT_CONFIG } from "../config.ts";
import { type MutableConfig, NUMBER_OPTIONS, type NumberOption, variableOf } from "./options.ts";

/** The most workers there can be: shared memory has that many blocks. */
const MAX_WORKERS = 256;
const MAX_PORT = 65_535;

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

/** The command line cannot be understood; its message is for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Reads the command line. @throws {UsageError} */
export function parseCommandLine(line: CommandLine): Command {
  const parsed = parseFlags(line.args);
  if (parsed["help"] === true) return { type: "help" };
  if (parsed["version"] === true) return { type: "version" };
  const [workers, hostname, port, ...rest] = parsed._.map(String);
  if (rest.length > 0) {
    throw new UsageError(`too many arguments from "${rest[0]}" on: WORKERS, IP and PORT are all`);
  }
  const config: MutableConfig = {
    ...structuredClone(DEFAULT_CONFIG),
    workers: Math.min(line.cores, MAX_WORKERS),
  };
  if (workers !== undefined) config.workers = wholeNumber("WORKERS", workers, [1, MAX_WORKERS]);
  if (hostname !== undefined) config.hostname = ipAddress(hostname);
  if (port !== undefined) config.port = wholeNumber("PORT", port, [0, MAX_PORT]);
  config.log = logTarget(valueOf("log", parsed, line) ?? config.log);
  for (const option of NUMBER_OPTIONS) {
    setNumber(config, option, valueOf(option.flag, parsed, line));
  }
  return { type: "serve", config };
}

interface ParsedFlags {
  readonly _: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

function parseFlags(args: readonly string[]): ParsedFlags {
  const known = ["log", ...NUMBER_OPTIONS.map((option) => option.flag)];
  return parseArgs(joinDash(args), {
    string: [...known, "_"],
    collect: known,
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown: (argument: string) => {
      if (!argument.startsWith("-") || argument === "-") return true;
      throw new UsageError(`unknown option ${argument}: see --help for those there are`);
    },
  });
}

/** `--log -` as `--log=-`: the parser would take the dash for an argument of its own. */
function joinDash(args: readonly string[]): string[] {
  const dash = args.findIndex((argument, i) => argument === "-" && args[i - 1] === "--log");
  return dash < 0 ? [...args] : [...args.slice(0, dash - 1), "--log=-", ...args.slice(dash + 1)];
}

/** The flag's value, else the variable's, else undefined. */
function valueOf(flag: string, parsed: ParsedFlags, line: CommandLine): string | undefined {
  const values = parsed[flag];
  if (!Array.isArray(values)) throw new TypeError(`--${flag} is not collected`);
  if (values.length > 1) throw new UsageError(`--${flag} is given more than once`);
  const [value] = values;
  if (value === "") throw new UsageError(`--${flag} needs a value`);
  if (typeof value === "string") return value;
  const variable = line.variable(variableOf(flag));
  return variable === "" ? undefined : variable;
}

function setNumber(config: MutableConfig, option: NumberOption, text: string | undefined): void {
  if (text === undefined) return;
  const { flag, least, most, unit } = option;
  const value = Number(text);
  const isWhole = unit === "SECONDS" || Number.isInteger(value);
  if (!/^\d+(\.\d+)?$/.test(text) || !isWhole || value < least || value > most) {
    const kind = unit === "SECONDS" ? "a number of seconds" : "a whole number";
    throw new UsageError(`--${flag} is ${kind} from ${least} to ${most}, not "${text}"`);
  }
  option.set(config, value);
}

function wholeNumber(name: string, text: string, [least, most]: [number, number]): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least || value > most) {
    throw new UsageError(`${name} is a whole number from ${least} to ${most}, not "${text}"`);
  }
  return value;
}

const OCTET = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

function ipAddress(text: string): string {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  const isIPv4 = bare.split(".").length === 4 && bare.split(".").every((part) => OCTET.test(part));
  if (isIPv4 || isIPv6(bare)) return bare;
  throw new UsageError(
    `IP is an IPv4 or IPv6 address of this machine, as 127.0.0.1 or ::, not "${text}"`,
  );
}

function isIPv6(text: string): boolean {
  return text.includes(":") && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

function logTarget(text: string): string {
  if (text.includes("\0")) throw new UsageError("--log is a path, and no path has a NUL in it");
  return text;
}
