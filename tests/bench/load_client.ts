/**
 * The load generators: wrk for HTTP, wsload for WebSocket, fanload for channels, and exchange for what these cannot do: a
 * fixed rate, the latency of pipelined requests and of large files, TLS handshakes. The last three are in this folder.
 *
 * In: a row, a port, seconds, a rate. Out: the process, and its report at the end. All clients print one
 * line `report {JSON}`, so there is one parser. Called by turn.ts.
 */

import { originOf } from "./ask.ts";
import { buildProgram } from "./c_programs.ts";
import { WRK_SCRIPT } from "./paths.ts";
import { type ChannelsWire, type Delivery, fanloadWire } from "./channels_wire.ts";
import { requestOf } from "./requests.ts";
import {
  type FanOutRow,
  isFanOutRow,
  isLargeFileRow,
  isWebSocketRow,
  pathOf,
  PATHS,
  type Row,
  usesTls,
  type WebSocketRow,
} from "./rows.ts";
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
  /** µs; null if unknown. */
  readonly p999: number | null;
  /** How late the client itself sent, at p99, in µs; null if the client does not report it. */
  readonly late: number | null;
  /** Bytes that came from the sockets of subscribers, with all headers of frames; null if the client does not report them. */
  readonly wire: number | null;
  /** TLS sessions that the server resumed; null if the client does not report them. */
  readonly resumed: number | null;
}

const WRK_THREADS = 2;
/** Long enough for a file of 100 MiB from the slowest server. */
const WRK_TIMEOUT = "10s";
const PIPELINED = 16;
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
  const unlessMissing = (key: string) => found[key] === undefined ? null : number(key);
  const unlessNull = (key: string) => found[key] === null ? null : number(key);
  return {
    requests: number("requests"),
    rate: number("rate"),
    errors: number("errors"),
    bytes: unlessMissing("bytes"),
    p50: unlessNull("p50"),
    p99: unlessNull("p99"),
    p999: unlessNull("p999"),
    late: unlessMissing("late"),
    wire: unlessMissing("wire"),
    resumed: unlessMissing("resumed"),
  };
}

/** The program that loads a row. */
export function clientOf(row: Row): "wrk" | "wsload" | "exchange" | "fanload" {
  if (isFanOutRow(row)) return "fanload";
  if (row.load === "paced") return "exchange";
  if (isWebSocketRow(row)) return "wsload";
  const handshakes = usesTls(row.work) && (row.mode === "close" || row.mode === "resume");
  // wrk would report no latency if no large file is complete at the end.
  const own = row.mode === "pipeline" || handshakes || isLargeFileRow(row);
  return own ? "exchange" : "wrk";
}

/** Finds or builds the client of a row; or returns what is missing. */
export function findClient(row: Row): Promise<string | Missing> {
  const client = clientOf(row);
  if (client !== "wrk") return buildProgram(client);
  return Promise.resolve(
    findProgram("wrk") ?? { missing: "wrk", install: "apt-get install wrk" },
  );
}

/** How a row is loaded in one turn. */
export interface ClientLoad {
  readonly seconds: number;
  /** Requests or messages a second; undefined: as many as are answered. */
  readonly rate?: number | undefined;
  /** How the peer's channels are used. */
  readonly wire?: ChannelsWire | undefined;
  /** How they get publications in the rows with permessage-deflate or deltas; undefined: in that way. */
  readonly delivery?: Delivery | undefined;
  /** The port to which publications go, if it is not that of the subscribers. */
  readonly publishPort?: number | undefined;
}

/** How subscribers get the publications of a row. */
function deliveryOf({ work }: FanOutRow): Delivery {
  return work === "fan-out-deflate" ? "deflate" : work === "fan-out-delta" ? "delta" : "plain";
}

function wrkArgs(row: Row, port: number, { seconds, wire }: ClientLoad): string[] {
  // Pinned, the client has one core.
  const threads = row.placement === "apart" ? 1 : WRK_THREADS;
  return [
    `-t${threads}`,
    `-c${row.connections}`,
    // wrk accepts whole seconds only.
    `-d${Math.max(1, Math.round(seconds))}`,
    ...["--timeout", WRK_TIMEOUT, "-s", WRK_SCRIPT],
    ...[originOf(row.work, port) + pathOf(row), "--", requestOf(row, port, wire)],
  ];
}

function wsloadArgs(row: WebSocketRow, port: number, seconds: number): string[] {
  const { connections, payload, depth } = row;
  return [port, PATHS.websocket, connections, seconds, payload, depth].map(String);
}

