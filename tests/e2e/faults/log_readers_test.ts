/**
 * Readers of a log that stop reading: every request is answered all the same, the server stops in time with exit code 0,
 * and lines that were not read are counted and reported.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { ask, type Endpoint, HttpConnection } from "../../support/http_client.ts";
import { freePort } from "../../support/free_port.ts";
import { Metrics } from "../../support/metrics.ts";
import { findProgram } from "../../support/process_facts.ts";
import { serverCommand, waitFor, within } from "../../support/server.ts";

const WORKERS = 2;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
/** A request whose lines are long in both logs. */
const LONG = `GET /${"x".repeat(250)} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${
  "y".repeat(1000)
}\r\n\r\n`;
const AGAIN = "GET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** The time that a stop may take, on a busy machine too. */
const STOP_MS = 10_000;
/** What a line of either log may look like; the lines of the banner come first. */
const LINE =
  /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:w\d+|main) \[[A-Za-z]+\] [\x20-\x7e]+|127\.0\.0\.1 - - \[[^\]]+\] "GET [^"]+" \d+ \d+ "-" "[^"]*" \S+ \d+ \d+|Async Deno Server|Workers: .*|https?:\/\/\S+|Admin: \S+|async-deno: .*)$/;

/** A server whose standard output is a pipe, read by a test or not at all. */
class Piped implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly at: Endpoint;
  readonly adminUrl: string;
  stderr = "";
  /** What was answered, and over how many connections. */
  requests = 0;
  connections = 0;
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

  /** Sends so many requests over a few connections; returns how many were answered. */
  async answers(count: number): Promise<number> {
    let answered = 0;
    await Promise.all(Array.from({ length: 4 }, async () => {
      using connection = await HttpConnection.open(this.at);
      this.connections++;
      for (let i = 0; i < count / 4; i++, this.requests++) {
        await connection.send(REQUEST);
        if ((await connection.answer()).text === "ok") answered++;
      }
    }));
    return answered;
  }

  /** Causes more lines than a pipe and the buffers of both workers hold: pipelined requests, all answered. */
  async flood(): Promise<void> {
    await Promise.all(Array.from({ length: 4 }, async () => {
      using connection = await HttpConnection.open(this.at);
      this.connections++;
      for (let round = 0; round < 30; round++) {
        await connection.send(LONG.repeat(100));
        for (let i = 0; i < 100; i++, this.requests++) {
          assertEquals((await connection.answer()).status, 404);
        }
      }
    }));
  }

  async dropped(log: string): Promise<number> {
    return (await Metrics.of(this.adminUrl)).sum("async_deno_log_dropped_lines_total", { log });
  }

  /** Ends it by SIGTERM; returns its exit code, and how long that took. */
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
  Deno.test(`log readers: a pipe that nobody reads, ${log} log: 400 of 400 requests are answered, and the server stops with code 0`, async () => {
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
    // One warning while it ran, and at the end the lines lost since.
    assert(said.length <= 2, server.stderr);
  });
}

Deno.test("log readers: standard output and error in one pipe that nobody reads do not block the server", async () => {
  await using server = new Piped(["--log", "-"], 'exec "$@" 2>&1');
  await server.started();
  await server.flood();
  assertEquals(await server.answers(400), 400);
  assert(await server.dropped("event") > 0);
  assertEquals((await server.stop()).code, 0);
});

Deno.test("log readers: one that pauses gets complete lines, and the count of the dropped ones", async () => {
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
    await server.answers(4); // a buffered line is written with the next ones
    return text.includes("route=/healthz");
  }, { what: "lines after the pause" });
  await ask(server.at, AGAIN);
  await waitFor(() => text.includes("route=/again"), { what: "the lines of later requests" });
  const { code } = await server.stop();
  assertEquals(code, 0);
  await read;
  reading.releaseLock();
  const lines = text.trimEnd().split("\n");
  assertEquals(lines.filter((line) => !LINE.test(line)), []);
  assertMatch(server.stderr, /^async-deno: \d+ lines of the log dropped: standard output/);
  // The reported count is exactly what is missing: each request has three lines, each connection two.
  const told = [...server.stderr.matchAll(/(\d+) lines? of the log dropped/g)]
    .reduce((sum, [_, count]) => sum + Number(count), 0);
  assert(told >= lost, `${told} told of ${lost}`);
  const written = lines.filter((line) => /^\S+Z w\d+ /.test(line)).length;
  const [requests, connections] = [server.requests + 1, server.connections + 1]; // and the last
  assertEquals(written + told, 3 * requests + 2 * connections);
});

Deno.test({
  name: "log readers: a reader that a signal stops and continues gets complete lines",
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

Deno.test("log readers: one that has left causes one warning, and every request is answered", async () => {
  await using server = new Piped(["--log", "-"]);
  await server.started();
  await server.child.stdout.cancel();
  assertEquals(await server.answers(400), 400);
  await waitFor(() => server.stderr.includes("broken pipe"), { what: () => server.stderr });
  assertEquals(await server.answers(400), 400);
  assertEquals((await server.stop()).code, 0);
  assertEquals(server.stderr.match(/broken pipe/g)?.length, 1);
});
