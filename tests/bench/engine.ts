/**
 * `deno run -A tests/bench/engine.ts [ROUNDS]`: channels of three servers that share a Redis server.
 *
 * In: dist/async-deno, redis-server and wrk. Out, on standard output: publications per second by HTTP into one server, in its
 * memory and in the engine, beside a loop of the client library alone that runs the same script, all with 64 under way; and
 * the latency from the request to the delivery on another server, beside one server without an engine. Medians of
 * interleaved rounds. The exit code is 1 if something is missing, and does not depend on the figures.
 */

import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import { appendCall } from "../../runtime/serve/engine/redis/append_batch.ts";
import { RedisNames } from "../../runtime/serve/engine/redis/names.ts";
import { SCRIPTS } from "../../runtime/serve/engine/redis/scripts.ts";
import { isFile } from "../support/is_file.ts";
import { RedisEngine } from "../support/redis_engine.ts";
import { waitFor } from "../support/wait_for.ts";
import { parseReport } from "./load_client.ts";
import { EXECUTABLE, WRK_SCRIPT } from "./paths.ts";
import { cpuSecondsOf } from "./proc.ts";
import { alignColumns } from "./report.ts";
import { freePort, ServerProcess } from "./server_process.ts";
import { median } from "./statistics.ts";
import { findProgram, missing } from "./tools.ts";

const DEFAULT_ROUNDS = 5;
const SECONDS = 3;
const UNDER_WAY = 64;
const NODES = 3;
/** Publications of which the latency is measured, and milliseconds between them. */
const TIMED = 1_000;
const PACE = 5;
const KEY = "a key of the benchmark";
const HISTORY = 100;
const DATA = JSON.stringify({ text: "x".repeat(48) });
/** The argument by which this program is the loop of the client library. */
const LOOP = "--loop";

const CONFIG = (engine: string) => `
[channels]
${engine}
allow_anonymous_connect_without_token = true
[channels.namespaces.chat]
history_size = ${HISTORY}
history_ttl = "1m"
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
[channels.api]
key_file = "KEYFILE"
`;

/** Starts a server, and waits until it takes a publication. */
async function startNode(config: string): Promise<ServerProcess> {
  const port = freePort();
  const args = ["1", "127.0.0.1", `${port}`, "--log", "off", "--config", config];
  const server = await ServerProcess.start({ command: EXECUTABLE, args }, port);
  const isTaken = () => publish(server).then((offset) => offset > 0, () => false);
  await waitFor(isTaken, { what: "a publication" });
  return server;
}

/** Publishes once. @returns the offset */
async function publish({ port }: ServerProcess, data = DATA): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": KEY },
    body: `{"channel":"chat:a","data":${data}}`,
  });
  const { result, error } = await response.json();
  if (error !== undefined) throw new Error(error.message);
  return result.offset;
}

/** What one turn cost. */
interface Turn {
  /** Publications per second. */
  readonly rate: number;
  /** CPU time per publication in µs: of the server or the loop, and of the Redis server. */
  readonly cpu: number;
  readonly redisCpu: number;
}

async function publishByWrk(server: ServerProcess, redis: number): Promise<Turn> {
  const body = `{"channel":"chat:a","data":${DATA}}`;
  const request = `POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: ${KEY}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const before = await publish(server);
  const url = `http://127.0.0.1:${server.port}/`;
  const args = ["-t1", `-c${UNDER_WAY}`, `-d${SECONDS}s`, "-s", WRK_SCRIPT, url, "--", request];
  const [cpu, redisCpu] = [cpuSecondsOf(server.ids), cpuSecondsOf([redis])];
  const { stdout } = await new Deno.Command("wrk", { args }).output();
  const used = [cpuSecondsOf(server.ids) - cpu, cpuSecondsOf([redis]) - redisCpu];
  const { requests, rate } = parseReport(new TextDecoder().decode(stdout));
  // Refused ones are answers, too: only what has an offset counts.
  const stored = await publish(server) - before - 1;
  return turnOf(stored, requests / rate, used);
}

function turnOf(count: number, seconds: number, [cpu = 0, redisCpu = 0]: number[]): Turn {
  return { rate: count / seconds, cpu: cpu / count * 1e6, redisCpu: redisCpu / count * 1e6 };
}

async function publishByLoop(url: string, redis: number): Promise<Turn> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--lock=tests/deno.lock", import.meta.filename!, LOOP, url],
    stdout: "piped",
    stderr: "null",
  });
  const redisCpu = cpuSecondsOf([redis]);
  const { stdout } = await child.output();
  const { count, seconds, cpu } = JSON.parse(new TextDecoder().decode(stdout));
  return turnOf(count, seconds, [cpu, cpuSecondsOf([redis]) - redisCpu]);
}

