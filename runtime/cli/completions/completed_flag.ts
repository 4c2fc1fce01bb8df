/**
 * A flag as a completion script needs it: its name, and what can follow it.
 *
 * In: the tables of options and commands. Out: one type of row for the options, the flags of the program, and those of the commands
 * that have their own.
 */

import { CHANNEL_COMMANDS } from "../channel_commands/mod.ts";
import { OPTIONS, PROGRAM_FLAGS } from "../options/mod.ts";

/** The kind of value that follows a flag. */
export type Follows =
  | { readonly type: "nothing" | "text" | "file" | "folder" }
  | { readonly type: "word"; readonly words: readonly string[] };

/** A flag in a completion script. */
export interface CompletedFlag {
  /** Without its dashes. */
  readonly flag: string;
  readonly short: string | undefined;
  readonly help: string;
  /** The placeholder of its value in the help. */
  readonly value: string;
  readonly follows: Follows;
  readonly repeatable: boolean;
}

/** All flags, in the order of `--help`. */
export function completedFlags(): CompletedFlag[] {
  const options = OPTIONS.map((option) => ({ ...option, short: undefined }));
  const program = PROGRAM_FLAGS.map((flag) => ({ ...flag, choices: [], repeatable: false }));
  return [...options, ...program].map(({ flag, short, help, value, repeatable, ...rest }) => {
    return { flag, short, help, value: value ?? "", repeatable, follows: follows(value, rest) };
  });
}

/** A command behind `async-deno channels`. */
export interface CompletedCommand {
  readonly word: string;
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
}

/** All of them, in the order of their help. */
export function completedCommands(): CompletedCommand[] {
  return CHANNEL_COMMANDS.map(({ word, help, flags }) => {
    const completed = flags.map(({ flag, short, value, names, repeatable = false, help }) => {
      const followed = follows(value, { choices: [], names });
      return { flag, short, help, value: value ?? "", repeatable, follows: followed };
    });
    return { word, help, flags: completed };
  });
}

interface Row {
  readonly choices: readonly string[];
  readonly names: "file" | "folder" | "new file" | undefined;
}

function follows(value: string | undefined, { choices, names }: Row): Follows {
  if (value === undefined) return { type: "nothing" };
  if (choices.length > 0) return { type: "word", words: choices };
  if (names === undefined) return { type: "text" };
  return { type: names === "folder" ? "folder" : "file" };
}
