/**
 * The two load generators: wrk for HTTP, wsload (in this folder) for WebSocket.
 *
 * In: a row, a port, seconds. Out: the process, and its report at the end. Both clients print one line
 * `report {JSON}`, so there is one parser. Called by turn.ts. gcc builds wsload if its source is newer
 * than the program.
 */

import { isFile } from "../support/is_file.ts";
import { originOf } from "./ask.ts";
import { OUTPUT, WRK_SCRIPT, WSLOAD, WSLOAD_SOURCE } from "./paths.ts";
import { pathOf, PATHS, type Row } from "./rows.ts";
import { findProgram, type Missing } from "./tools.ts";

/** The report of a load generator. */
export interface ClientReport {
  /** Responses or messages. */
  readonly requests: number;
  /** Requests or messages a second, within the window. */
  readonly rate: number;
  readonly errors: number;
  /** Bytes of the responses, including those cut off at the end; null if the client does not report them. */
  readonly bytes: number | null;
  /** µs; null if unknown. */
  readonly p50: number | null;
  /** µs; null if unknown. */
  readonly p99: number | null;
}

const WRK_THREADS = 2;
const MARK = "report ";

/**
 * Parses the report in a client's output.
 *
 * @throws RangeError if there is none, or a number is missing
 */
export function parseReport(output: string): ClientReport {
  const line = output.split("\n").find((text) => text.startsWith(MARK));
  if (line === undefined) {
    throw new RangeError(`no report in the client's output: "${output.trim()}"`);
  }
  const found = JSON.parse(line.slice(MARK.length)) as Record<string, unknown>;
  const number = (key: string): number => {
    const value = found[key];
    if (typeof value !== "number") {
      throw new RangeError(`no number "${key}" in the report: ${line}`);
    }
    return value;
  };
  return {
    requests: number("requests"),
    rate: number("rate"),
    errors: number("errors"),
    bytes: found.bytes === undefined ? null : number("bytes"),
    p50: found.p50 === null ? null : number("p50"),
    p99: found.p99 === null ? null : number("p99"),
  };
}

/** Finds or builds the client for a kind of row; or returns what is missing. */
export function findClient(work: Row["work"]): Promise<string | Missing> {
  return work === "websocket" ? buildWsload() : Promise.resolve(
    findProgram("wrk") ?? { missing: "wrk", install: "apt-get install wrk" },
  );
}

async function buildWsload(): Promise<string | Missing> {
  const source = Deno.statSync(WSLOAD_SOURCE).mtime?.getTime() ?? 0;
  if (isFile(WSLOAD) && (Deno.statSync(WSLOAD).mtime?.getTime() ?? 0) >= source) return WSLOAD;
  const gcc = findProgram("gcc");
  if (gcc === undefined) return { missing: "gcc", install: "apt-get install gcc libc6-dev" };
  Deno.mkdirSync(OUTPUT, { recursive: true });
  const args = ["-O2", "-Wall", "-o", WSLOAD, WSLOAD_SOURCE];
  const { success, stderr } = await new Deno.Command(gcc, { args }).output();
  if (!success) throw new Error(`gcc could not build wsload: ${new TextDecoder().decode(stderr)}`);
  return WSLOAD;
}

/** The arguments of the client for a row; `threads` is for wrk. */
export function clientArgs(
  row: Row,
  port: number,
  seconds: number,
  threads = WRK_THREADS,
): string[] {
  if (row.work === "websocket") {
    const { connections, payload, depth } = row;
    return [port, PATHS[row.work], connections, seconds, payload, depth].map(String);
  }
  // wrk accepts whole seconds only.
  const duration = `-d${Math.max(1, Math.round(seconds))}`;
  const url = originOf(row.work, port) + pathOf(row);
  return [
    `-t${threads}`,
    `-c${row.connections}`,
    duration,
    "-s",
    WRK_SCRIPT,
    url,
    "--",
    row.mode,
  ];
}

/** A running load generator. */
export interface RunningClient {
  readonly id: number;
  /** @throws RangeError if it ends without a report */
  readonly report: Promise<ClientReport>;
}

/** Starts a client. */
export function startClient(program: string, args: readonly string[]): RunningClient {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const report = child.output().then(({ stdout, stderr }) => {
    const decoder = new TextDecoder();
    return parseReport(`${decoder.decode(stdout)}\n${decoder.decode(stderr)}`);
  });
  return { id: child.pid, report };
}
