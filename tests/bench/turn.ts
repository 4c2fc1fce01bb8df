/**
 * One turn: some seconds of load on one server, and what they cost it.
 *
 * In: a server that is up, a client, a row. Out: a {@link Turn}. Called by the harness for each server
 * in each round. CPU is what all the server's processes used from before the client starts until after
 * it ended, so nothing that belongs to a request is left out; at a quarter and at three quarters of
 * the time the threads are looked at, to see who was the limit.
 */

import { clientArgs, type ClientReport, type RunningClient, startClient } from "./load_client.ts";
import { pinTo } from "./pin.ts";
import { cpuSecondsOf, residentBytesOf, threadCpuSecondsOf } from "./proc.ts";
import type { Row } from "./rows.ts";
import type { ServerProcess } from "./server_process.ts";
import type { Turn } from "./statistics.ts";

/** What makes the load. */
export interface Load {
  /** The client's program. */
  readonly client: string;
  readonly seconds: number;
  /** The client has a core of its own, and no other. */
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

/** Share of a core that the busiest thread used between two looks. */
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

/** Answers from this size on are counted by their bytes. */
const LARGE = 1 << 20;

/** How many answers were sent: of large ones the parts too that the end of the turn cut off. */
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
 * @throws Error when not one request was answered
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
  if (requests === 0) throw new Error("not one request was answered");
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
