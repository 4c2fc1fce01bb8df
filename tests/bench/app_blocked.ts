/**
 * `deno run -A tests/bench/app_blocked.ts [ROUNDS]`: what a handler that blocks its worker costs the clients of another one.
 *
 * In: dist/async-deno, gcc. Out, on standard output: the latency of 64 connections at a fixed rate to a server with two workers: while
 * both serve, and while a handler keeps one of them for longer than the load takes, in a system call or computing. The connections are
 * opened when it is blocked, so the other one has them all. Within that time the server notices it, and starts a third worker.
 * Any thread that computes takes a core from the others: with two cores, a process that has nothing to do with the server shows how
 * much of the latency is that. Medians of rounds, each with fresh servers. The exit code is 1 if something is missing, and does
 * not depend on the figures.
 */

import { isFile } from "../support/is_file.ts";
import { buildProgram } from "./c_programs.ts";
import { type Latency, latencyOfLoad, latencyRow, p99Ratio } from "./latency.ts";
import { startClient } from "./load_client.ts";
import { EXECUTABLE } from "./paths.ts";
import { programPath } from "./peers/peer.ts";
import { alignColumns } from "./report.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { missing } from "./tools.ts";

const DEFAULT_ROUNDS = 5;
const SECONDS = 3;
const WARM_UP = 1;
const CONNECTIONS = 64;
/** Requests a second: far below what one worker can bear, so that its own queue is not what is measured. */
const RATE = 2_000;
/** Milliseconds: the block begins before the load, and outlasts it. */
const BEFORE = 100;
const BLOCK = BEFORE + SECONDS * 1_000 + 500;
const WANTED = 2;

/** Begins what is beside the load, and returns what ends it. */
type Beside = (port: number) => () => Promise<unknown>;

function handler(path: string): Beside {
  return (port) => {
    const url = `http://127.0.0.1:${port}/${path}?${BLOCK}`;
    const back = fetch(url).then((answer) => answer.text());
    return () => back;
  };
}

const WAITS = "a handler waits in one";
const COMPUTES = "a handler computes in one";
const PROCESS = "another process computes";
const BESIDE: Readonly<Record<string, Beside>> = {
  [WAITS]: handler("waits"),
  [COMPUTES]: handler("computes"),
  [PROCESS]: () => {
    const child = new Deno.Command("sh", { args: ["-c", "while :; do :; done"] }).spawn();
    return () => {
      child.kill("SIGKILL");
      return child.status;
    };
  },
};

async function load(program: string, port: number, seconds: number): Promise<Latency> {
  const request = `GET /text HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const args = ["-p", `${port}`, "-c", `${CONNECTIONS}`, "-d", `${seconds}`, "-r", `${RATE}`];
  return latencyOfLoad(await startClient(program, [...args, request]).report);
}

/** One server: its clients' latency while both workers serve, and while something is beside them. */
async function round(program: string, beside: Beside): Promise<[free: Latency, beside: Latency]> {
  const port = freePort();
  const app = programPath("blocked_app.mjs");
  const args = ["2", "127.0.0.1", `${port}`, "--log", "off", "--app", app];
  const server = await ServerProcess.start({ command: EXECUTABLE, args }, port);
  try {
    await load(program, port, WARM_UP);
    const free = await load(program, port, SECONDS);
    const end = beside(port);
    await new Promise((resolve) => setTimeout(resolve, BEFORE));
    const latency = await load(program, port, SECONDS);
    await end();
    return [free, latency];
  } finally {
    await server.stop();
  }
}

async function main(rounds: number): Promise<number> {
  if (!isFile(EXECUTABLE)) return missing(`${EXECUTABLE}: run deno task compile`);
  const program = await buildProgram("exchange");
  if (typeof program !== "string") return missing(`${program.missing}: ${program.install}`);
  const free: Latency[] = [];
  const all = new Map(Object.keys(BESIDE).map((name): [string, Latency[]] => [name, []]));
  for (let i = 0; i < rounds; i++) {
    for (const [name, latencies] of all) {
      const [before, during] = await round(program, BESIDE[name]!);
      free.push(before);
      latencies.push(during);
    }
  }
  const table = [[`${CONNECTIONS} connections, ${RATE} requests/s`, "p50 ms", "p99 ms"]];
  table.push(latencyRow("both workers serve", free));
  for (const [name, latencies] of all) table.push(latencyRow(name, latencies));
  console.log(alignColumns(table).join("\n"));
  const ratio = (name: string, others: readonly Latency[]) =>
    p99Ratio([all.get(name) ?? [], others], WANTED);
  for (const name of [WAITS, COMPUTES]) {
    console.log(`p99 while ${name}, to that while both serve: ${ratio(name, free)}`);
  }
  const process = all.get(PROCESS) ?? [];
  console.log(`p99 while ${COMPUTES}, to that while ${PROCESS}: ${ratio(COMPUTES, process)}`);
  return 0;
}

if (import.meta.main) {
  const [rounds = `${DEFAULT_ROUNDS}`] = Deno.args;
  Deno.exit(await main(Number(rounds)));
}
