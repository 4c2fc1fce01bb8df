/**
 * Completions in the real shells: each gets an unfinished line and prints the possible continuations.
 */

import { assert, assertEquals } from "@std/assert";
import { CHANNEL_COMMANDS } from "../../../runtime/cli/channel_commands/mod.ts";
import { completionsFor } from "../../../runtime/cli/completions/mod.ts";
import { OPTIONS, PROGRAM_FLAGS } from "../../../runtime/cli/options/mod.ts";
import { findProgram } from "../../support/process_facts.ts";

/** A script that completes `line`, one answer a line, with the completions in a file. */
type Asks = (file: string, line: string) => string;

const SHELLS: Readonly<Record<string, Asks>> = {
  bash: (file, line) => `
source ${file}
COMP_WORDS=(${line.replaceAll("=", " = ")}${/[ =]$/.test(line) ? " ''" : ""})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
compopt() { :; } # there is no completion under way to change
_async_deno
printf '%s\\n' "\${COMPREPLY[@]}"`,
  // zsh completes only in a terminal: it gets one, and the keys.
  zsh: (file, line) => `
zmodload zsh/zpty
zpty shell zsh -f -i
() {
  zpty -w shell "PS1= RPS1= LISTMAX=10000; autoload -Uz compinit; compinit -D -u"
  zpty -w shell "zstyle ':completion:*' list-separator ''; zstyle ':completion:*' verbose no"
  zpty -w shell "bindkey '^I' list-choices; unsetopt zle_bracketed_paste; stty -echo cols 20 rows 2000"
  zpty -w shell "source ${file}"
  zpty -w shell "echo READY"
  zpty -r shell ready '*READY*READY*'
  zpty -n -w shell ${quoted(`${line}\t`)}
  zpty -n -w shell $'\\C-u echo DO''NE\\n'
  zpty -r shell answer '*DONE*'
  print -r -- "$answer"
}`,
  fish: (file, line) => `
source ${file}
complete -C ${quoted(line)} | string replace -r '\\t.*' ''`,
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function ask(shell: string, line: string): Promise<string[]> {
  const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(file, completionsFor(shell));
    return await run(shell, SHELLS[shell]!(file, line));
  } finally {
    await Deno.remove(file);
  }
}

async function run(shell: string, script: string): Promise<string[]> {
  const options = shell === "fish" ? ["--no-config"] : shell === "zsh" ? ["-f"] : ["--norc"];
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: [...options, "-c", script],
    cwd: new URL("../../../fixtures/", import.meta.url),
    signal: AbortSignal.timeout(60_000),
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  // deno-lint-ignore no-control-regex -- the escapes are what zsh moves its cursor with
  const text = new TextDecoder().decode(stdout).replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, " ");
  return text.split(/\s+/).filter((word) => word !== "");
}

for (const shell of Object.keys(SHELLS)) {
  const missing = findProgram(shell) === undefined;
  const hint = missing ? ` (skipped, to install it: apt-get install ${shell})` : "";
  Deno.test({
    name: `completions: ${shell} completes every flag, every command and their values${hint}`,
    ignore: missing,
    fn: async () => {
      const flags = await ask(shell, "async-deno --");
      for (const { flag } of [...OPTIONS, ...PROGRAM_FLAGS]) {
        assert(
          flags.some((word) => word.replace(/=?$/, "") === `--${flag}`),
          `no --${flag}: ${flags}`,
        );
      }
      const some = await ask(shell, "async-deno 4 --max-h");
      assert(some.some((word) => word.startsWith("--max-head")), String(some));
      assertEquals((await ask(shell, "async-deno comp")).join(" ").includes("completions"), true);
      const shells = await ask(shell, "async-deno completions ");
      assertEquals(shells.filter((word) => word in SHELLS).sort(), ["bash", "fish", "zsh"]);
      const words = await ask(shell, "async-deno channels ");
      for (const { word, flags } of CHANNEL_COMMANDS) {
        assert(words.includes(word), `no ${word}: ${words}`);
        const found = await ask(shell, `async-deno channels ${word} --`);
        const names = found.map((word) => word.replace(/=?$/, "")).filter((word) =>
          /^--./.test(word)
        );
        assertEquals(names.sort(), flags.map(({ flag }) => `--${flag}`).sort(), word);
      }
      const keys = await ask(shell, "async-deno channels publish a 1 --api-key-file sh");
      assert(keys.some((word) => word.endsWith("sha1.json")), String(keys));
      const files = await ask(shell, "async-deno --config sh");
      assert(files.some((word) => word.endsWith("sha1.json")), String(files));
      const numbers = await ask(shell, "async-deno --port sh");
      assert(!numbers.some((word) => word.endsWith("sha1.json")), String(numbers));
    },
  });
}

Deno.test("completions: bash completes --flag=value too", async () => {
  assertEquals(await ask("bash", "async-deno --config=sh"), ["sha1.json"]);
});
