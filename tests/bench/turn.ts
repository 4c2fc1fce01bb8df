/**
 * One turn: some seconds of load on one server, measured.
 *
 * In: a running server, a client, a row. Out: a {@link Turn}. Called by the harness for each server in each
 * round. CPU is the time of all processes of the server from before the client's start until after its
 * end, so it includes all work of a request. The threads are sampled at a quarter and at three quarters of
 * the time, to find out whether client or server was the limit.
 */

import { clientArgs, type ClientReport, type RunningClient, startClient } from "./load_client.ts";
import { pinTo } from "./pin.ts";
import { cpuSecondsOf, residentBytesOf, threadCpuSecondsOf } from "./proc.ts";
import type { Row } from "./rows.ts";
import type { ServerProcess } from "./server_process.ts";
import type { Turn } from "./statistics.ts";

/** The load generator and its settings. */
export interface Load {
  /** The client's program. */
  readonly client: string;
  readonly seconds: number;
  /** Whether the client runs on its own core only. */
  readonly pin: boolean;
}

interface Look {
  /** ms */
  readonly at: number;
  readonly client: ReadonlyMap<number, number>;
  readonly server: ReadonlyMap<number, number>;
}

function look(client: number, server: readonly number[]): Look {
  return {
    at: performance.now(),
    client: threadCpuSecondsOf([client]),
    server: threadCpuSecondsOf(server),
  };
}

/** The share of a core that the busiest thread used between two samples. */
export function busiest(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  seconds: number,
): number {
  let most = 0;
  for (const [id, cpu] of after) most = Math.max(most, cpu - (before.get(id) ?? 0));
  return most / seconds;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Responses of at least this size are counted by their bytes. */
const LARGE = 1 << 20;

/** The number of responses; for large ones it includes the part of those cut off at the end of the turn. */
function answersIn({ requests, bytes }: ClientReport, row: Row): number {
  if (row.work !== "file" || row.file.size < LARGE || bytes === null) return requests;
  return bytes / row.file.size;
}

function start(port: number, row: Row, { client, seconds, pin }: Load): RunningClient {
  if (!pin) return startClient(client, clientArgs(row, port, seconds));
  const { command, args } = pinTo("client", {
    command: client,
    args: clientArgs(row, port, seconds, 1),
  });
  return startClient(command, args);
}

/** Loads a server without measuring it. */
export async function warmUp(server: ServerProcess, row: Row, load: Load): Promise<void> {
  await start(server.port, row, load).report;
}

/**
 * Loads a server and measures it.
 *
 * @throws Error if no request was answered
 */
export async function takeTurn(
  server: ServerProcess,
  row: Row,
  load: Load,
): Promise<Turn> {
  const ids = server.ids;
  const before = cpuSecondsOf(ids);
  const client = start(server.port, row, load);
  await wait(load.seconds / 4);
  const first = look(client.id, ids);
  await wait(load.seconds / 4);
  const rssBytes = residentBytesOf(ids);
  await wait(load.seconds / 4);
  const second = look(client.id, ids);
  const report = await client.report;
  const cpuSeconds = cpuSecondsOf(ids) - before;
  const requests = answersIn(report, row);
  if (requests === 0) throw new Error("no request was answered");
  const seconds = (second.at - first.at) / 1000;
  return {
    requests,
    cpuPerRequest: cpuSeconds * 1e6 / requests,
    requestsPerSecond: report.rate * requests / Math.max(1, report.requests),
    p50: report.p50,
    p99: report.p99,
    rssBytes,
    errors: report.errors,
    clientBusiest: busiest(first.client, second.client, seconds),
    serverBusiest: busiest(first.server, second.server, seconds),
  };
}
