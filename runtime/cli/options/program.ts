/**
 * What is asked of the program and not of the server: flags that are in no config.
 *
 * Out: the rows that the command line, the help and the completions have beside the options.
 */

import type { Named } from "./option.ts";

/** A flag of the program. */
export interface ProgramFlag {
  readonly flag: "config" | "check" | "help" | "version";
  /** One letter that means the same. */
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
    help: "options from a .toml or .json file, by their names without the dashes",
  },
  {
    flag: "check",
    short: undefined,
    value: undefined,
    names: undefined,
    help: "tell what is wrong, or print what would be served, and where each value comes from",
  },
  { flag: "help", short: "h", value: undefined, names: undefined, help: "this text" },
  { flag: "version", short: "V", value: undefined, names: undefined, help: "the version" },
];

/** A word in place of the workers, for something else than to serve. */
export type CommandWord = "completions" | "hash-password" | "health" | "systemd";

/** What a word does. */
export interface ProgramCommand {
  readonly word: CommandWord;
  /** What may follow it. */
  readonly choices: readonly string[];
  /** What follows it, as `--help` shows it; empty: nothing. */
  readonly follows: string;
  readonly help: string;
}

/** The words, in the order of `--help`. */
export const COMMANDS: readonly ProgramCommand[] = [
  {
    word: "completions",
    choices: ["bash", "zsh", "fish"],
    follows: "bash|zsh|fish",
    help: "print what completes the command line in that shell",
  },
  {
    word: "hash-password",
    choices: [],
    follows: "",
    help: "read a password from standard input and print its hash, for --basic-auth",
  },
  {
    word: "health",
    choices: [],
    follows: "[ARGUMENTS]",
    help:
      "ask the server that was started with these arguments whether it answers: exit code 0 or 1",
  },
  {
    word: "systemd",
    choices: [],
    follows: "[ARGUMENTS]",
    help: "print a hardened unit that serves with the arguments that follow",
  },
];
