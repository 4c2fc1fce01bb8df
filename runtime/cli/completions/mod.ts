/**
 * `async-deno completions SHELL`: prints a completion script, generated from the tables of options
 * and commands, so that it is always complete.
 *
 * In: the name of a shell. Out: a script for that shell to source.
 *
 * ```ts
 * import { completionsFor } from "./mod.ts";
 * console.log(completionsFor("bash")); // source <(async-deno completions bash)
 * ```
 *
 * @module
 */

import { bashCompletions } from "./bash.ts";
import { fishCompletions } from "./fish.ts";
import { completedCommands, completedFlags } from "./completed_flag.ts";
import { zshCompletions } from "./zsh.ts";

const SHELLS = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions };

/** The script for a shell. @throws RangeError for an unknown shell */
export function completionsFor(shell: string): string {
  if (!isShell(shell)) throw new RangeError(`no completions for ${shell}`);
  return SHELLS[shell](completedFlags(), completedCommands());
}

function isShell(shell: string): shell is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, shell);
}