/** The client library alone: the script of a publication, as often as it goes, on one connection. */
async function loop(url: string): Promise<void> {
  const redis = new Redis(url);
  const { sha, lua } = SCRIPTS.append;
  await redis.script("LOAD", lua);
  const life = /run_id:(\S+)/.exec(await redis.info("server"))![1]!;
  const facts = { names: new RedisNames("bench:"), lives: life, isInGrace: false };
  const data = Buffer.from(DATA);
  let count = 0, isOver = false;
  const publish = async () => {
    while (!isOver) {
      const publication = { data, historySize: HISTORY, historyTtlMs: 60_000 };
      const { keys, args } = appendCall([{ channel: "loop", publication }], facts);
      const all = [sha, keys.length, ...keys, ...args] as (string | Buffer)[];
      const answer = String(await redis.callBuffer("EVALSHA", all));
      if (!answer.startsWith("stored ")) throw new Error(`the script answered ${answer}`);
      count++;
    }
  };
  const [start, cpu] = [performance.now(), cpuSecondsOf([Deno.pid])];
  setTimeout(() => isOver = true, SECONDS * 1_000);
  await Promise.all(Array.from({ length: UNDER_WAY }, publish));
  const seconds = (performance.now() - start) / 1_000;
  console.log(JSON.stringify({ count, seconds, cpu: cpuSecondsOf([Deno.pid]) - cpu }));
  redis.disconnect();
}

/** Milliseconds from the request of each publication to its arrival. */
async function latencies(
  publisher: ServerProcess,
  subscriber: ServerProcess,
): Promise<number[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${subscriber.port}/connection/websocket`);
  const { promise: isSubscribed, resolve, reject } = Promise.withResolvers<void>();
  const times: number[] = [];
  socket.onopen = () => {
    socket.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"chat:a"}}');
  };
  socket.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) {
      const { id, push } = JSON.parse(line);
      if (id === 2) resolve();
      if (push?.unsubscribe !== undefined) reject(new Error("the subscription has ended"));
      const sent = push?.pub?.data?.sent;
      if (sent !== undefined) times.push(performance.now() - sent);
    }
  };
  await isSubscribed;
  for (let i = 0; i < TIMED; i++) {
    await publish(publisher, `{"sent":${performance.now()}}`);
    await new Promise((resolve) => setTimeout(resolve, PACE));
  }
  await waitFor(() => times.length === TIMED, { what: "all publications" });
  socket.close();
  return times.toSorted((a, b) => a - b);
}

function latencyLine(name: string, rounds: readonly number[][]): string[] {
  const at = (part: number) =>
    median(rounds.map((times) => times[Math.floor(times.length * part)]!));
  return [name, at(0.5).toFixed(2), at(0.99).toFixed(2)];
}

function rateLine(name: string, turns: readonly Turn[]): string[] {
  const of = (key: keyof Turn) => median(turns.map((turn) => turn[key]));
  return [name, of("rate").toFixed(0), of("cpu").toFixed(1), of("redisCpu").toFixed(1)];
}

async function main(rounds: number): Promise<number> {
  if (!isFile(EXECUTABLE)) return missing(`${EXECUTABLE}: run deno task compile`);
  for (const program of ["redis-server", "wrk"]) {
    if (findProgram(program) === undefined) {
      return missing(`${program}: apt-get install ${program}`);
    }
  }
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/key`, KEY);
  const write = async (name: string, engine: string) => {
    const text = CONFIG(engine).replace("KEYFILE", `${folder}/key`);
    await Deno.writeTextFile(`${folder}/${name}.toml`, text);
    return `${folder}/${name}.toml`;
  };
  try {
    await using redis = await RedisEngine.start();
    const pid = Number(/process_id:(\d+)/.exec(await redis.command("INFO", "server"))![1]);
    await using servers = new AsyncDisposableStack();
    const start = async (config: string) => {
      const server = await startNode(config);
      servers.defer(() => server.stop());
      return server;
    };
    const memory = await start(await write("memory", ""));
    const config = await write("engine", `engine = "${redis.url}"`);
    const shared: ServerProcess[] = [];
    for (let i = 0; i < NODES; i++) shared.push(await start(config));
    const turns: Record<string, Turn[]> = { memory: [], engine: [], loop: [] };
    const times: Record<string, number[][]> = { memory: [], engine: [] };
    for (let i = 0; i < rounds; i++) {
      turns["memory"]!.push(await publishByWrk(memory, pid));
      turns["engine"]!.push(await publishByWrk(shared[0]!, pid));
      turns["loop"]!.push(await publishByLoop(redis.url, pid));
      times["memory"]!.push(await latencies(memory, memory));
      times["engine"]!.push(await latencies(shared[0]!, shared[2]!));
    }
    const heads = ["64 under way", "publications/s", "CPU µs", "CPU µs of Redis"];
    const { memory: inMemory, engine, loop: library } = turns;
    console.log(
      alignColumns([
        heads,
        rateLine("one server, memory", inMemory!),
        rateLine("one of three servers, engine", engine!),
        rateLine("client library alone", library!),
      ]).join("\n"),
    );
    const rateOf = (all: readonly Turn[]) => median(all.map(({ rate }) => rate));
    console.log(`engine / library: ${(rateOf(engine!) / rateOf(library!)).toFixed(2)}\n`);
    console.log(
      alignColumns([
        ["request to delivery", "p50 ms", "p99 ms"],
        latencyLine("one server, memory", times["memory"]!),
        latencyLine("from one server to another, engine", times["engine"]!),
      ]).join("\n"),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return 0;
}

if (import.meta.main) {
  const [first = `${DEFAULT_ROUNDS}`, url] = Deno.args;
  if (first === LOOP) await loop(url!);
  else Deno.exit(await main(Number(first)));
}
