/**
 * The command line: what it prints, on which stream, and the exit code. Every error is one line on stderr that
 * says what is wrong and what was most likely meant; exit code 2 is a usage error, 1 means that the server could not start.
 * The messages of all wrong command lines are in tests/runtime/cli/wrong_command_lines_test.ts.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { ask } from "../support/http_client.ts";
import { REPOSITORY, runServer, startServer, waitFor, withServer } from "../support/server.ts";

const HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** Arguments, the exit code, and the texts that the one line must contain. */
type UsageError = readonly [args: readonly string[], code: number, ...contains: string[]];

const USAGE_ERRORS: readonly UsageError[] = [
  [["0"], 2, "WORKERS", "1", "256", "0"],
  [["257"], 2, "WORKERS", "1", "256", "257"],
  [["abc"], 2, "WORKERS", "abc"],
  [["1.5"], 2, "WORKERS", "1.5"],
  [["1e1"], 2, "WORKERS", "1e1"],
  [[""], 2, "WORKERS"],
  [["2", "999.1.1.1", "0"], 2, "999.1.1.1"],
  [["2", "nowhere", "0"], 2, "nowhere"],
  [["2", "127.0.0.1", "70000"], 2, "70000", "65535"],
  [["2", "127.0.0.1", "http"], 2, "http"],
  [["2", "127.0.0.1", "0", "extra"], 2, "extra"],
  [["2", "127.0.0.1", "0", "--frobnicate"], 2, "--frobnicate"],
  [["2", "127.0.0.1", "0", "--log"], 2, "--log"],
  [["8080"], 2, "did you mean --port 8080?"],
  [["-p", "8080"], 2, "did you mean --port 8080?"],
  [["serve"], 2, "leave it out"],
  [["help"], 2, "did you mean --help?"],
  [["-v"], 2, "did you mean --version?"],
  [["--config", "x", "health"], 2, "async-deno health --config x"],
  [["helth"], 2, "async-deno health"],
  [["2", "127.0.0.1", "0", "--max-body", "16q"], 2, "64k", "16q"],
  [["2", "127.0.0.1", "0", "--spa"], 2, "--spa has no effect without --root"],
  [["2", "192.0.2.1", "0", "--log", "off"], 1, "192.0.2.1"],
  [["2", "127.0.0.1", "0", "--log", "/no/such/folder/log"], 1, "/no/such/folder/log"],
  [["2", "127.0.0.1", "0", "--log", "/"], 1, "/"],
];

for (const [args, code, ...contains] of USAGE_ERRORS) {
  Deno.test(`command line: ${JSON.stringify(args)} is refused with exit code ${code}`, async () => {
    const exit = await runServer(args);
    assertEquals([exit.code, exit.stdout], [code, ""], exit.stderr);
    assertOneLine(exit.stderr);
    for (const part of contains) assertStringIncludes(exit.stderr, part);
  });
}

