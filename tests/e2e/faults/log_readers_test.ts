/**
 * Readers of a log that stop reading: every request is answered all the same, the stop is in time and good, and the
 * lines that nobody took are counted and told.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ask, type Endpoint, HttpConnection } from "../../support/http_client.ts";
import { freePort } from "../../support/free_port.ts";
import { Metrics } from "../../support/metrics.ts";
import { findProgram } from "../../support/process_facts.ts";
import { serverCommand, waitFor, within } from "../../support/server.ts";

const WORKERS = 2;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
/** One whose lines are long in both logs. */
const LONG = `GET /${"x".repeat(250)} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${
  "y".repeat(1000)
}\r\n\r\n`;
const AGAIN = "GET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** The contract of a stop, and what a busy machine takes. */
const STOP_MS = 10_000;
/** What a line of either log may look like; the banner's lines come before. */
const LINE =
  /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:w\d+|main) \[[A-Za-z]+\] [\x20-\x7e]+|127\.0\.0\.1 - - \[[^\]]+\] "GET [^"]+" \d+ \d+ "-" "[^"]*" \S+ \d+ \d+|Async Deno Server|Workers: .*|https?:\/\/\S+|Admin: \S+|async-deno: .*)$/;

/** A server whose standard output is a pipe that is read by a test, or by nobody. */
class Piped implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly at: Endpoint;
  readonly adminUrl: string;
  stderr = "";
  readonly #stderrRead: Promise<void>;

  constructor(args: readonly string[], shell?: string) {
    const [port, admin] = [freePort(), freePort()];
    this.at = { hostname: "127.0.0.1", port };
    this.adminUrl = `http://127.0.0.1:${admin}/`;
    const own = [`${WORKERS}`, "127.0.0.1", `${port}`, "--admin", `127.0.0.1:${admin}`];
    const [program, before, env] = serverCommand();
    const all = [...before, ...own, ...args];
    const [command, commandArgs] = shell === undefined
      ? [program, all]
      : ["sh", ["-c", shell, "sh", program, ...all]];
    this.child = new Deno.Command(command, {
      args: commandArgs,
      cwd: new URL("../../../", import.meta.url),
      env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderrRead = this.#readStderr();
  }

  /** Waits until it answers. */
  async started(): Promise<void> {
    const isUp = () =>
      fetch(new URL("/readyz", this.adminUrl)).then(async (response) => {
        await response.body?.cancel();
        return response.status === 200;
      }, () => false);
    await waitFor(isUp, { what: () => `a server\n${this.stderr}` });
  }

  /** So many requests over a few connections; how many were answered. */
  async answers(count: number): Promise<number> {
    let answered = 0;
    await Promise.all(Array.from({ length: 4 }, async () => {
      using connection = await HttpConnection.open(this.at);
      for (let i = 0; i < count / 4; i++) {
        await connection.send(REQUEST);
        if ((await connection.answer()).text === "ok") answered++;
      }
    }));
    return answered;
  }

  /** More lines than a pipe and the memory of both workers take: requests in pipelines, all answered. */
  async flood(): Promise<void> {
    await Promise.all(Array.from({ length: 4 }, async () => {
      using connection = await HttpConnection.open(this.at);
      for (let round = 0; round < 30; round++) {
        await connection.send(LONG.repeat(100));
        for (let i = 0; i < 100; i++) assertEquals((await connection.answer()).status, 404);
      }
    }));
  }

  async dropped(log: string): Promise<number> {
    return (await Metrics.of(this.adminUrl)).sum("async_deno_log_dropped_lines_total", { log });
  }

  /** Ends it by SIGTERM; its code, and how long that took. */
  async stop(): Promise<{ code: number; took: number }> {
    const began = performance.now();
    this.child.kill("SIGTERM");
    const { code } = await within(this.child.status, { timeoutMs: STOP_MS, what: "the end" });
    return { code, took: performance.now() - began };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.child.status;
    await this.child.stdout.cancel().catch(() => {});
    await this.#stderrRead;
  }

  async #readStderr(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.child.stderr) this.stderr += decoder.decode(bytes);
  }
}

