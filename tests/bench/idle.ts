/**
 * `deno run -A tests/bench/idle.ts [SECONDS]`: measures an idle server.
 *
 * In: dist/async-deno, or main.ts if it does not exist. Out: for eight workers, without connections and
 * with 100 idle WebSockets, the wake-ups and the CPU of each thread that woke up. The window begins when
 * the work after the connections (log, compilers, garbage collectors) is done, and ends before the first
 * ping is due. So there should be no wake-up, except one per worker in the second case: see README.md.
 */

import { closeAll, openIdleSockets } from "./idle_sockets.ts";
import { SCRATCH } from "./paths.ts";
import { asyncDeno } from "./peers/async_deno.ts";
import { asyncDenoExecutable } from "./peers/async_deno_executable.ts";
import { alignColumns } from "./report.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { activityBetween, sampleThreads, type ThreadActivity } from "./thread_activity.ts";
import { isMissing } from "./tools.ts";

const WORKERS = 8;
const DEFAULT_SECONDS = 10;
const SETTLE_SECONDS = 4;

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function start(): Promise<ServerProcess> {
  const port = freePort();
  const compiled = await asyncDenoExecutable.find();
  const peer = isMissing(compiled) ? asyncDeno : asyncDenoExecutable;
  const found = isMissing(compiled) ? await asyncDeno.find() : compiled;
  if (isMissing(found)) throw new Error(`missing ${found.missing}: ${found.install}`);
  return ServerProcess.start(
    await peer.launch(found, { port, workers: WORKERS, work: "small" }),
    port,
  );
}

async function watch(sockets: number, seconds: number): Promise<ThreadActivity[]> {
  const server = await start();
  try {
    const open = await openIdleSockets(server.port, sockets);
    await wait(SETTLE_SECONDS);
    const { ids } = server;
    const before = sampleThreads(ids);
    await wait(seconds);
    const activity = activityBetween(before, sampleThreads(ids));
    closeAll(open);
    return activity;
  } finally {
    await server.stop();
  }
}

/** The table of one case. */
export function idleLines(title: string, threads: readonly ThreadActivity[]): string[] {
  const woken = threads.filter(({ wakeUps, cpu }) => wakeUps > 0 || cpu > 0);
  const wakeUps = woken.reduce((sum, thread) => sum + thread.wakeUps, 0);
  const cpu = woken.reduce((sum, thread) => sum + thread.cpu, 0);
  const total = [`${title}, ${threads.length} threads`, `${wakeUps}`, `${cpu.toFixed(2)} s`];
  const lines = woken.map(({ name, wakeUps, cpu }) => [
    `  ${name}`,
    `${wakeUps}`,
    `${cpu.toFixed(2)} s`,
  ]);
  return alignColumns([["", "wake-ups", "CPU"], total, ...lines]);
}

async function main(): Promise<void> {
  const seconds = Number(Deno.args[0] ?? DEFAULT_SECONDS);
  if (!(seconds > 0)) throw new RangeError("SECONDS must be a number above 0");
  await Deno.mkdir(SCRATCH, { recursive: true });
  for (const sockets of [0, 100]) {
    const activity = await watch(sockets, seconds);
    console.log(idleLines(`${sockets} idle WebSockets, ${seconds} s`, activity).join("\n"));
  }
}

if (import.meta.main) {
  try {
    await main();
  } finally {
    await stopAll();
  }
}
