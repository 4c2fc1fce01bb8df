/**
 * A flag as a completion script needs it: its name, and what can follow it.
 *
 * In: the tables of options. Out: one type of row for the options and the flags of the program.
 */

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
