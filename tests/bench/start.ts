/**
 * `deno run -A tests/bench/start.ts [ROUNDS]`: measures the time from exec to the first response.
 *
 * In: dist/async-deno, and a program that starts eight empty workers, which is compiled here. Both must be
 * compiled by the same Deno: run this script with the Deno that compiled the server. Out: medians of
 * interleaved rounds on standard output, and their ratio. The exit code is 1 if something is missing, and
 * does not depend on the figures.
 */

import { isFile } from "../support/is_file.ts";
import { EXECUTABLE, OUTPUT, ROOT } from "./paths.ts";
import { alignColumns } from "./report.ts";
import { freePort } from "./server_process.ts";
import { median } from "./statistics.ts";
import { isMissing, type Missing } from "./tools.ts";

const WORKERS = 8;
const DEFAULT_ROUNDS = 11;
const TARGET = 1.5;
/** A server that does not answer after this time is considered failed. */
const DEADLINE = 15_000;
/** Milliseconds between two attempts to connect: the error of the figure. */
const PROBE = 1;

const EMPTY = `${OUTPUT}eight-empty-workers`;
const EMPTY_SOURCES = `${ROOT}tests/bench/empty/`;
const REQUEST = new TextEncoder().encode(
  "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
);

/** Compiles the empty program with the Deno that runs this. */
async function compileEmpty(): Promise<Missing | undefined> {
  await Deno.mkdir(OUTPUT, { recursive: true });
  const args = ["compile", "--quiet", "--no-check", "--no-lock", "--output", EMPTY];
  args.push("--include", `${EMPTY_SOURCES}worker.ts`, `${EMPTY_SOURCES}eight_workers.ts`);
  const command = new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } });
  const { success, stderr } = await command.output();
  if (success) return undefined;
  const reason = new TextDecoder().decode(stderr).trim().split("\n")[0];
  const install = "set DENORT_BIN to the denort of this Deno's version, if it cannot be downloaded";
  return { missing: `${EMPTY}: deno compile failed: ${reason}`, install };
}

/** Milliseconds from exec until all the workers of the empty program are up. */
async function startEmpty(): Promise<number> {
  const begin = performance.now();
  const child = new Deno.Command(EMPTY, { stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  const time = performance.now() - begin;
  await reader.cancel();
  await child.status;
  if (done) throw new Error("the empty program ended without output");
  return time;
}

/** Milliseconds from exec to the first response of the server. */
async function startServer(): Promise<number> {
  const port = freePort();
  const args = [`${WORKERS}`, "127.0.0.1", `${port}`, "--log", "off"];
  const begin = performance.now();
  const child = new Deno.Command(EXECUTABLE, { args, stdin: "null", stdout: "null" }).spawn();
  try {
    const connection = await connect(port, begin + DEADLINE);
    await connection.write(REQUEST);
    const read = await connection.read(new Uint8Array(1024));
    const time = performance.now() - begin;
    connection.close();
    if (read === null) throw new Error("the server closed the connection without a response");
    return time;
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

async function connect(port: number, deadline: number): Promise<Deno.TcpConn> {
  for (;;) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      const refused = error instanceof Deno.errors.ConnectionRefused;
      if (!refused || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, PROBE));
    }
  }
}

async function measure(rounds: number): Promise<string[]> {
  const server: number[] = [];
  const empty: number[] = [];
  // One start of each first, which fills the page cache and writes V8's code caches.
  await startServer();
  await startEmpty();
  for (let round = 0; round < rounds; round++) {
    server.push(await startServer());
    empty.push(await startEmpty());
  }
  const ratio = median(server) / median(empty);
  const met = ratio <= TARGET ? "✓" : "✗";
  return [
    ...alignColumns([
      [`from exec, ${WORKERS} workers, ${rounds} rounds`, "median", "best"],
      line("  async-deno, first request answered", server),
      line("  empty program, all workers up", empty),
    ]),
    `  ratio ${ratio.toFixed(2)} ≤ ${TARGET} ${met}`,
  ];
}

function line(name: string, times: readonly number[]): string[] {
  return [name, `${median(times).toFixed(0)} ms`, `${Math.min(...times).toFixed(0)} ms`];
}

async function main(): Promise<number> {
  const rounds = Number(Deno.args[0] ?? DEFAULT_ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError("ROUNDS must be a whole number of at least 1");
  }
  const server = isFile(EXECUTABLE)
    ? undefined
    : { missing: EXECUTABLE, install: "deno task compile" };
  const missing = server ?? await compileEmpty();
  if (missing !== undefined && isMissing(missing)) {
    console.error(`missing ${missing.missing}\n  ${missing.install}`);
    return 1;
  }
  console.log((await measure(rounds)).join("\n"));
  return 0;
}

if (import.meta.main) Deno.exit(await main());
