/**
 * `deno run -A tests/bench/idle.ts [SECONDS]`: what a server does that nobody asks anything.
 *
 * In: dist/async-deno, or without it main.ts. Out: for eight workers, without connections and with 100
 * idle WebSockets, the wake-ups and the CPU of each thread that woke at all. The window begins when
 * what the connections left to do (log, compilers, collectors) is done, and ends before the first
 * ping is due, so every wake-up is one too many, but for one a worker in the second case: see README.md.
 */

import { closeAll, openIdleSockets } from "./idle_sockets.ts";
import { SCRATCH } from "./paths.ts";
import { asyncDeno } from "./peers/async_deno.ts";
import { asyncDenoExecutable } from "./peers/async_deno_executable.ts";
import { alignColumns } from "./report.ts";
import { freePort, ServerProcess, stopAll } from "./server_process.ts";
import { activityBetween, lookAtThreads, type ThreadActivity } from "./thread_activity.ts";
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
    const before = lookAtThreads(ids);
    await wait(seconds);
    const activity = activityBetween(before, lookAtThreads(ids));
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
  if (!(seconds > 0)) throw new RangeError("SECONDS is a number above 0");
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
