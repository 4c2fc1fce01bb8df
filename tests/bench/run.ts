/**
 * `deno task bench`: compares the server CPU per request of async-deno and its peers.
 *
 * In: the command line (see `--help`) and the installed peers. Out: tables on standard output, progress on
 * standard error, dist/bench/results.json, table.md and chart.svg. The exit code is 0 for any figures, 2 for an
 * invalid command line. All traffic stays on 127.0.0.1.
 */

import { writeCertificate } from "./certificate.ts";
import { estimateSeconds } from "./duration.ts";
import { ENGINE_CONTENDERS, EngineBench } from "./engine_bench.ts";
import { isEngineRow, makeEngineRows } from "./engine_rows.ts";
import { stopEngines } from "./engine_servers.ts";
import { Harness, type Progress, type RunResult } from "./harness.ts";
import { describeMachine, loadWarning, type Machine, machineText } from "./machine.ts";
import { TABLE, writeMarkdown } from "./markdown_table.ts";
import { type BenchOptions, parseOptions, USAGE, UsageError } from "./options.ts";
import { writePage } from "./page.ts";
import { OUTPUT, SCRATCH } from "./paths.ts";
import { earlierExecutable, installPeers, type Peer, PEERS } from "./peers/mod.ts";
import { pinFault } from "./pin.ts";
import { ProgressLine, type RunPlan } from "./progress.ts";
import { peerLines, rowLines } from "./report.ts";
import { RESULTS, writeResults } from "./results_file.ts";
import {
  asCold,
  asPaced,
  isFileRow,
  makeAppRows,
  makeChannelRows,
  makeRows,
  type Row,
  usesTls,
} from "./rows.ts";
import { writeSite } from "./site.ts";
import { stopAll } from "./server_process.ts";
import { isMissing } from "./tools.ts";

function print(lines: readonly string[]): void {
  console.log(lines.join("\n"));
}

/** Shows how far the run is if standard error is a terminal, and prints the rows. */
function progressOf(plan: RunPlan): Progress & { end(): void } {
  const encoder = new TextEncoder();
  const write = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));
  const line = Deno.stderr.isTerminal() ? new ProgressLine(plan, write) : undefined;
  return {
    turn: (row, label, round) => line?.turn(row.id, label, round),
    row(result) {
      line?.rowDone();
      print(["", ...rowLines(result)]);
    },
    end: () => line?.end(),
  };
}

/** Stops all servers if the run is interrupted. */
function stopServersOn(signals: readonly Deno.Signal[]): void {
  for (const name of signals) {
    Deno.addSignalListener(name, () => {
      Promise.all([stopAll(), stopEngines()]).finally(() => Deno.exit(130));
    });
  }
}

async function clearScratch(): Promise<void> {
  try {
    await Deno.remove(SCRATCH, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(SCRATCH, { recursive: true });
}

function rowsOf(options: BenchOptions): readonly Row[] {
  const { workers, pin, cold, rate, channels, app, engine, quick, rows } = options;
  const make = channels ? makeChannelRows : app ? makeAppRows : engine ? makeEngineRows : makeRows;
  const all = make(workers, pin ? "apart" : "all");
  const warm = all.filter((row) => row.load === "warm");
  const offered = cold ? warm.map(asCold) : rate ? warm.map(asPaced) : all;
  return offered.filter((row) =>
    (row.quick || !quick) && (rows.test(row.id) || rows.test(row.title))
  );
}

function peersOf({ before, peers }: BenchOptions): readonly Peer[] {
  const all = before === undefined ? PEERS : [...PEERS, earlierExecutable(before)];
  return all.filter(({ id }) => peers.length === 0 || peers.includes(id));
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

async function presentOf(peers: readonly Peer[]): Promise<Peer[]> {
  const present: Peer[] = [];
  for (const peer of peers) if (!isMissing(await peer.find())) present.push(peer);
  return present;
}

/** What is measured and how, and how long that takes. */
function planLines(
  options: BenchOptions,
  rows: readonly Row[],
  present: readonly Pick<Peer, "does">[],
): string[] {
  const { rounds, seconds, warmup, pin } = options;
  const minutes = Math.ceil(estimateSeconds(rows, present, options) / 60);
  const cores = pin ? "; client on core 0, servers on the others" : "";
  return [
    `${counted(rounds, "round")} of ${seconds} s after ${warmup} s of warm-up, medians${cores}`,
    `${counted(rows.length, "row")}, about ${counted(minutes, "minute")}`,
  ];
}

async function chart(result: RunResult, machine: Machine): Promise<string> {
  try {
    const { CHART, writeChart } = await import("./chart.ts");
    await writeChart(result.rows, machineText(machine));
    return CHART;
  } catch (error) {
    return `no chart: ${error instanceof Error ? error.message : error}`;
  }
}

async function showResult(
  result: RunResult,
  about: { options: BenchOptions; machine: Machine; startedAt: Date; pageBytes: number },
): Promise<void> {
  const { machine } = about;
  print(["", "servers:", ...peerLines(result.peers), ""]);
  await writeResults(result, about);
  await writeMarkdown(result.rows, machineText(machine));
  print([RESULTS, TABLE, await chart(result, machine)]);
}

/** The rows with an engine. */
async function mainWithEngine(options: BenchOptions): Promise<void> {
  const [startedAt, machine] = [new Date(), describeMachine()];
  stopServersOn(["SIGINT", "SIGTERM"]);
  await clearScratch();
  const rows = rowsOf(options).filter(isEngineRow);
  print([
    machineText(machine),
    ...planLines(options, rows, ENGINE_CONTENDERS),
    ...loadWarning(machine),
  ]);
  const progress = progressOf({ rows: rows.length, rounds: options.rounds });
  const result = await new EngineBench(options, progress).run(rows);
  progress.end();
  await showResult(result, { options, machine, startedAt, pageBytes: 0 });
}

async function main(options: BenchOptions): Promise<void> {
  const startedAt = new Date();
  const fault = options.pin ? pinFault() : undefined;
  if (fault) throw new UsageError(`--pin: missing ${fault.missing}: ${fault.install}`);
  const machine = describeMachine();
  stopServersOn(["SIGINT", "SIGTERM"]);
  if (options.install) await installPeers();
  await clearScratch();
  const page = await writePage(PEERS[0]!);
  const rows = rowsOf(options);
  await writeSite(rows.filter(isFileRow));
  const missing = rows.some(({ work }) => usesTls(work)) ? await writeCertificate() : undefined;
  if (missing) print([`no TLS rows: missing ${missing.missing}: ${missing.install}`]);
  const measured = missing ? rows.filter(({ work }) => !usesTls(work)) : rows;
  const peers = peersOf(options);
  print([
    machineText(machine),
    ...planLines(options, measured, await presentOf(peers)),
    ...loadWarning(machine),
  ]);
  if (page.standInBecause !== undefined) print([`the page is a stand-in: ${page.standInBecause}`]);
  const progress = progressOf({ rows: measured.length, rounds: options.rounds });
  const result = await new Harness(options, page.bytes, progress).run(measured, peers);
  progress.end();
  await showResult(result, { options, machine, startedAt, pageBytes: page.bytes.length });
}

try {
  const options = parseOptions(Deno.args, PEERS.map((peer) => peer.id));
  await Deno.mkdir(OUTPUT, { recursive: true });
  if (options.help) print([USAGE]);
  else if (options.engine) await mainWithEngine(options);
  else await main(options);
  // The signal listeners would keep the process alive.
  Deno.exit(0);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}; see deno task bench --help`);
  Deno.exit(2);
}