for (
  const [log, args] of [["event", ["--log", "-"]], ["access", [
    "--log",
    "off",
    "--access-log",
    "-",
  ]]] as const
) {
  Deno.test(`log readers: a pipe that nobody reads, ${log} log: 400 of 400 answers, and a good stop`, async () => {
    await using server = new Piped(args);
    await server.started();
    await server.flood();
    assertEquals(await server.answers(400), 400);
    await waitFor(async () => await server.dropped(log) > 0, { what: "dropped lines counted" });
    await waitFor(
      () => / lines of the (access )?log dropped: standard output/.test(server.stderr),
      {
        what: () => `a warning in ${server.stderr}`,
      },
    );
    const { code, took } = await server.stop();
    assertEquals(code, 0, server.stderr);
    assert(took < 5_000, `${took} ms`);
    const said = server.stderr.trimEnd().split("\n");
    // Once while it ran, and at the end what was lost since.
    assert(said.length <= 2, server.stderr);
  });
}

Deno.test("log readers: standard output and error in one pipe that nobody reads", async () => {
  await using server = new Piped(["--log", "-"], 'exec "$@" 2>&1');
  await server.started();
  await server.flood();
  assertEquals(await server.answers(400), 400);
  assert(await server.dropped("event") > 0);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("log readers: one that pauses gets whole lines, and the count of those it has not got", async () => {
  await using server = new Piped(["--log", "-"]);
  await server.started();
  let text = "";
  const reading = server.child.stdout.getReader();
  await server.flood(); // nobody reads
  assertEquals(await server.answers(400), 400);
  const lost = await server.dropped("event");
  assert(lost > 0);
  const read = (async () => {
    const decoder = new TextDecoder();
    for (let chunk = await reading.read(); !chunk.done; chunk = await reading.read()) {
      text += decoder.decode(chunk.value, { stream: true });
    }
  })();
  await waitFor(async () => {
    await server.answers(4); // a line is handed over with those before it
    return text.includes("route=/healthz");
  }, { what: "lines behind the pause" });
  await ask(server.at, AGAIN);
  await waitFor(() => text.includes("route=/again"), { what: "the lines of later requests" });
  const { code } = await server.stop();
  assertEquals(code, 0);
  await read;
  reading.releaseLock();
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.filter((line) => !LINE.test(line)), []);
  assertMatch(server.stderr, /^async-deno: \d+ lines of the log dropped: standard output/);
  // What the operator was told is all that is missing: each request has three lines, each connection two.
  const told = [...server.stderr.matchAll(/(\d+) lines? of the log dropped/g)]
    .reduce((sum, [_, count]) => sum + Number(count), 0);
  assert(told >= lost, `${told} told of ${lost}`);
});

Deno.test({
  name: "log readers: a reader that is stopped by a signal and goes on",
  ignore: findProgram("cat") === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      await using server = new Piped(
        ["--log", `${folder}/fifo`],
        [
          `mkfifo "${folder}/fifo"`,
          `cat < "${folder}/fifo" > "${folder}/out" & echo $! > "${folder}/pid"`,
          'exec "$@"',
        ].join("\n"),
      );
      await server.started();
      const reader = Number(await Deno.readTextFile(`${folder}/pid`));
      Deno.kill(reader, "SIGSTOP");
      await server.flood();
      assertEquals(await server.answers(400), 400);
      assert(await server.dropped("event") > 0);
      Deno.kill(reader, "SIGCONT");
      await waitFor(async () => {
        await ask(server.at, AGAIN);
        return (await Deno.readTextFile(`${folder}/out`)).includes("route=/again");
      }, { what: "later lines" });
      assertEquals((await server.stop()).code, 0);
      const text = await Deno.readTextFile(`${folder}/out`);
      assertEquals(text.trimEnd().split("\n").filter((line) => !LINE.test(line)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("log readers: one that has left is told once, and costs no answer", async () => {
  await using server = new Piped(["--log", "-"]);
  await server.started();
  await server.child.stdout.cancel();
  assertEquals(await server.answers(400), 400);
  await waitFor(() => server.stderr.includes("broken pipe"), { what: () => server.stderr });
  assertEquals(await server.answers(400), 400);
  assertEquals((await server.stop()).code, 0);
  assertEquals(server.stderr.match(/broken pipe/g)?.length, 1);
});