Deno.test("command line: an error is one line without control characters, whatever a value contains", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const file = `${folder}/a.toml`;
    await Deno.writeTextFile(file, '"a\\nb" = 1\n');
    const rows: [args: string[], env: Record<string, string>, shown: string][] = [
      [["--root", "no\nsuch"], {}, "no\\x0asuch"],
      [["--bo\ngus"], {}, "--bo\\x0agus"],
      [["\x1b[31mred"], {}, "\\x1b[31mred"],
      [["--log", "no/\u009b\u202esuch"], {}, "no/\\x9b\\u202esuch"],
      [[], { ASYNC_DENO_PORT: "1\n2" }, "1\\x0a2"],
      [["--config", file], {}, "a\\x0ab"],
    ];
    for (const [args, env, shown] of rows) {
      for (const check of [[], ["--check"]]) {
        const { code, stderr } = await runServer([...args, ...check], {
          ASYNC_DENO_PORT: "0",
          ...env,
        });
        assertEquals([code === 0, stderr.includes(shown)], [false, true], stderr);
        assertOneLine(stderr);
        // deno-lint-ignore no-control-regex -- they are what must not be there
        assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(stderr), false, stderr);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("command line: a FIFO without a reader is an error that says so", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const fifo = `${folder}/fifo`;
    assert((await new Deno.Command("mkfifo", { args: [fifo] }).output()).success);
    const { code, stderr } = await runServer(["1", "127.0.0.1", "0", "--log", fifo]);
    assertEquals(code, 1);
    assertOneLine(stderr);
    assertStringIncludes(stderr, `cannot write the log ${fifo}: no program reads the FIFO`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("command line: an error names the port that is in use", () =>
  withServer({ workers: 1 }, async (server) => {
    const port = String(server.port);
    const exit = await runServer(["2", "127.0.0.1", port, "--log", "off"]);
    assertEquals(exit.code, 1);
    assertOneLine(exit.stderr);
    assertStringIncludes(exit.stderr, port);
    assertMatch(exit.stderr, /in use/i);
    assertEquals((await ask(server, HEALTH)).text, "ok");
  }));

Deno.test("command line: a start on a port in use does not touch the log of the other server", () =>
  withServer({ workers: 1 }, async (server) => {
    await ask(server, HEALTH);
    const before = await server.waitForLog("done, closing\n");
    const exit = await runServer(["2", "127.0.0.1", String(server.port), "--log", server.logFile]);
    assertEquals(exit.code, 1);
    assertStringIncludes(await server.log(), before);
  }));

Deno.test("command line: a log is never written through a symbolic link", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const [victim, link] = [`${folder}/victim`, `${folder}/link`];
    await Deno.writeTextFile(victim, "precious");
    await Deno.symlink(victim, link);
    const exit = await runServer(["2", "127.0.0.1", "0", "--log", link]);
    assertEquals(exit.code, 1);
    assertOneLine(exit.stderr);
    assertStringIncludes(exit.stderr, link);
    assertMatch(exit.stderr, /symbolic link/i);
    assertEquals(await Deno.readTextFile(victim), "precious");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("command line: --help names every argument, and --version prints the version", async () => {
  const help = await runServer(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  for (const word of ["WORKERS", "IP", "PORT", "--log", "--help", "--version", "8000"]) {
    assertStringIncludes(help.stdout, word);
  }
  // Two blanks at least between an option and its description.
  assertEquals(help.stdout.match(/^ {2}-.{25}[^ ] [^ ]/gm), null);
  const longest = Math.max(...help.stdout.split("\n").map((line) => line.length));
  assert(longest <= 100, `a line of the help has ${longest} characters`);
  const { version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", REPOSITORY)));
  const printed = await runServer(["--version"]);
  assertEquals([printed.code, printed.stderr], [0, ""]);
  assertMatch(printed.stdout, /^async-deno \S+/);
  assertStringIncludes(printed.stdout, version);
});

Deno.test("command line: systemd prints the unit of the executable that ran it, with absolute paths, or every fault and no unit", async () => {
  const good = await runServer(["systemd", "2", "--root", "fixtures"]);
  assertEquals(good.code, 0, good.stderr);
  const executable = Deno.env.get("ASYNC_DENO_EXECUTABLE");
  const program = executable === undefined
    ? "/usr/local/bin/async-deno" // run from source: where install.sh puts it
    : await Deno.realPath(new URL(executable, REPOSITORY));
  const root = await Deno.realPath(new URL("fixtures", REPOSITORY));
  assertStringIncludes(good.stdout, `\nExecStart=${program} 2 --root ${root}\n`);
  assertEquals(good.stderr.includes("run from source"), executable === undefined);
  const bad = await runServer(["systemd", "--root", "nowhere"]);
  assertEquals([bad.code, bad.stdout], [2, ""]);
  assertStringIncludes(bad.stderr, "/nowhere: does not exist\n");
});

Deno.test("command line: an unknown variable causes a warning at the start that suggests the nearest name", async () => {
  const server = await startServer({ workers: 1, env: { ASYNC_DENO_MAX_BODDY: "1" } });
  await server.stop();
  await server[Symbol.asyncDispose]();
  assertEquals(
    server.stderr,
    "async-deno: the unknown variable ASYNC_DENO_MAX_BODDY is ignored: " +
      "did you mean ASYNC_DENO_MAX_BODY?\n",
  );
});

Deno.test("command line: an admin server on a public address causes a warning at the start", async () => {
  const server = await startServer({ workers: 1, args: ["--admin", "0.0.0.0:0"] });
  await server.stop();
  await server[Symbol.asyncDispose]();
  assertOneLine(server.stderr);
  assertStringIncludes(server.stderr, "async-deno: --admin 0.0.0.0: other machines can reach it");
});

Deno.test("command line: a server applies sizes and times with units, and switches given as words", () =>
  withServer({
    workers: 1,
    args: ["--max-body", "0.5k", "--idle-timeout", "1500ms"],
    env: { ASYNC_DENO_PROXY_PROTOCOL: "yes" },
  }, async (server) => {
    const post = (length: number) =>
      `PROXY UNKNOWN\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n` +
      "a".repeat(length);
    assertEquals((await ask(server, post(512))).status, 200);
    assertEquals((await ask(server, post(513))).status, 413);
  }));

Deno.test("command line: the banner names the workers, the port and the log", () =>
  withServer({ workers: 3 }, (server) => {
    assertEquals(
      server.stdout,
      `Async Deno Server\nWorkers: 3 | Port: ${server.port} | Log: ${server.logFile}\n` +
        `http://127.0.0.1:${server.port}/\n`,
    );
    return Promise.resolve();
  }));

Deno.test("command line: the server listens on the given port", async () => {
  const port = freePort();
  await withServer({ workers: 1, port }, async (server) => {
    assertEquals(server.port, port);
    assertEquals((await ask(server, HEALTH)).text, "ok");
  });
});

Deno.test("command line: the port of a stopped server can be used again at once", async () => {
  const first = await startServer({ workers: 1 });
  await ask(first, HEALTH);
  await first[Symbol.asyncDispose]();
  await withServer({ workers: 1, port: first.port }, async (second) => {
    assertEquals((await ask(second, HEALTH)).text, "ok");
  });
});

Deno.test("command line: a start begins a new log and keeps the log of the run before", async () => {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  const log = `${folder}/log`;
  try {
    await Deno.writeTextFile(log, "of yesterday\n");
    await withServer({ workers: 1, log }, async (server) => {
      await ask(server, HEALTH);
      assert(!(await server.waitForLog("done, closing\n")).includes("yesterday"));
      assertEquals(await Deno.readTextFile(`${log}.1`), "of yesterday\n");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("command line: --log - writes the log to stdout", () =>
  withServer({ workers: 1, log: "-" }, async (server) => {
    assertStringIncludes(server.banner, "| Log: ");
    await ask(server, HEALTH);
    await waitFor(() => server.stdout.includes("done, closing\n"), {
      what: () => `the log on stdout:\n${server.stdout}`,
    });
  }));

Deno.test("command line: --log off writes no log", () =>
  withServer({ workers: 1, log: "off" }, async (server) => {
    await ask(server, HEALTH);
    const exit = await server.stop();
    assertEquals(exit.code, 0);
    assertEquals(exit.stdout.split("\n")[1], `Workers: 1 | Port: ${server.port} | Log: off`);
    assert(!exit.stdout.includes("[HTTP]"), exit.stdout);
  }));

/** One line of words: no stack trace, not empty, no control characters. */
function assertOneLine(stderr: string): void {
  assertMatch(stderr, /^[\x20-\x7e\u00a0-\uffff]{10,300}\n$/);
}
