/**
 * `deno run -A tests/bench/engine.ts [ROUNDS]`: channels of three servers that share a Redis server.
 *
 * In: dist/async-deno, redis-server and wrk. Out, on standard output: publications per second by HTTP into one server, in its
 * memory and in the engine, beside a loop of the client library alone that runs the same script, all with 64 under way; the same with the
 * publisher as a follower of the channel, which gets each of its publications back, as the loop does by a second connection; and
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
/** Milliseconds of the loop before its turn, and turns of the servers: V8 compiles for good meanwhile. */
const WARM_UP_MS = 2_000;
const WARM_UP_TURNS = 3;
/** Publications of which the latency is measured, and milliseconds between them. */
const TIMED = 1_000;
const PACE = 5;
const KEY = "a key of the benchmark";
const HISTORY = 100;
const DATA = JSON.stringify({ text: "x".repeat(48) });
/** Published in: nobody follows the first, the publisher follows the second, and a subscriber of another server the third. */
const CHANNEL = { alone: "chat:alone", followed: "chat:followed", timed: "chat:timed" } as const;
/** The arguments by which this program is the loop of the client library, and listens to what it publishes. */
const LOOP = "--loop";
const LISTEN = "--listen";

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
async function publish(
  { port }: ServerProcess,
  channel: string = CHANNEL.alone,
  data = DATA,
): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/api/publish`, {
    method: "POST",
    headers: { "X-API-Key": KEY },
    body: `{"channel":"${channel}","data":${data}}`,
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
  /** Publications per call of the script. */
  readonly together: number;
}

/** The Redis server as it is measured. */
interface MeasuredRedis {
  readonly url: string;
  readonly pid: number;
  /** How many scripts it has run. */
  scripts(): Promise<number>;
}

async function publishByWrk(
  server: ServerProcess,
  redis: MeasuredRedis,
  channel: string,
): Promise<Turn> {
  const body = `{"channel":"${channel}","data":${DATA}}`;
  const request = `POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: ${KEY}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const [before, scripts] = [await publish(server, channel), await redis.scripts()];
  const url = `http://127.0.0.1:${server.port}/`;
  const args = ["-t1", `-c${UNDER_WAY}`, `-d${SECONDS}s`, "-s", WRK_SCRIPT, url, "--", request];
  const [cpu, redisCpu] = [cpuSecondsOf(server.ids), cpuSecondsOf([redis.pid])];
  const { stdout } = await new Deno.Command("wrk", { args }).output();
  const used = [cpuSecondsOf(server.ids) - cpu, cpuSecondsOf([redis.pid]) - redisCpu];
  const { requests, rate } = parseReport(new TextDecoder().decode(stdout));
  const calls = await redis.scripts() - scripts;
  // Refused ones are answers, too: only what has an offset counts.
  const stored = await publish(server, channel) - before - 1;
  return turnOf(stored, requests / rate, used, calls);
}

function turnOf(
  count: number,
  seconds: number,
  [cpu = 0, redisCpu = 0]: number[],
  calls: number,
): Turn {
  // Other servers run some, too; a call has 64 at most.
  const together = calls < count / 64 ? NaN : count / calls;
  return {
    rate: count / seconds,
    cpu: cpu / count * 1e6,
    redisCpu: redisCpu / count * 1e6,
    together,
  };
}

async function publishByLoop(redis: MeasuredRedis, ...more: readonly string[]): Promise<Turn> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--lock=tests/deno.lock", import.meta.filename!, LOOP].concat(
      [redis.url, `${redis.pid}`, ...more],
    ),
    stdout: "piped",
    stderr: "null",
  });
  const { stdout } = await child.output();
  const { count, seconds, used } = JSON.parse(new TextDecoder().decode(stdout));
  return turnOf(count, seconds, used, count);
}

/** The client library alone: the script of a publication, as often as it goes, on one connection; what comes back, on another one. */
async function loop(url: string, redisPid: number, listens: boolean): Promise<void> {
  const redis = new Redis(url);
  const listener = listens ? new Redis(url) : undefined;
  const { sha, lua } = SCRIPTS.append;
  await redis.script("LOAD", lua);
  const life = /run_id:(\S+)/.exec(await redis.info("server"))![1]!;
  const names = new RedisNames("bench:");
  const facts = { names, lives: life, isInGrace: false };
  const data = Buffer.from(DATA);
  let count = 0, heard = 0, isOver = false;
  listener?.on("messageBuffer", () => heard++);
  await listener?.subscribe(names.ofPubSub("x", "loop"));
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
  const all = Promise.all(Array.from({ length: UNDER_WAY }, publish));
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const [before, start, cpu] = [count, performance.now(), cpuSecondsOf([Deno.pid])];
  const redisCpu = cpuSecondsOf([redisPid]);
  setTimeout(() => isOver = true, SECONDS * 1_000);
  await all;
  const seconds = (performance.now() - start) / 1_000;
  const used = [cpuSecondsOf([Deno.pid]) - cpu, cpuSecondsOf([redisPid]) - redisCpu];
  console.log(JSON.stringify({ count: count - before, seconds, used }));
  if (listens) await waitFor(() => heard === count, { what: "all messages" });
  redis.disconnect();
  listener?.disconnect();
}

