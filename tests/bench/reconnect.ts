/**
 * `deno run -A --lock=tests/deno.lock tests/bench/reconnect.ts [CLIENTS] [PEER] [ROUNDS]`: what others notice when many clients come back.
 *
 * In: how many clients, by default 2,000; async-deno or async-deno-exe; how often they come back, by default 5 times. Out: the latency of a
 * channel's publications, from the time at which each is due until each of ten subscribers has it: over five seconds without anything else;
 * from the moment at which the connections of the clients break, for as long as these take to come back and half a second; and
 * afterwards. The clients recover. They are a process of crowd.c, and it fails if one was told something wrong; publisher and subscribers are
 * a process of fanload.c.
 */

import { buildProgram } from "./c_programs.ts";
import { fanloadWire } from "./channels_wire.ts";
import { type ClientReport, type RunningClient, startClient } from "./load_client.ts";
import { SCRATCH } from "./paths.ts";
import { PEERS } from "./peers/mod.ts";
import type { Peer } from "./peers/peer.ts";
import { type ComeBack, Crowd, WITHIN } from "./reconnect_crowd.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { median } from "./statistics.ts";
import { isMissing, type Missing } from "./tools.ts";

const SUBSCRIBERS = 10;
const PER_SECOND = 180;
const PAYLOAD = 64;
const CROWD_CHANNELS = 8;
/** What is compiled first is not measured. */
const WARM_UP_SECONDS = 1;
const CALM_SECONDS = 5;
const BREAK_SECONDS = WITHIN / 1_000 + 0.5;

/** What the subscribers of the other channel noticed. */
interface Notice {
  readonly report: ClientReport;
  /** Undefined: nobody came back. */
  readonly back: ComeBack | undefined;
}

/** Lets a client measure the other channel, from the moment at which `begin` is called. */
async function measure(
  client: RunningClient,
  begin?: () => Promise<ComeBack>,
): Promise<Notice> {
  if (!await client.ready) await client.report; // it says why
  client.begin();
  const back = await begin?.();
  const report = await client.report;
  await client.end();
  if (report.errors > 0) throw new Error("a subscriber missed a publication");
  return { report, back };
}

function ms(micros: number | null): string {
  return `${((micros ?? NaN) / 1_000).toFixed(2)} ms`;
}

function line(label: string, { report, back }: Notice): string {
  const { p50, p99, p999, late, requests } = report;
  const figures = `p50 ${ms(p50)}, p99 ${ms(p99)}, p99.9 ${ms(p999)}, client late ${ms(late)}`;
  const came = back === undefined
    ? ""
    : `; back after ${
      back.seconds.toFixed(2)
    } s, each took ${back.p50} ms at p50, ${back.p99} at p99, ` +
      `${back.recovered} recovered, ${back.retries} tried again`;
  return `${label.padEnd(10)} ${figures}, ${requests} deliveries${came}`;
}

interface Task {
  readonly clients: number;
  readonly rounds: number;
  readonly peer: Peer;
}

/** @throws RangeError for a wrong argument */
function parse(
  [clients = "2000", id = "async-deno-exe", rounds = "5"]: readonly string[],
): Task {
  const peer = PEERS.find((peer) => peer.id === id && peer.id.startsWith("async-deno"));
  const task = { clients: Number(clients), rounds: Number(rounds) };
  const areWhole = Object.values(task).every((count) => Number.isInteger(count) && count >= 1);
  if (peer === undefined || !areWhole || task.clients < CROWD_CHANNELS) {
    const least = `CLIENTS, at least ${CROWD_CHANNELS}`;
    throw new RangeError(`expected ${least}, async-deno or async-deno-exe, and ROUNDS, at least 1`);
  }
  return { ...task, peer };
}

async function main(args: readonly string[]): Promise<void> {
  const { clients, rounds, peer } = parse(args);
  const fanload = needed(await buildProgram("fanload"));
  const found = needed(await peer.find());
  await Deno.mkdir(SCRATCH, { recursive: true });
  const port = freePort();
  const place = { port, workers: 2, work: "fan-out", connections: clients } as const;
  const server = await ServerProcess.start(await peer.launch(found, place), port, "fan-out");
  const wire = peer.channels!;
  const start = (seconds: number) => {
    const size = ["-p", `${port}`, "-n", `${SUBSCRIBERS}`, "-c", "1", "-b", `${PAYLOAD}`];
    const pace = ["-d", `${seconds}`, "-r", `${PER_SECOND}`];
    return startClient(fanload, [...size, ...pace, ...fanloadWire(wire, port)], { waits: true });
  };
  {
    await using crowd = await Crowd.start(port, wire, { clients, channels: CROWD_CHANNELS });
    await crowd.there();
    await measure(start(WARM_UP_SECONDS));
    console.log(line("before", await measure(start(CALM_SECONDS))));
    const p99s: number[] = [];
    for (let i = 1; i <= rounds; i++) {
      const notice = await measure(start(BREAK_SECONDS), async () => {
        await crowd.scatter();
        return await crowd.there();
      });
      p99s.push(notice.report.p99 ?? NaN);
      console.log(line(`break ${i}`, notice));
    }
    console.log(`${clients} clients within ${WITHIN / 1000} s: median of p99 ${ms(median(p99s))}`);
    console.log(line("after", await measure(start(CALM_SECONDS))));
    console.log(`all ${await crowd.end()} publications of the clients came once, and in order`);
  }
  await server.stop();
}

/** @throws Error if it is missing */
function needed<T extends string | object>(found: T | Missing): T {
  if (typeof found !== "object" || !isMissing(found)) return found as T;
  throw new Error(`missing ${found.missing}: ${found.install}`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } finally {
    await stopAll();
  }
}
