/**
 * Completions in the real shells: each gets unfinished lines and prints the possible continuations.
 */

import { assert, assertEquals } from "@std/assert";
import { CHANNEL_COMMANDS } from "../../../runtime/cli/channel_commands/mod.ts";
import { completionsFor } from "../../../runtime/cli/completions/mod.ts";
import { OPTIONS, PROGRAM_FLAGS } from "../../../runtime/cli/options/mod.ts";
import { findProgram } from "../../support/process_facts.ts";

/** A script that completes each of `lines` with the completions in a file: one answer a line, {@link END} after each. */
type Asks = (file: string, lines: readonly string[]) => string;

const END = "=end=";

const SHELLS: Readonly<Record<string, Asks>> = {
  bash: (file, lines) => `
source ${file}
compopt() { :; } # there is no completion under way to change
${
    lines.map((line) => `
COMP_WORDS=(${line.replaceAll("=", " = ")}${/[ =]$/.test(line) ? " ''" : ""})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
COMPREPLY=()
_async_deno
printf '%s\\n' "\${COMPREPLY[@]}" ${END}`).join("")
  }`,
  // zsh completes only in a terminal: it gets one, and the keys. It shows no list while more keys are waiting, so
  // each line is typed after the answer to the last one.
  zsh: (file, lines) => `
zmodload zsh/zpty
zpty shell zsh -f -i
() {
  zpty -w shell "PS1= RPS1= LISTMAX=10000; autoload -Uz compinit; compinit -D -u"
  zpty -w shell "zstyle ':completion:*' list-separator ''; zstyle ':completion:*' verbose no"
  zpty -w shell "answer() { zle list-choices; zle -R; print -n '=e''nd='; zle kill-whole-line }"
  zpty -w shell "zle -N answer; bindkey '^I' answer"
  zpty -w shell "unsetopt zle_bracketed_paste; stty -echo cols 20 rows 2000"
  zpty -w shell "source ${file}"
  zpty -w shell "echo READY"
  zpty -r shell answer '*READY*READY*'
${
    lines.map((line) => `
  zpty -n -w shell ${quoted(`${line}\t`)}
  zpty -r shell answer '*${END}*'
  print -r -- "$answer"`).join("")
  }
}`,
  fish: (file, lines) => `
source ${file}
${
    lines.map((line) => `
complete -C ${quoted(line)} | string replace -r '\\t.*' ''
echo ${END}`).join("")
  }`,
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The words of the answer to each line. */
async function ask<const Lines extends readonly string[]>(
  shell: string,
  lines: Lines,
): Promise<{ [line in keyof Lines]: string[] }> {
  const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    await Deno.writeTextFile(file, completionsFor(shell));
    const answers = (await run(shell, SHELLS[shell]!(file, lines))).split(END).slice(0, -1);
    assertEquals(answers.length, lines.length);
    return answers.map((text) => text.split(/\s+/).filter((word) => word !== "")) as {
      [line in keyof Lines]: string[];
    };
  } finally {
    await Deno.remove(file);
  }
}

async function run(shell: string, script: string): Promise<string> {
  const options = shell === "fish" ? ["--no-config"] : shell === "zsh" ? ["-f"] : ["--norc"];
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: [...options, "-c", script],
    cwd: new URL("../../../fixtures/", import.meta.url),
    signal: AbortSignal.timeout(60_000),
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  // deno-lint-ignore no-control-regex -- the escapes are what zsh moves its cursor with
  return new TextDecoder().decode(stdout).replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, " ");
}

for (const shell of Object.keys(SHELLS)) {
  const missing = findProgram(shell) === undefined;
  const hint = missing ? ` (skipped, to install it: apt-get install ${shell})` : "";
  Deno.test({
    name: `completions: ${shell} completes every flag, every command and their values${hint}`,
    ignore: missing,
    fn: async () => {
      const [flags, some, commands, shells, words, keys, files, numbers, ...found] = await ask(
        shell,
        [
          "async-deno --",
          "async-deno 4 --max-h",
          "async-deno comp",
          "async-deno completions ",
          "async-deno channels ",
          "async-deno channels publish a 1 --api-key-file sh",
          "async-deno --config sh",
          "async-deno --port sh",
          ...CHANNEL_COMMANDS.map(({ word }) => `async-deno channels ${word} --`),
        ],
      );
      for (const { flag } of [...OPTIONS, ...PROGRAM_FLAGS]) {
        assert(
          flags.some((word) => word.replace(/=?$/, "") === `--${flag}`),
          `no --${flag}: ${flags}`,
        );
      }
      assert(some.some((word) => word.startsWith("--max-head")), String(some));
      assertEquals(commands.join(" ").includes("completions"), true);
      assertEquals(shells.filter((word) => word in SHELLS).sort(), ["bash", "fish", "zsh"]);
      for (const [i, { word, flags }] of CHANNEL_COMMANDS.entries()) {
        assert(words.includes(word), `no ${word}: ${words}`);
        const names = found[i]!.map((word) => word.replace(/=?$/, "")).filter((word) =>
          /^--./.test(word)
        );
        assertEquals(names.sort(), flags.map(({ flag }) => `--${flag}`).sort(), word);
      }
      assert(keys.some((word) => word.endsWith("sha1.json")), String(keys));
      assert(files.some((word) => word.endsWith("sha1.json")), String(files));
      assert(!numbers.some((word) => word.endsWith("sha1.json")), String(numbers));
    },
  });
}

Deno.test("completions: bash completes --flag=value too", async () => {
  assertEquals(await ask("bash", ["async-deno --config=sh"]), [["sha1.json"]]);
});