/** A subscriber of a channel. @param received gets when each publication was sent, if its data says so */
async function subscriberOf(
  { port }: ServerProcess,
  channel: string,
  received: (sent: number) => void = () => {},
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  const { promise: isSubscribed, resolve, reject } = Promise.withResolvers<void>();
  socket.onopen = () => {
    socket.send(`{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"${channel}"}}`);
  };
  socket.onmessage = ({ data }) => {
    for (const line of String(data).split("\n")) {
      const { id, push } = JSON.parse(line);
      if (id === 2) resolve();
      if (push?.unsubscribe !== undefined) reject(new Error("the subscription has ended"));
      const sent = push?.pub?.data?.sent;
      if (sent !== undefined) received(sent);
    }
  };
  await isSubscribed;
  return socket;
}

/** A server follows a channel for a minute after its last subscriber: what comes is stored, and sent to nobody. */
async function follow(server: ServerProcess, channel: string): Promise<void> {
  (await subscriberOf(server, channel)).close();
}

/** Milliseconds from the request of each publication to its arrival. */
async function latencies(
  publisher: ServerProcess,
  subscriber: ServerProcess,
): Promise<number[]> {
  const times: number[] = [];
  const received = (sent: number) => times.push(performance.now() - sent);
  const socket = await subscriberOf(subscriber, CHANNEL.timed, received);
  for (let i = 0; i < TIMED; i++) {
    await publish(publisher, CHANNEL.timed, `{"sent":${performance.now()}}`);
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
  const together = of("together");
  return [
    name,
    of("rate").toFixed(0),
    of("cpu").toFixed(1),
    of("redisCpu").toFixed(1),
    Number.isNaN(together) ? "" : together.toFixed(1),
  ];
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
    const measured: MeasuredRedis = {
      url: redis.url,
      pid: Number(/process_id:(\d+)/.exec(await redis.command("INFO", "server"))![1]),
      scripts: async () => {
        const statistics = await redis.command("INFO", "commandstats");
        return Number(/cmdstat_evalsha:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
      },
    };
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
    const turns: Record<string, Turn[]> = {
      memory: [],
      engine: [],
      loop: [],
      following: [],
      listening: [],
    };
    const times: Record<string, number[][]> = { memory: [], engine: [] };
    const publisher = shared[0]!;
    for (let i = 0; i < WARM_UP_TURNS; i++) {
      for (const server of [memory, publisher]) {
        await publishByWrk(server, measured, CHANNEL.alone);
      }
    }
    for (let i = 0; i < rounds; i++) {
      turns["memory"]!.push(await publishByWrk(memory, measured, CHANNEL.alone));
      turns["engine"]!.push(await publishByWrk(publisher, measured, CHANNEL.alone));
      turns["loop"]!.push(await publishByLoop(measured));
      await follow(publisher, CHANNEL.followed);
      turns["following"]!.push(await publishByWrk(publisher, measured, CHANNEL.followed));
      turns["listening"]!.push(await publishByLoop(measured, LISTEN));
      times["memory"]!.push(await latencies(memory, memory));
      times["engine"]!.push(await latencies(publisher, shared[2]!));
    }
    const heads = ["64 under way", "publications/s", "CPU µs", "CPU µs of Redis", "in a call"];
    const { memory: inMemory, engine, loop: library, following, listening } = turns;
    console.log(
      alignColumns([
        heads,
        rateLine("one server, memory", inMemory!),
        rateLine("one of three servers, engine", engine!),
        rateLine("client library alone", library!),
        rateLine("one of three servers, which follows the channel", following!),
        rateLine("client library alone, which listens", listening!),
      ]).join("\n"),
    );
    const rateOf = (all: readonly Turn[]) => median(all.map(({ rate }) => rate));
    const ratio = (one: readonly Turn[], other: readonly Turn[]) =>
      (rateOf(one) / rateOf(other)).toFixed(2);
    console.log(`engine / library: ${ratio(engine!, library!)}`);
    console.log(`engine that follows / library that listens: ${ratio(following!, listening!)}\n`);
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
  const [first = `${DEFAULT_ROUNDS}`, url, pid, listen] = Deno.args;
  if (first === LOOP) await loop(url!, Number(pid), listen === LISTEN);
  else Deno.exit(await main(Number(first)));
}