function exchangeArgs(row: Row, port: number, { seconds, rate }: ClientLoad): string[] {
  const mode = "mode" in row ? row.mode : undefined;
  return [
    ...["-p", `${port}`, "-c", `${row.connections}`, "-d", `${seconds}`],
    ...(rate === undefined ? [] : ["-r", `${rate}`]),
    ...(mode === "pipeline" ? ["-b", `${PIPELINED}`] : []),
    ...(isWebSocketRow(row) ? ["-w", `${row.payload}`] : []),
    ...(usesTls(row.work) ? ["-t"] : []),
    ...(mode === "close" || mode === "resume" ? ["-n"] : []),
    ...(mode === "resume" ? ["-s"] : []),
    requestOf(row, port),
  ];
}

function fanloadArgs(row: FanOutRow, port: number, load: ClientLoad): string[] {
  const { seconds, wire, delivery = deliveryOf(row), publishPort } = load;
  if (wire === undefined) throw new TypeError("a row with channels needs the wire of the peer");
  const { connections, channels, payload, flow, data } = row;
  return [
    ...["-p", `${port}`, "-n", `${connections}`, "-c", `${channels}`, "-b", `${payload}`],
    ...["-d", `${seconds}`],
    ...("inFlight" in flow ? ["-f", `${flow.inFlight}`] : ["-r", `${flow.perSecond}`]),
    ...(data === undefined ? [] : ["-t", data]),
    ...(publishPort === undefined ? [] : ["-P", `${publishPort}`]),
    ...fanloadWire(wire, port, delivery),
  ];
}

/** The arguments of the client for a row. */
export function clientArgs(row: Row, port: number, load: ClientLoad): string[] {
  const client = clientOf(row);
  if (isFanOutRow(row)) return fanloadArgs(row, port, load);
  if (client === "exchange") return exchangeArgs(row, port, load);
  if (isWebSocketRow(row)) return wsloadArgs(row, port, load.seconds);
  return wrkArgs(row, port, load);
}

/** A running load generator. */
export interface RunningClient {
  readonly id: number;
  /** When it has connected, if it waits for {@link begin} then; else at once. False: it has ended. */
  readonly ready: Promise<boolean>;
  /**
   * What it reports; if it does not wait, when it has ended.
   *
   * @throws RangeError if it ends without a report
   */
  readonly report: Promise<ClientReport>;
  /** Lets it begin. */
  begin(): void;
  /** Lets it close its connections, and waits for its end. */
  end(): Promise<void>;
}

/**
 * Starts a client.
 *
 * @param waits whether it waits for a line when it has connected, and for the end of its input when it has reported: fanload
 */
export function startClient(
  program: string,
  args: readonly string[],
  { waits = false } = {},
): RunningClient {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: waits ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const words = readText(child.stderr);
  const output = new LineWaiter(child.stdout);
  const input = waits ? child.stdin.getWriter() : null;
  const connected = waits ? output.line("ready") : Promise.resolve(true);
  const ended = Promise.all([output.ended, words, child.status]);
  const report = (async () => {
    await connected;
    if (waits && await output.line(MARK)) return parseReport(output.text);
    await ended;
    return parseReport(output.text.includes(MARK) ? output.text : `${output.text}\n${await words}`);
  })();
  return {
    id: child.pid,
    ready: connected,
    report,
    begin: () => void input?.write(new TextEncoder().encode("go\n")).catch(ignoreEnd),
    end: async () => {
      await input?.close().catch(ignoreEnd);
      await ended;
    },
  };
}

/** It has ended: its report is missing, which says why. */
function ignoreEnd(error: unknown): void {
  if (!(error instanceof Error)) throw error;
}

async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

/** Reads a stream, and tells when a line has come. */
class LineWaiter {
  text = "";
  /** Fulfilled at the end. */
  readonly ended: Promise<void>;
  #waiters: (() => void)[] = [];
  #isAtEnd = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  /** Whether a whole line that begins so has come; false: the stream has ended without it. */
  async line(start: string): Promise<boolean> {
    for (;;) {
      if (this.text.split("\n").slice(0, -1).some((line) => line.startsWith(start))) return true;
      if (this.#isAtEnd) return false;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.text += decoder.decode(bytes, { stream: true });
      for (const resolve of this.#waiters.splice(0)) resolve();
    }
    this.#isAtEnd = true;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
