/**
 * Completions for zsh: `source <(async-deno completions zsh)`, after compinit.
 *
 * In: the flags, and the commands of `channels` with theirs. Out: a script that can also be a completion function, as `_async-deno` in a folder
 * of `$fpath`.
 */

import { COMMANDS } from "../options/mod.ts";
import type { CompletedCommand, CompletedFlag } from "./completed_flag.ts";

/** The script for zsh. */
export function zshCompletions(
  flags: readonly CompletedFlag[],
  commands: readonly CompletedCommand[],
): string {
  const words = COMMANDS.map(({ word, help }) => `${word}\\:${asWord(help)}`).join(" ");
  return `#compdef async-deno
# zsh completions for async-deno: source this after compinit, or put it as _async-deno into a folder
# of $fpath
_async-deno() {
${COMMANDS.filter(({ choices }) => choices.length > 0).map(following).join("\n")}
  if [[ $words[2] == channels ]] && ((CURRENT > 3)); then
    shift 2 words
    ((CURRENT -= 2))
    case $words[1] in
${commands.map(ofCommand).join("\n")}
    esac
    return
  fi
  _arguments \\
    '1:workers or a command:((${words}))' \\
    '2:address: ' \\
    '3:port: ' \\
    ${flags.flatMap(specifications).join(" \\\n    ")}
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _async-deno "$@"
else
  compdef _async-deno async-deno
fi`;
}

function following({ word, choices }: (typeof COMMANDS)[number]): string {
  return `  if [[ $words[2] == ${word} ]] && ((CURRENT == 3)); then
    compadd ${choices.join(" ")}
    return
  fi`;
}

function ofCommand({ word, flags }: CompletedCommand): string {
  const rows = flags.flatMap(specifications).join(" \\\n        ");
  return `      ${word}) _arguments '*: : ' \\\n        ${rows} ;;`;
}

function specifications(completed: CompletedFlag): string[] {
  const { flag, short, help, value, follows, repeatable } = completed;
  const times = repeatable ? "*" : "";
  if (follows.type === "nothing") {
    const names = [`--${flag}`, ...(short === undefined ? [] : [`-${short}`])];
    return names.map((name) => `'${times}${name}[${quoted(help)}]'`);
  }
  const action = {
    text: " ",
    file: "_files",
    folder: "_files -/",
    word: follows.type === "word" ? `(${follows.words.join(" ")})` : "",
  }[follows.type];
  return [`'${times}--${flag}=[${quoted(help)}]:${quoted(value)}:${action}'`];
}

/** Escaped for single quotes, and as one word of the list that _arguments evaluates. */
function asWord(text: string): string {
  return text.replaceAll(/\W/g, "\\$&").replaceAll("'", "'\\''");
}

/** Escaped for single quotes, and for the brackets and colons of _arguments. */
function quoted(text: string): string {
  return text.replaceAll(/[[\]:\\()]/g, "\\$&").replaceAll("'", "'\\''");
}
