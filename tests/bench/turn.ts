/**
 * One turn: some seconds of load on one server, measured.
 *
 * In: a running server, a client, a row. Out: a {@link Turn}. Called by the harness for each server in each
 * round. CPU is the time of all processes of the server from before the client's start until after its
 * end, so it includes all work of a request. The threads are sampled at a quarter and at three quarters of
 * the time, to find out whether client or server was the limit.
 */

import {
  clientArgs,
  type ClientLoad,
  type ClientReport,
  type RunningClient,
  startClient,
} from "./load_client.ts";
import { pinTo } from "./pin.ts";
import { cpuSecondsOf, residentBytesOf, threadCpuSecondsOf } from "./proc.ts";
import { isFanOutRow, isLargeFileRow, type Row } from "./rows.ts";
import type { ServerProcess } from "./server_process.ts";
import type { Turn } from "./statistics.ts";

/** What is loaded and measured: a server, or several of which one gets the load. */
export type Loaded = Pick<ServerProcess, "port" | "ids">;

/** The load generator and its settings. */
export interface TurnLoad extends ClientLoad {
  /** The client's program. */
  readonly client: string;
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

/** The number of responses; for large ones it includes the part of those cut off at the end of the turn. */
function answersIn({ requests, bytes }: ClientReport, row: Row): number {
  if (!isLargeFileRow(row) || bytes === null) return requests;
  return bytes / row.file.size;
}

function start(port: number, row: Row, load: TurnLoad): RunningClient {
  const args = clientArgs(row, port, load);
  const placed = pinTo("client", row.placement, { command: load.client, args });
  return startClient(placed.command, placed.args, { waits: isFanOutRow(row) });
}

/** Loads a server without measuring its CPU: to warm it up, or to find the rate that saturates it. */
export async function loadOnly(
  server: Loaded,
  row: Row,
  load: TurnLoad,
): Promise<ClientReport> {
  const client = start(server.port, row, load);
  await client.ready;
  client.begin();
  const report = await client.report;
  await client.end();
  return report;
}

/** The share of resumed sessions, in the row that asks for it. The first of each connection is new. */
export function resumedShare(
  { resumed, requests }: Pick<ClientReport, "resumed" | "requests">,
  row: Row,
): number | null {
  const asked = requests - row.connections;
  if (!("mode" in row) || row.mode !== "resume" || resumed === null) return null;
  return asked > 0 ? resumed / asked : null;
}

/**
 * Loads a server and measures it.
 *
 * @throws Error if no request was answered
 */
export async function takeTurn(
  server: Loaded,
  row: Row,
  load: TurnLoad,
): Promise<Turn> {
  const ids = server.ids;
  const client = start(server.port, row, load);
  // Of a client that connects first, the connections are not measured.
  await client.ready;
  const before = cpuSecondsOf(ids);
  client.begin();
  await wait(load.seconds / 4);
  const first = look(client.id, ids);
  await wait(load.seconds / 4);
  const rssBytes = residentBytesOf(ids);
  await wait(load.seconds / 4);
  const second = look(client.id, ids);
  const report = await client.report;
  const cpuSeconds = cpuSecondsOf(ids) - before;
  await client.end();
  const requests = answersIn(report, row);
  if (requests === 0) throw new Error("no request was answered");
  const seconds = (second.at - first.at) / 1000;
  return {
    requests,
    cpuPerRequest: cpuSeconds * 1e6 / requests,
    requestsPerSecond: report.rate * requests / Math.max(1, report.requests),
    p50: report.p50,
    p99: report.p99,
    p999: report.p999,
    late: load.rate === undefined ? null : report.late,
    resumed: resumedShare(report, row),
    wireBytes: report.wire === null ? null : report.wire / requests,
    rssBytes,
    errors: report.errors,
    clientBusiest: busiest(first.client, second.client, seconds),
    serverBusiest: busiest(first.server, second.server, seconds),
  };
}
