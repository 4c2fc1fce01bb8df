/**
 * Completions for bash 4 and later: `source <(async-deno completions bash)`.
 *
 * In: the flags, and the commands of `channels` with theirs. Out: a script that defines one function.
 */

import { COMMANDS } from "../options/mod.ts";
import type { CompletedCommand, CompletedFlag } from "./completed_flag.ts";

/** The script for bash. */
export function bashCompletions(
  flags: readonly CompletedFlag[],
  commands: readonly CompletedCommand[],
): string {
  // A name means the same in all commands.
  const own = commands.flatMap((command) => command.flags);
  const all = [...new Map([...own, ...flags].map((row) => [row.flag, row])).values()];
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
${arms(all)}${commandArms()}
  esac
  local flags="${names(flags)}"
  if [[ \${COMP_WORDS[1]} == channels ]]; then
    case "\${COMP_WORDS[2]}" in
${commands.map(flagArm).join("\n")}
      *) flags="--help -h" ;;
    esac
  fi
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
  elif ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "${words()}" -- "$current")
  fi
}
complete -F _async_deno async-deno`;
}

function names(flags: readonly CompletedFlag[]): string {
  return flags.flatMap(({ flag, short }) => {
    return short === undefined ? [`--${flag}`] : [`--${flag}`, `-${short}`];
  }).join(" ");
}

function flagArm({ word, flags }: CompletedCommand): string {
  return `      ${word}) flags="${names(flags)}" ;;`;
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
