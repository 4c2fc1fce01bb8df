/**
 * `deno run -A tests/bench/allocation.ts [SECONDS]`: measures garbage of the hot path.
 *
 * In: main.ts, run with `--v8-flags=--trace-gc` and two workers, under load by wrk and wsload. Out: for
 * each kind of load, the garbage collections of all threads per million requests or messages, and the
 * bytes freed per request. The server is warmed up first, and counting starts a second after the
 * connections are made: both produce garbage of their own.
 */

import { type Collection, parseCollection } from "./gc_trace.ts";
import { clientArgs, findClient, startClient } from "./load_client.ts";
import { ROOT, SCRATCH } from "./paths.ts";
import { serverArgs } from "./peers/async_deno.ts";
import { alignColumns } from "./report.ts";
import { makeRows, type Row } from "./rows.ts";
import { freePort } from "./server_process.ts";
import { findProgram } from "./tools.ts";

const WORKERS = 2;
const DEFAULT_SECONDS = 10;
const WARM_UP_SECONDS = 3;
/** The time between the client's start and the window, and between the window and the client's end. */
const MARGIN_SECONDS = 1;
const ROWS = ["keep-alive-64", "browser", "ws-16", "ws-1k", "close"];
const MEGABYTE = 1e6;

/** The garbage of one kind of load. */
export interface Garbage {
  readonly title: string;
  /** Requests or messages within the window. */
  readonly requests: number;
  readonly collections: readonly Collection[];
}

/** A server that reports its garbage collections. */
class TracedServer {
  readonly port = freePort();
  readonly collections: Collection[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;

  /** @param stdbuf the program: V8 prints through libc, which would buffer the lines in a pipe */
  constructor(stdbuf: string) {
    const run = [Deno.execPath(), "run", "-A", "--no-check", "--v8-flags=--trace-gc"];
    const place = { port: this.port, workers: WORKERS, work: "small" } as const;
    const args = ["-oL", ...run, `${ROOT}main.ts`, ...serverArgs(place)];
    const command = new Deno.Command(stdbuf, { args, stdin: "null", stdout: "piped" });
    this.#child = command.spawn();
    this.#read = this.#follow();
  }

  /** Resolves when the server listens. */
  async ready(): Promise<void> {
    for (;;) {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await wait(0.05);
      }
    }
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#read;
  }

  async #follow(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.#child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const collection = parseCollection(line);
        if (collection !== undefined) this.collections.push(collection);
      }
    }
  }
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function load(server: TracedServer, row: Row, seconds: number): Promise<Garbage> {
  const client = await findClient(row);
  if (typeof client !== "string") throw new Error(`missing ${client.missing}: ${client.install}`);
  await startClient(client, clientArgs(row, server.port, { seconds: WARM_UP_SECONDS })).report;
  const all = seconds + 2 * MARGIN_SECONDS;
  const { report } = startClient(client, clientArgs(row, server.port, { seconds: all }));
  await wait(MARGIN_SECONDS);
  const from = server.collections.length;
  await wait(seconds);
  const collections = server.collections.slice(from);
  const { rate } = await report;
  return { title: row.title, requests: rate * seconds, collections };
}

/** The table of results. */
export function garbageLines(rows: readonly Garbage[]): string[] {
  const lines = rows.map(({ title, requests, collections }) => {
    const freed = collections.reduce((sum, { before, after }) => sum + before - after, 0);
    return [
      `  ${title}`,
      Math.round(requests).toLocaleString("en"),
      `${collections.length}`,
      (collections.length / requests * 1e6).toFixed(1),
      `${(freed * MEGABYTE / requests).toFixed(1)} B`,
    ];
  });
  return alignColumns([["", "requests", "collections", "per million", "freed each"], ...lines]);
}

async function main(): Promise<number> {
  const seconds = Number(Deno.args[0] ?? DEFAULT_SECONDS);
  if (!(seconds >= 1)) throw new RangeError("SECONDS must be a number of at least 1");
  const stdbuf = findProgram("stdbuf");
  if (stdbuf === undefined) {
    console.error("missing stdbuf: apt-get install coreutils");
    return 1;
  }
  await Deno.mkdir(SCRATCH, { recursive: true });
  const server = new TracedServer(stdbuf);
  try {
    await server.ready();
    const results: Garbage[] = [];
    for (const row of makeRows(WORKERS).filter(({ id }) => ROWS.includes(id))) {
      results.push(await load(server, row, seconds));
    }
    console.log(garbageLines(results).join("\n"));
  } finally {
    await server.stop();
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main());
