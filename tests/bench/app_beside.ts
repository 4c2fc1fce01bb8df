/**
 * `deno run -A tests/bench/app_beside.ts [ROUNDS]`: what work of an app's own costs the clients of the same worker.
 *
 * In: dist/async-deno, redis-server, wrk, and npm for ioredis. Out, on standard output: the latency of 64 busy connections to a
 * worker whose app only answers, and to the same worker while its app has a client of Redis and a timer, of 5 ms with four
 * commands each; how late that timer is, and how long the commands take, beside the connections and without them. Medians of
 * interleaved rounds. The exit code is 1 if something is missing, and does not depend on the figures.
 */

import { isFile } from "../support/is_file.ts";
import { NO_REDIS, RedisEngine } from "../support/redis_engine.ts";
import { type Latency, latencyOfLoad, latencyRow, p99Ratio } from "./latency.ts";
import { parseReport } from "./load_client.ts";
import { EXECUTABLE, PEER_PACKAGES, WRK_SCRIPT } from "./paths.ts";
import { alignColumns } from "./report.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { findProgram, missing } from "./tools.ts";

const DEFAULT_ROUNDS = 5;
const SECONDS = 2;
const CONNECTIONS = 64;
const PACKAGE = "ioredis@6.0.0";
const APP = "beside_app.mjs";
const WANTED = 1.5;

/** What the app tells of its own work. */
interface Told {
  readonly late: Latency;
  readonly took: Latency;
}

/** Keeps the connections busy. */
async function load(port: number): Promise<Latency> {
  const url = `http://127.0.0.1:${port}/text`;
  const request = `GET /text HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}`, "-s", WRK_SCRIPT, url, "--", request];
  const { stdout } = await new Deno.Command("wrk", { args }).output();
  return latencyOfLoad(parseReport(new TextDecoder().decode(stdout)));
}

async function idle(): Promise<undefined> {
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
}

/** Runs `meanwhile` while the app asks Redis from its timer. */
async function withWork<T>(
  port: number,
  redis: string,
  meanwhile: () => Promise<T>,
): Promise<[T, Told]> {
  const url = `http://127.0.0.1:${port}/`;
  await (await fetch(`${url}?redis=${encodeURIComponent(redis)}`)).text();
  const result = await meanwhile();
  const { late, took } = await (await fetch(`${url}?stop`)).json();
  return [result, { late: latencyOf(late), took: latencyOf(took) }];
}

function latencyOf(times: readonly number[]): Latency {
  if (times.length === 0) throw new Error("the app's timer did not run");
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(sorted.length * part)]!; // part is below 1
  return { p50: at(0.5), p99: at(0.99) };
}

/** The server's packages are found beside the app. */
async function installApp(): Promise<string> {
  if (!isFile(`${PEER_PACKAGES}node_modules/ioredis/package.json`)) {
    await Deno.mkdir(PEER_PACKAGES, { recursive: true });
    const args = ["install", "--prefix", PEER_PACKAGES, "--no-audit", "--no-fund", PACKAGE];
    const { success } = await new Deno.Command("npm", { args, stdin: "null" }).output();
    if (!success) throw new Error(`npm could not install ${PACKAGE}`);
  }
  const path = `${PEER_PACKAGES}${APP}`;
  await Deno.copyFile(new URL(`./peers/programs/${APP}`, import.meta.url), path);
  return path;
}

async function main(rounds: number): Promise<number> {
  if (!isFile(EXECUTABLE)) return missing(`${EXECUTABLE}: run deno task compile`);
  if (NO_REDIS !== "") return missing("redis-server: apt-get install redis-server");
  for (const program of ["wrk", "npm"]) {
    if (findProgram(program) === undefined) {
      return missing(`${program}: apt-get install ${program}`);
    }
  }
  const app = await installApp();
  await using redis = await RedisEngine.start();
  const port = freePort();
  const rights = ["--app-allow", `net=127.0.0.1:${redis.port},env`];
  const args = ["1", "127.0.0.1", `${port}`, "--log", "off", "--app", app, ...rights];
  const server = await ServerProcess.start({ command: EXECUTABLE, args }, port);
  const [alone, beside]: Latency[][] = [[], []];
  const [quiet, busy]: Told[][] = [[], []];
  try {
    await load(port);
    await withWork(port, redis.url, () => load(port));
    for (let i = 0; i < rounds; i++) {
      alone!.push(await load(port));
      const [latency, told] = await withWork(port, redis.url, () => load(port));
      beside!.push(latency);
      busy!.push(told);
      quiet!.push((await withWork(port, redis.url, idle))[1]);
    }
  } finally {
    await server.stop();
  }
  console.log(
    alignColumns([
      [`${CONNECTIONS} connections, one worker`, "p50 ms", "p99 ms"],
      latencyRow("the app only answers", alone!),
      latencyRow("it has a Redis client and a timer", beside!),
      latencyRow("  lateness of the timer", busy!.map(({ late }) => late)),
      latencyRow("  a command of Redis", busy!.map(({ took }) => took)),
      latencyRow("  lateness without connections", quiet!.map(({ late }) => late)),
      latencyRow("  a command without connections", quiet!.map(({ took }) => took)),
    ]).join("\n"),
  );
  console.log(`p99 to that without: ${p99Ratio([beside!, alone!], WANTED)}`);
  return 0;
}

if (import.meta.main) {
  const [rounds = `${DEFAULT_ROUNDS}`] = Deno.args;
  Deno.exit(await main(Number(rounds)));
}
