/**
 * Completions for fish: `async-deno completions fish | source`.
 *
 * In: the flags, and the commands of `channels` with theirs. Out: a script with one `complete` per flag.
 */

import { COMMANDS } from "../options/mod.ts";
import type { CompletedCommand, CompletedFlag } from "./completed_flag.ts";

/** The script for fish. */
export function fishCompletions(
  flags: readonly CompletedFlag[],
  channelCommands: readonly CompletedCommand[],
): string {
  const commands = COMMANDS.flatMap(({ word, choices, help }) => [
    `complete -c async-deno -n __fish_use_subcommand -a ${word} -d ${quoted(help)}`,
    ...(choices.length === 0 ? [] : [
      `complete -c async-deno -n '${seen(word)}; and not ${seen(choices.join(" "))}' -a ${
        quoted(choices.join(" "))
      }`,
    ]),
  ]);
  return `# fish completions for async-deno: source this, or put it into
# ~/.config/fish/completions/async-deno.fish
complete -c async-deno -f
${
    [
      ...commands,
      ...flags.map((flag) => line(flag, `not ${seen("channels")}`)),
      ...channelCommands.flatMap(({ word, flags }) =>
        flags.map((flag) => line(flag, `${seen("channels")}; and ${seen(word)}`))
      ),
    ].join("\n")
  }`;
}

function seen(words: string): string {
  return `__fish_seen_subcommand_from ${words}`;
}

function line({ flag, short, help, follows }: CompletedFlag, condition: string): string {
  const names = `-l ${flag}${short === undefined ? "" : ` -s ${short}`}`;
  return `complete -c async-deno -n '${condition}' ${names}${values(follows)} -d ${quoted(help)}`;
}

function values(follows: CompletedFlag["follows"]): string {
  switch (follows.type) {
    case "nothing":
      return "";
    case "text":
      return " -x";
    case "word":
      return ` -x -a ${quoted(follows.words.join(" "))}`;
    case "file":
      return " -r -F";
    case "folder":
      return " -x -a '(__fish_complete_directories)'";
  }
}

/** In single quotes, inside of which fish has two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
