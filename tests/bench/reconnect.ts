/**
 * `deno run -A --lock=tests/deno.lock tests/bench/reconnect.ts [CLIENTS] [PEER]`: what others notice when many clients come back.
 *
 * In: how many clients, by default 2,000, and async-deno or async-deno-exe. Out: the latency of a channel's publications, from the
 * publisher's request until each of ten subscribers has them: p50 and p99 over five seconds without anything else, and while the
 * clients, whose connections all broke, come back within a second and recover. The clients are a process of their own
 * ({@link file://./reconnect_crowd.ts}), which says when all of them are there, and fails if one was told something wrong.
 */

import { HttpConnection } from "../support/http_client.ts";
import { OPCODE, RawWebSocket } from "../support/raw_websocket.ts";
import { hold } from "../support/wait_for.ts";
import { publishHead } from "./channels_wire.ts";
import { SCRATCH } from "./paths.ts";
import { PEERS } from "./peers/mod.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { isMissing } from "./tools.ts";

const SUBSCRIBERS = 10;
/** Milliseconds between two publications. */
const PACE = 5;
const CALM_MS = 5_000;

/** Reads the latencies of one subscriber until the connection ends. */
async function listen(socket: RawWebSocket, latencies: number[]): Promise<void> {
  const decoder = new TextDecoder();
  while (true) {
    const { opcode, payload } = await socket.frame();
    if (opcode !== OPCODE.text) return;
    const now = performance.now();
    const text = decoder.decode(payload);
    if (text === "{}") await socket.send({ opcode: OPCODE.text, payload: "{}" });
    for (const [, sent] of text.matchAll(/"t":([\d.]+)/g)) latencies.push(now - Number(sent));
  }
}

/** Publishes at a fixed pace until the signal. A request that is late delays none that follow. */
async function publish(connection: HttpConnection, head: string, signal: AbortSignal) {
  const begun = performance.now();
  for (let i = 0; !signal.aborted; i++) {
    const due = begun + i * PACE;
    if (due > performance.now()) await hold(due - performance.now());
    // The others have something to recover.
    const isLive = i % 10 !== 9;
    const channel = isLive ? "live" : `crowd-${Math.floor(i / 10) % 8}`;
    const body = `{"channel":"bench:${channel}","data":{"t":${performance.now()}}}`;
    await connection.send(`${head.replace("{l}", `${body.length}`)}${body}`);
    const { status } = await connection.answer();
    if (status !== 200) throw new Error(`a publication was answered with ${status}`);
  }
}

/** What stands at this share of the latencies. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function line(label: string, latencies: readonly number[]): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  const figures = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
  return `${label.padEnd(36)} ${figures}, most ${
    sorted.at(-1)?.toFixed(2)
  } ms, ${sorted.length} deliveries`;
}

/** The process of the clients. */
class Crowd implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(port: number, clients: number) {
    const script = new URL("reconnect_crowd.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-lock", script, `${port}`, `${clients}`];
    const command = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" });
    this.#child = command.spawn();
    this.#reader = this.#child.stdout.getReader();
  }

  /** Waits until all are there. */
  async there(): Promise<void> {
    const { done } = await this.#reader.read();
    if (done) throw new Error("a client was told something wrong");
  }

  /** Lets all connections break; they come back. */
  async scatter(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new Uint8Array(1));
    writer.releaseLock();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

async function main([clients = "2000", id = "async-deno-exe"]: readonly string[]): Promise<void> {
  const peer = PEERS.find((peer) => peer.id === id && peer.id.startsWith("async-deno"));
  const count = Number(clients);
  if (peer === undefined || !Number.isInteger(count) || count < 1) {
    throw new RangeError("expected CLIENTS, a whole number, and async-deno or async-deno-exe");
  }
  const found = await peer.find();
  if (isMissing(found)) throw new Error(`missing ${found.missing}: ${found.install}`);
  await Deno.mkdir(SCRATCH, { recursive: true });
  const port = freePort();
  const place = { port, workers: 2, work: "fan-out", connections: count } as const;
  const server = await ServerProcess.start(await peer.launch(found, place), port, "fan-out");
  const endpoint = { hostname: "127.0.0.1", port };
  const stop = new AbortController();
  const sockets: RawWebSocket[] = [];
  const latencies: number[] = [];
  const listening: Promise<unknown>[] = [];
  for (let i = 0; i < SUBSCRIBERS; i++) {
    const socket = await RawWebSocket.open(endpoint, "/connection/websocket");
    sockets.push(socket);
    const payload = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"bench:live"}}';
    await socket.send({ opcode: OPCODE.text, payload });
    listening.push(listen(socket, latencies).catch(() => {}));
  }
  {
    await using crowd = new Crowd(port, count);
    await crowd.there();
    // Not before: the server closes a connection that sends nothing for a while.
    using connection = await HttpConnection.open(endpoint);
    const publishing = publish(connection, publishHead(peer.channels!, port, "{l}"), stop.signal);
    await hold(CALM_MS / 5); // what is compiled first
    latencies.length = 0;
    await hold(CALM_MS);
    console.log(line("before", latencies.splice(0)));
    const begun = performance.now();
    await crowd.scatter();
    await crowd.there();
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(line(`while ${count} come back, ${seconds} s`, latencies.splice(0)));
    await hold(CALM_MS);
    console.log(line("after", latencies.splice(0)));
    stop.abort();
    await publishing;
  }
  for (const socket of sockets) socket[Symbol.dispose]();
  await Promise.all(listening);
  await server.stop();
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } finally {
    await stopAll();
  }
}
