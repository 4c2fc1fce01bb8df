/**
 * The commands, and the flags of the program that are no options of the server.
 *
 * Out: the rows that the command line, the help and the completions have besides the options.
 */

import type { Named } from "./option.ts";

/** A flag of the program. */
export interface ProgramFlag {
  readonly flag: "config" | "check" | "help" | "version";
  /** The one-letter form. */
  readonly short: string | undefined;
  /** As `--help` shows it; undefined for a switch. */
  readonly value: string | undefined;
  readonly names: Named | undefined;
  readonly help: string;
}

/** The flags of the program, in the order of `--help`. */
export const PROGRAM_FLAGS: readonly ProgramFlag[] = [
  {
    flag: "config",
    short: undefined,
    value: "FILE",
    names: "file",
    help: "read options from a .toml or .json file; the keys are the names without dashes",
  },
  {
    flag: "check",
    short: undefined,
    value: undefined,
    names: undefined,
    help: "report every error, or print the effective options and where each value comes from",
  },
  { flag: "help", short: "h", value: undefined, names: undefined, help: "print this help" },
  { flag: "version", short: "V", value: undefined, names: undefined, help: "print the version" },
];

/** The first argument of a command other than to serve. */
export type CommandWord =
  | "channels"
  | "completions"
  | "hash-password"
  | "health"
  | "systemd"
  | "upgrade";

/** A command. */
export interface ProgramCommand {
  readonly word: CommandWord;
  /** The words that may follow it. */
  readonly choices: readonly string[];
  /** The placeholder that `--help` shows after it; empty: nothing follows. */
  readonly follows: string;
  readonly help: string;
}

/** The commands, in the order of `--help`. */
export const COMMANDS: readonly ProgramCommand[] = [
  {
    word: "channels",
    choices: ["token", "publish", "subscribe", "presence", "history"],
    follows: "COMMAND",
    help:
      "use the channels of a server: token, publish, subscribe, presence, history; channels --help explains them",
  },
  {
    word: "completions",
    choices: ["bash", "zsh", "fish"],
    follows: "bash|zsh|fish",
    help: "print the completion script for that shell",
  },
  {
    word: "hash-password",
    choices: [],
    follows: "",
    help: "ask for a password, or read it from standard input, and print its hash for --basic-auth",
  },
  {
    word: "health",
    choices: [],
    follows: "[ARGUMENTS]",
    help: "check whether the server with these arguments answers: exit code 0 or 1",
  },
  {
    word: "systemd",
    choices: [],
    follows: "[ARGUMENTS]",
    help: "print a hardened systemd unit that serves with these arguments",
  },
  {
    word: "upgrade",
    choices: [],
    follows: "PID",
    help:
      "have the server with this process number replaced by the executable that is on disk now: exit code 0 or 1",
  },
];
