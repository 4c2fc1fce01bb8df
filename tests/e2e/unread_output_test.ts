/**
 * Standard output and standard error that cannot be written: closed, a full disk, a pipe whose reader has
 * gone, a pipe that nobody reads. The server serves, reloads and stops all the same.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { BlindServer } from "../support/blind_server.ts";
import { isFile } from "../support/is_file.ts";
import { findProgram } from "../support/process_facts.ts";
import { runServer, waitFor } from "../support/server.ts";

const PYTHON = findProgram("python3");

function pythonTest(name: string, fn: (python: string) => Promise<void>): void {
  const hint = PYTHON === undefined ? " (skipped, to install it: apt-get install python3)" : "";
  const ignore = PYTHON === undefined;
  Deno.test({ name: `unread output: ${name}${hint}`, ignore, fn: () => fn(PYTHON!) });
}

/** The redirections, in the syntax of the shell. */
const REDIRECTIONS = [">/dev/full", ">&-", ">/dev/full 2>/dev/full", ">&- 2>&-"];

for (const redirection of REDIRECTIONS) {
  Deno.test(`unread output: the server serves and stops with ${redirection}`, async () => {
    const through = ["sh", "-c", `exec "$@" ${redirection}`, "sh"];
    await using server = new BlindServer({ through });
    await server.serves();
    assertEquals(await server.stop(), 0);
  });
}

/** Standard output becomes a pipe whose reading end is closed, as of `| true`. */
const BROKEN_PIPE = `
import os, sys
reading, writing = os.pipe()
os.dup2(writing, 1)
os.close(writing)
os.close(reading)
os.execvp(sys.argv[1], sys.argv[1:])
`;

pythonTest("the server serves and stops with a pipe whose reader has gone", async (python) => {
  await using server = new BlindServer({ through: [python, "-c", BROKEN_PIPE] });
  await server.serves();
  assertEquals(await server.stop(), 0);
});

/** Standard error becomes a full pipe: its reading end stays open, and nobody reads. */
const FULL_PIPE = `
import os, sys
reading, writing = os.pipe()
os.set_blocking(writing, False)
try:
    while True: os.write(writing, b" " * 65536)
except BlockingIOError:
    pass
try:
    while True: os.write(writing, b" ")
except BlockingIOError:
    pass
os.set_blocking(writing, True)
os.dup2(writing, 2)
os.set_inheritable(reading, True)
os.execvp(sys.argv[1], sys.argv[1:])
`;

pythonTest("a full pipe of warnings blocks neither a reload nor the stop", async (python) => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const [config, log] = [`${folder}/a.toml`, `${folder}/access.log`];
    await Deno.writeTextFile(config, "");
    await using server = new BlindServer({
      args: ["--config", config, "--access-log", log],
      through: [python, "-c", FULL_PIPE],
    });
    await server.serves();
    for (let round = 0; round < 3; round++) {
      await Deno.writeTextFile(config, "this is no TOML");
      await Deno.rename(log, `${log}.old`);
      server.process.kill("SIGHUP");
      // The log is reopened after the warning that the file cannot be read.
      await waitFor(() => isFile(log), { what: "a new log" });
    }
    await server.serves();
    assertEquals(await server.stop(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("unread output: a requested output that cannot be printed is an error with exit code 1", async () => {
  const through = ["sh", "-c", 'exec "$@" >/dev/full', "sh"];
  const { code, stderr } = await runServer(["--help"], {}, through);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "cannot write to standard output");
});
