/**
 * Signals while the server starts: SIGHUP does not end it and is handled after the start; SIGTERM stops it after the start.
 *
 * The configuration is a FIFO, so the test knows when the program runs and can keep it waiting. Before that, from exec to
 * the program's first line, no program can handle signals.
 */

import { assertEquals } from "@std/assert";
import { BlindServer } from "../support/blind_server.ts";
import { findProgram } from "../support/process_facts.ts";
import { expectProgram } from "../support/program.ts";
import { waitFor, within } from "../support/wait_for.ts";

const MKFIFO = findProgram("mkfifo");
const STARTS = 4;
const SIGNALS = 10;

/** What a test can do with a server that waits for its configuration. */
interface Starting {
  readonly server: BlindServer;
  /** Passes the configuration; `later` replaces it for the next read. */
  configure(text: string, later?: string): Promise<void>;
}

async function whileStarting(run: (starting: Starting) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const path = `${folder}/a.toml`;
    await expectProgram(MKFIFO!, [path]);
    await using server = new BlindServer({ args: ["--config", path] });
    // Opening the FIFO blocks until the server reads it.
    using fifo = await within(Deno.open(path, { write: true }), { what: "a reader" });
    const configure = async (text: string, later = text) => {
      await Deno.writeTextFile(`${path}.later`, later);
      await Deno.rename(`${path}.later`, path);
      await fifo.write(new TextEncoder().encode(`${text}\n`));
      fifo.close();
    };
    await run({ server, configure });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("signals at the start: SIGHUPs do not end the server, and it reloads after the start", () =>
  whileStarting(async ({ server, configure }) => {
    for (let i = 0; i < SIGNALS; i++) server.process.kill("SIGHUP");
    await configure('endpoints = ["health", "echo"]', 'endpoints = ["health"]');
    await server.serves();
    const status = async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/echo`);
      await answer.body?.cancel();
      return answer.status;
    };
    await waitFor(async () => await status() === 404, { what: "the later configuration" });
    assertEquals(await server.stop(), 0);
  }));

Deno.test("signals at the start: SIGTERM stops it as soon as it has started, with code 0", () =>
  whileStarting(async ({ server, configure }) => {
    server.process.kill("SIGTERM");
    await configure("");
    const { code, signal } = await within(server.process.status, { what: "the end" });
    assertEquals([code, signal], [0, null]);
  }));

Deno.test("signals at the start: a server that gets SIGHUP all the time until it serves starts every time", async () => {
  for (let start = 0; start < STARTS; start++) {
    await whileStarting(async ({ server, configure }) => {
      server.process.kill("SIGHUP");
      await configure("");
      let isServing = false;
      const serving = server.serves().finally(() => isServing = true);
      await waitFor(() => {
        if (!isServing) server.process.kill("SIGHUP");
        return isServing;
      }, { what: "an answer" });
      await serving;
      assertEquals(await server.stop(), 0);
    });
  }
});
