/**
 * `hash-password`: from a pipe, and on a terminal that python3's pty module provides.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { verifyPassword } from "../../../runtime/serve/auth/mod.ts";
import { findProgram } from "../../support/process_facts.ts";
import { type ProgramResult, runProgram } from "../../support/program.ts";
import { serverCommand } from "../../support/server.ts";

const PYTHON = findProgram("python3");
const MISSING = PYTHON === undefined ? " (skipped, to install it: apt-get install python3)" : "";

function fromPipe(
  input: string | Uint8Array<ArrayBuffer>,
  ...args: string[]
): Promise<ProgramResult> {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const [program, before] = serverCommand();
  return runProgram(program, [...before, "hash-password", ...args], new Uint8Array(bytes));
}

/** Runs a command on a terminal, and types each line once its prompt is there; prints all that the terminal showed. */
const TERMINAL = `
import os, pty, sys
prompts = ["(not shown):", "again:"]
lines = [line.encode().decode("unicode_escape").encode("latin-1") for line in sys.argv[1].split("|")]
child, terminal = pty.fork()
if child == 0: os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
for prompt, line in zip(prompts, lines):
    while prompt.encode() not in shown:
        shown += os.read(terminal, 4096)
    os.write(terminal, line)
try:
    while received := os.read(terminal, 4096): shown += received
except OSError: pass
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** @param keys for each prompt, separated by bars, with Python's escapes */
function onTerminal(keys: string): Promise<ProgramResult> {
  const [program, before] = serverCommand();
  return runProgram(PYTHON!, ["-c", TERMINAL, keys, program, ...before, "hash-password"]);
}

function hashIn(text: string): string {
  return /\$scrypt\$\S+/.exec(text)?.[0] ?? "";
}

Deno.test("hash-password: hashes the first line of a pipe without a prompt", async () => {
  for (const input of ["correct horse\n", "correct horse\r\nnext\n", "correct horse"]) {
    const { code, stdout, stderr } = await fromPipe(input);
    assertEquals([code, stderr], [0, ""]);
    assert(await verifyPassword("correct horse", stdout.trim()), input);
  }
});

Deno.test("hash-password: wrong input causes one line on stderr and exit code 2", async () => {
  const rows: [input: string | Uint8Array<ArrayBuffer>, args: string[], says: string][] = [
    ["", [], "no password on standard input"],
    ["\n", [], "the password is empty"],
    ["\r\n", [], "the password is empty"],
    [new Uint8Array([0xff, 0x0a]), [], "the password is not UTF-8"],
    ["a".repeat(5000), [], "at most 4096 bytes"],
    ["a\n", ["secret"], "takes no arguments"],
  ];
  for (const [input, args, says] of rows) {
    const { code, stdout, stderr } = await fromPipe(input, ...args);
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, /^async-deno: [^\n]+\n$/);
    assertStringIncludes(stderr, says);
  }
});

/** The keys, the password that is hashed or the error, and the exit code. */
const ON_TERMINAL:
  readonly (readonly [name: string, keys: string, wanted: string, code: number])[] = [
    ["the same password twice", "sesame\\n|sesame\\n", "sesame", 0],
    ["Backspace, Ctrl-U and Return", "x\\x15sesamö\\x7fe\\r|sesame\\n", "sesame", 0],
    ["another password", "sesame\\n|sesam\\n", "the two passwords differ", 2],
    ["an empty password", "\\n", "the password is empty", 2],
    ["Ctrl-D", "\\x04", "no password on standard input", 2],
    ["Ctrl-C", "ses\\x03", "", 130],
  ];

for (const [name, keys, wanted, code] of ON_TERMINAL) {
  Deno.test({
    name: `hash-password: on a terminal, ${name}${MISSING}`,
    ignore: PYTHON === undefined,
    fn: async () => {
      const result = await onTerminal(keys);
      assertEquals(result.code, code, result.stdout + result.stderr);
      if (code === 0) assert(await verifyPassword(wanted, hashIn(result.stdout)), result.stdout);
      else assertStringIncludes(result.stdout, wanted);
      // The typed characters are not shown.
      assertEquals(/ses/.test(result.stdout.replace(hashIn(result.stdout), "")), false);
    },
  });
}
