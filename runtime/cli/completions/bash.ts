/**
 * Completions for bash 4 and later: `source <(async-deno completions bash)`.
 *
 * In: the flags. Out: a script that defines one function.
 */

import { COMMANDS } from "../options/mod.ts";
import type { CompletedFlag } from "./completed_flag.ts";

/** The script for bash. */
export function bashCompletions(flags: readonly CompletedFlag[]): string {
  const names = flags.flatMap(({ flag, short }) => {
    return short === undefined ? [`--${flag}`] : [`--${flag}`, `-${short}`];
  });
  return `# bash completions for async-deno: source this, or put it into
# ~/.local/share/bash-completion/completions/async-deno
_async_deno() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash splits --flag=value into three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  COMPREPLY=()
  case "$previous" in
${arms(flags)}${commandArms()}
  esac
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${names.join(" ")}" -- "$current")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "${words()}" -- "$current")
  fi
}
complete -F _async_deno async-deno`;
}

function words(): string {
  return COMMANDS.map(({ word }) => word).join(" ");
}

function arms(flags: readonly CompletedFlag[]): string {
  return flags.flatMap(({ flag, follows }) => {
    switch (follows.type) {
      case "nothing":
        return [];
      case "text":
        return [`    --${flag}) return ;;\n`];
      case "word":
        return [arm(`--${flag}`, `-W "${follows.words.join(" ")}"`)];
      case "file":
        return [arm(`--${flag}`, "-f")];
      case "folder":
        return [arm(`--${flag}`, "-d")];
    }
  }).join("");
}

function commandArms(): string {
  return COMMANDS.filter(({ choices }) => choices.length > 0)
    .map(({ word, choices }) => arm(word, `-W "${choices.join(" ")}"`)).join("").trimEnd();
}

function arm(pattern: string, generate: string): string {
  const filenames = /^-[fd]$/.test(generate) ? "compopt -o filenames; " : "";
  const fill = `mapfile -t COMPREPLY < <(compgen ${generate} -- "$current")`;
  return `    ${pattern}) ${filenames}${fill}; return ;;\n`;
}
