/**
 * The soak test of `deno task test:soak [MINUTES [tls]]`: mixed load for half an hour, and nothing must grow.
 *
 * In: minutes, by default 30; `tls`: all of it over TLS by OpenSSL. Out: a line of figures every ten seconds, the results, and at the end a line
 * `N passed, N failed`; exit code 1 if a check failed, 2 for an invalid argument. Each kind of load must
 * continue to the end: figures of an idle server would prove nothing.
 */

import { countDescriptors } from "../support/process_facts.ts";
import { hold, type Server, startServer } from "../support/server.ts";
import { OVER_TLS, SuiteTls } from "../support/suite_tls.ts";
import { CHANNEL_LOADS, channelArgs } from "./channel_loads.ts";
import type { Check } from "./check.ts";
import { LOAD_KINDS } from "./load_kinds.ts";
import { Load } from "./load.ts";
import { checkGrowth, type Sample, takeSample } from "./samples.ts";

const DEFAULT_MINUTES = 30;
const LEAST_MINUTES = 0.2;
const USAGE_ERROR = 2;
const SAMPLE_MS = 1_000;
const SAMPLES_A_LINE = 10;
/** The time limit for closing all descriptors after the load has ended. */
const SETTLE_MS = 10_000;
const SEED = 3;
/** A head timeout that some of the slow peers reach. */
const SERVER_ARGS = ["--head-timeout", "4"];

async function main(args: readonly string[]): Promise<number> {
  const minutes = Number(args[0] ?? DEFAULT_MINUTES);
  const areMinutes = minutes >= LEAST_MINUTES && Number.isFinite(minutes);
  if (args.length > 2 || !areMinutes || (args.length === 2 && args[1] !== "tls")) {
    console.error(
      `error: expected the MINUTES to run, ${LEAST_MINUTES} or more, then "tls" for a run over TLS, or nothing`,
    );
    return USAGE_ERROR;
  }
  if (args.length === 2 && !OVER_TLS) return await runOverTls(args);
  const folder = await Deno.makeTempDir({ prefix: "soak-" });
  const all = [...SERVER_ARGS, ...await channelArgs(folder)];
  const server = await startServer({ workers: 2, log: "/dev/null", args: all });
  try {
    return report([...await soak(server, minutes * 60_000), await checkStop(server)]);
  } finally {
    await server[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs this program again, with the variables of a suite over TLS: they count when its modules are loaded. */
async function runOverTls(args: readonly string[]): Promise<number> {
  await using tls = await SuiteTls.make();
  const own = ["run", "--quiet", "-A", import.meta.filename!, ...args];
  return (await new Deno.Command(Deno.execPath(), { args: own, env: tls.variables }).spawn().status)
    .code;
}

/** Prints the results and returns the exit code. */
function report(checks: readonly Check[]): number {
  for (const { name, passed, figures } of checks) {
    console.log(`${passed ? "ok" : "FAILED"} | ${name} | ${figures}`);
  }
  const failed = checks.filter(({ passed }) => !passed).length;
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function soak(server: Server, milliseconds: number): Promise<Check[]> {
  const idle = countDescriptors(server.pid);
  const stop = new AbortController();
  const loads = [...LOAD_KINDS, ...CHANNEL_LOADS].map((kind, i) => {
    return new Load(kind, { server, signal: stop.signal, seed: SEED + 1000 * i });
  });
  const end = performance.now() + milliseconds;
  const samples = await collect(server, end - milliseconds / 4);
  const roundsBefore = loads.map(({ rounds }) => rounds);
  samples.push(...await collect(server, end, samples.length));
  const wentOn = loads.map(({ rounds }, i) => rounds > roundsBefore[i]!);
  stop.abort();
  await Promise.all(loads.map(({ ended }) => ended));
  return [
    ...loads.map((load, i) => checkLoad(load, wentOn[i]!)),
    ...checkGrowth(samples),
    await checkDescriptors(server, idle),
  ];
}

/** Takes a sample each second until `end` and prints every tenth. */
async function collect(server: Server, end: number, before = 0): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (performance.now() < end) {
    await hold(Math.min(SAMPLE_MS, end - performance.now()));
    const sample = takeSample(server.pid);
    samples.push(sample);
    const seconds = before + samples.length;
    if (seconds % SAMPLES_A_LINE !== 0) continue;
    const { resident, descriptors, threads } = sample;
    const memory = (resident / 1024 / 1024).toFixed(1);
    console.log(`${seconds} s: ${memory} MiB, ${descriptors} descriptors, ${threads} threads`);
  }
  return samples;
}

function checkLoad({ kind, rounds, faults, lastFault }: Load, wentOn: boolean): Check {
  const fault = faults > 0 ? `, the last: ${lastFault}` : "";
  const end = wentOn ? "" : ", none in the last quarter";
  return {
    name: `load: ${kind.name}`,
    passed: faults === 0 && wentOn,
    figures: `${rounds} rounds, ${faults} faults${fault}${end}`,
  };
}

/** Without load, the server must have as many descriptors as before the first connection. */
async function checkDescriptors(server: Server, idle: number): Promise<Check> {
  const end = performance.now() + SETTLE_MS;
  while (countDescriptors(server.pid) > idle && performance.now() < end) await hold(100);
  const left = countDescriptors(server.pid);
  return {
    name: "every descriptor is closed",
    passed: left <= idle,
    figures: `${idle} before the load, ${left} after it`,
  };
}

async function checkStop(server: Server): Promise<Check> {
  const { code, stderr } = await server.stop();
  return {
    name: "the server stops with exit code 0 and logged no warning",
    passed: code === 0 && stderr === "",
    figures: `exit code ${code}, stderr ${JSON.stringify(stderr)}`,
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
