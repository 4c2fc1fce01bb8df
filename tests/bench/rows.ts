/**
 * The rows of the benchmark: the work that the servers do, and the load.
 *
 * In: the default worker count and placement. Out: the list of rows, as data. Read by the harness, which
 * runs each row with each peer that can do its work, and by the report, which uses the title as a heading.
 * requests.ts has the requests of the HTTP modes.
 *
 * Longer than 400 lines because it is one list, and what tells its kinds apart.
 */

import type { Placement } from "./pin.ts";
import type { BenchFile } from "./site.ts";

/** A kind of work. A peer states which kinds it can do, each with a label. */
export type Work =
  | "small"
  | "log"
  | "echo"
  | "page"
  | "file"
  | "tls"
  | "tls-file"
  | "websocket"
  | "websocket-deflate"
  | "fan-out"
  | "fan-out-deflate"
  | "fan-out-delta"
  | "publish"
  | "app"
  | "app-echo"
  | "app-fan-out";

/** The kind of requests; "resume" is "close" with the TLS session of the connection before. */
export type HttpMode = "get" | "close" | "resume" | "pipeline" | "browser" | "post";

/**
 * "warm": as much as the server answers, after a warm-up. "cold": the same in the first seconds of a fresh
 * server, which is started for each turn. "paced": at half of the rate at which the best peer is saturated.
 */
export type Load = "warm" | "cold" | "paced";

/** An engine of the rows with three servers. */
export type EngineName = "redis" | "nats";

interface RowBase {
  /** Short, stable id, used by `--rows` and the JSON. */
  readonly id: string;
  /** The heading in the table and the chart. */
  readonly title: string;
  /** Connections held open by the client. */
  readonly connections: number;
  /** Worker threads or processes of the server. */
  readonly workers: number;
  /** Part of `--quick`. */
  readonly quick: boolean;
  /** The cores of client and server. */
  readonly placement: Placement;
  readonly load: Load;
  /** What three servers share, in the rows of engine_rows.ts. */
  readonly engine?: EngineName;
  /** Whether the server that publishes gets back what it publishes, as a follower of the channel. */
  readonly isFollowed?: boolean;
}

/** A row with HTTP requests. */
export interface HttpRow extends RowBase {
  readonly work: "small" | "log" | "echo" | "page" | "tls" | "publish";
  readonly mode: HttpMode;
}

/** A row with requests for a file. */
export interface FileRow extends RowBase {
  readonly work: "file" | "tls-file";
  readonly mode: "get";
  readonly file: BenchFile;
}

/** A row with WebSockets: `/echo` returns each message. */
export interface WebSocketRow extends RowBase {
  readonly work: "websocket" | "app-echo";
  /** Bytes of a message. */
  readonly payload: number;
  /** Messages in flight on each connection. */
  readonly depth: number;
}

/** A row with channels: subscribers over WebSockets, which are the row's connections, and a publisher. */
export interface FanOutRow extends RowBase {
  readonly work: "fan-out" | "fan-out-deflate" | "fan-out-delta" | "app-fan-out";
  readonly channels: number;
  /** What is published, as fan_data.h makes it; default: text that nobody compresses. */
  readonly data?: "records" | "document";
  /** Bytes of a publication. */
  readonly payload: number;
  /** Publications that are under way, or that are sent in a second. */
  readonly flow: { readonly inFlight: number } | { readonly perSecond: number };
}

/** A row with handlers of JavaScript, the same for all servers: peers/programs/app.mjs. */
export interface AppRow extends RowBase {
  readonly work: "app";
  readonly mode: "get" | "browser" | "post";
  readonly path: string;
  /** The body that all must answer with. */
  readonly answer: string;
}

/** One row of the benchmark. */
export type Row = HttpRow | FileRow | WebSocketRow | FanOutRow | AppRow;

/** The request path of each kind of work; for files, the folder. */
export const PATHS: Readonly<Record<Work, string>> = {
  small: "/healthz",
  log: "/healthz",
  echo: "/echo",
  page: "/",
  file: "/files/",
  tls: "/healthz",
  "tls-file": "/files/",
  websocket: "/echo",
  "websocket-deflate": "/echo",
  // The peers have their own: channels_wire.ts.
  "fan-out": "/",
  "fan-out-deflate": "/",
  "fan-out-delta": "/",
  publish: "/",
  // Each row has its own.
  app: "",
  "app-echo": "/echo",
  "app-fan-out": "/",
};

/** Whether the server has channels for this work. */
export function usesChannels(work: Work): boolean {
  return work.startsWith("fan-out") || work === "publish";
}

/** Whether the WebSockets of this work negotiate permessage-deflate. */
export function usesDeflate(work: Work): boolean {
  return work === "fan-out-deflate" || work === "websocket-deflate";
}

/** Whether the server runs the handlers of peers/programs/app.mjs for this work. */
export function runsApp(work: Work): boolean {
  return work === "app" || work === "app-echo" || work === "app-fan-out";
}

/** Whether the row has WebSockets that echo. */
export function isWebSocketRow(row: Row): row is WebSocketRow {
  return row.work === "websocket" || row.work === "app-echo";
}

/** Whether the row has subscribers and a publisher. */
export function isFanOutRow(row: Row): row is FanOutRow {
  return row.work.startsWith("fan-out") || row.work === "app-fan-out";
}

/** Whether the row requests a file. */
export function isFileRow(row: Row): row is FileRow {
  return row.work === "file" || row.work === "tls-file";
}

/** From this size on, a turn has few responses. */
const LARGE = 1 << 20;

/** Whether the row requests a file of which a turn has few: each counts, also one that is cut off. */
export function isLargeFileRow(row: Row): row is FileRow {
  return isFileRow(row) && row.file.size >= LARGE;
}

/** Whether the server serves files for this work. */
export function servesFiles(work: Work): boolean {
  return work === "file" || work === "tls-file";
}

/** Whether the server speaks TLS for this work. */
export function usesTls(work: Work): boolean {
  return work === "tls" || work === "tls-file";
}

/** The path that a row requests. */
export function pathOf(row: Row): string {
  if (row.work === "app") return row.path;
  return PATHS[row.work] + (isFileRow(row) ? row.file.name : "");
}

const CONNECTIONS = 64;
/** Few enough that each connection is answered several times per turn, so that cut-off responses matter little. */
const LARGE_CONNECTIONS = 4;
/** Few, because a handshake costs the client as much as the server: with more, each would wait for the client. */
const HANDSHAKE_CONNECTIONS = 8;
const WORKER_COUNTS = [1, 2, 4, 8];
const KIB = 1024;
const MIB = KIB * KIB;

/** The row in the first seconds of a fresh server. */
export function asCold(row: Row): Row {
  return { ...row, id: `cold-${row.id}`, title: `${row.title}, first seconds`, load: "cold" };
}

/** The row at half of the best peer's rate. */
export function asPaced(row: Row): Row {
  return { ...row, id: `rate-${row.id}`, title: `${row.title}, half rate`, load: "paced" };
}

/** The server, and the cores, unless a row has its own. */
type Common = Pick<RowBase, "workers" | "placement">;

function makers({ workers, placement }: Common) {
  const base = {
    connections: CONNECTIONS,
    quick: false,
    load: "warm",
    workers,
    placement,
  } as const;
  return {
    http: (row: Pick<HttpRow, "id" | "title"> & Partial<HttpRow>): HttpRow => (
      { ...base, work: "small", mode: "get", ...row }
    ),
    file: (row: Pick<FileRow, "id" | "title" | "file"> & Partial<FileRow>): FileRow => (
      { ...base, work: "file", mode: "get", ...row }
    ),
    echo: (row: Pick<WebSocketRow, "id" | "title" | "payload"> & Partial<WebSocketRow>) => (
      { ...base, work: "websocket", depth: 1, ...row } satisfies WebSocketRow
    ),
  };
}

const FILE_1K = { name: "1k.bin", size: KIB };
const FILE_100K = { name: "100k.bin", size: 100 * KIB };
const FILE_100M = { name: "100m.bin", size: 100 * MIB };

function httpRows(common: Common): Row[] {
  const { http } = makers(common);
  return [
    http({ id: "keep-alive-64", title: "small answer, keep-alive, 64 connections", quick: true }),
    http({
      id: "keep-alive-512",
      title: "small answer, keep-alive, 512 connections",
      connections: 512,
    }),
    http({ id: "pipelined", title: "small answer, pipelined by 16", mode: "pipeline" }),
    http({
      id: "close",
      title: "small answer, one request per connection",
      mode: "close",
      quick: true,
    }),
    http({ id: "browser", title: "small answer, a browser's 12 fields", mode: "browser" }),
    http({ id: "access-log", title: "small answer, with an access log", work: "log" }),
    http({ id: "post-1k", title: "POST of 1 KiB, echoed", work: "echo", mode: "post" }),
    http({ id: "page", title: "the page", work: "page" }),
  ];
}

function webSocketRows(common: Common): Row[] {
  const { echo } = makers(common);
  return [
    echo({ id: "ws-16", title: "WebSocket echo, 16 B", payload: 16, quick: true }),
    echo({ id: "ws-1k", title: "WebSocket echo, 1 KiB", payload: KIB, quick: true }),
    echo({ id: "ws-64k", title: "WebSocket echo, 64 KiB", payload: 64 * KIB }),
    echo({ id: "ws-1m", title: "WebSocket echo, 1 MiB", payload: MIB }),
    echo({
      id: "ws-depth-16",
      title: "WebSocket echo, 16 B, 16 in flight",
      payload: 16,
      depth: 16,
    }),
  ];
}

function fileRows(common: Common): Row[] {
  const { file } = makers(common);
  return [
    file({ id: "file-1k", title: "file of 1 KiB, keep-alive", file: FILE_1K, quick: true }),
    file({ id: "file-100k", title: "file of 100 KiB, keep-alive", file: FILE_100K }),
    file({
      id: "file-100m",
      title: "file of 100 MiB, 4 connections",
      file: FILE_100M,
      connections: LARGE_CONNECTIONS,
    }),
  ];
}

function tlsRows(common: Common): Row[] {
  const { http, file } = makers(common);
  const handshake = { work: "tls", connections: HANDSHAKE_CONNECTIONS } as const;
  return [
    http({
      id: "tls-keep-alive",
      title: "small answer, TLS, keep-alive, 64 connections",
      work: "tls",
    }),
    file({ id: "tls-file-100k", title: "file of 100 KiB, TLS", work: "tls-file", file: FILE_100K }),
    file({
      id: "tls-file-100m",
      title: "file of 100 MiB, TLS, 4 connections",
      work: "tls-file",
      file: FILE_100M,
      connections: LARGE_CONNECTIONS,
    }),
    http({
      id: "tls-handshake",
      title: "full TLS handshake and one request",
      mode: "close",
      ...handshake,
    }),
    http({
      id: "tls-resumed",
      title: "resumed TLS handshake and one request",
      mode: "resume",
      ...handshake,
    }),
  ];
}

const FLOWS = [
  { id: "one", title: "one at a time", flow: { inFlight: 1 } },
  { id: "16", title: "16 in flight", flow: { inFlight: 16 } },
  { id: "20s", title: "20 a second", flow: { perSecond: 20 } },
] as const;

/** The rows of `--channels`: fan-out, and publishing by HTTP. */
export function makeChannelRows(workers: number, placement: Placement = "all"): readonly Row[] {
  const common = { workers, placement };
  const base = { work: "fan-out", quick: false, load: "warm", channels: 1, ...common } as const;
  const fanOut = [[64, "64"], [KIB, "1k"]] as const;
  const rows = fanOut.flatMap(([payload, size]) =>
    [1000, 5000].flatMap((connections) =>
      FLOWS.map(({ id, title, flow }): FanOutRow => ({
        ...base,
        id: `fan-out-${size}-${connections}-${id}`,
        title: `fan-out of ${payload} B to ${connections.toLocaleString("en")}, ${title}`,
        connections,
        payload,
        flow,
      }))
    )
  );
  const { http } = makers(common);
  const [one, several] = FLOWS;
  const smaller = { ...base, connections: 1000 };
  return [
    ...rows,
    ...[one, several].map(({ id, title, flow }): FanOutRow => ({
      ...{ ...smaller, work: "fan-out-deflate", data: "records", payload: KIB, flow },
      id: `fan-out-deflate-1k-1000-${id}`,
      title: `fan-out of 1 KiB of JSON to 1,000, permessage-deflate, ${title}`,
    })),
    {
      ...{ ...smaller, work: "fan-out-delta", data: "document", payload: 8 * KIB, flow: one.flow },
      id: "fan-out-delta-8k-1000-one",
      title: "fan-out of 8 KiB that change by 100 B to 1,000, deltas, one at a time",
    },
    {
      ...base,
      id: "channels-1000",
      title: "1,000 channels of 10, 64 B, 16 in flight",
      connections: 10_000,
      channels: 1000,
      payload: 64,
      flow: { inFlight: 16 },
    },
    http({ id: "publish", title: "publish 64 B by HTTP", work: "publish", mode: "post" }),
    http({
      id: "publish-echo",
      title: "POST of 1 KiB, echoed, beside publish",
      work: "echo",
      mode: "post",
    }),
  ];
}

/** 1 KiB of JSON. */
export const JSON_BODY = JSON.stringify({ words: Array(142).fill("abcd"), end: 1 }).padEnd(KIB);

/** The rows of `--app`: handlers that answer at once, and that wait. */
export function makeAppRows(workers: number, placement: Placement = "all"): readonly Row[] {
  const row = (
    id: string,
    title: string,
    own: Pick<AppRow, "mode" | "path" | "answer">,
  ): AppRow => ({
    ...{ id: `app-${id}`, title: `app: ${title}`, work: "app", connections: CONNECTIONS },
    ...{ quick: false, load: "warm", workers, placement, ...own },
  });
  return [
    row("text", 'fetch answers "ok"', { mode: "get", path: "/text", answer: "ok" }),
    row("json", "JSON from the URL, a header and the query", {
      mode: "browser",
      path: "/json/users/7?q=words",
      answer: '{"path":"/json/users/7","q":"words","language":"en-US,en;q=0.9"}',
    }),
    row("hono", "a route of Hono with a parameter", {
      mode: "get",
      path: "/hono/users/7",
      answer: '{"id":"7"}',
    }),
    row("post", "POST of 1 KiB of JSON, parsed", {
      mode: "post",
      path: "/post",
      answer: '{"words":142}',
    }),
    row("await", "one await", { mode: "get", path: "/await", answer: "awaited" }),
    row("timer", "a timer of a millisecond", { mode: "get", path: "/timer", answer: "late" }),
    {
      ...makers({ workers, placement }).echo({
        id: "app-ws",
        title: "app: WebSocket echo, 16 B",
        payload: 16,
      }),
      work: "app-echo",
    },
    // In one worker: what Bun publishes does not reach other processes.
    {
      ...{ id: "app-publish", title: "app: ws.publish of 64 B to 1,000, one at a time" },
      ...{
        work: "app-fan-out",
        connections: 1000,
        channels: 1,
        payload: 64,
        flow: { inFlight: 1 },
      },
      ...{ quick: false, load: "warm", workers: 1, placement },
    },
  ];
}

function workersRows(): Row[] {
  const { http } = makers({ workers: 2, placement: "all" });
  return [
    http({
      id: "crowded",
      title: "small answer, keep-alive, with the client on two cores",
      placement: "two",
    }),
    ...WORKER_COUNTS.map((count) =>
      http({
        id: `workers-${count}`,
        title: `small answer, keep-alive, ${count} worker${count === 1 ? "" : "s"}, all cores`,
        workers: count,
      })
    ),
  ];
}

/** The rows that are measured cold or paced too, without an option. */
const ALSO_COLD = ["keep-alive-64"];
const ALSO_PACED = ["keep-alive-64", "ws-16", "tls-keep-alive"];

/** All rows but those with channels or an app, in the order of measurement and display. */
export function makeRows(workers: number, placement: Placement = "all"): readonly Row[] {
  const common = { workers, placement };
  const rows = [
    ...httpRows(common),
    ...webSocketRows(common),
    ...fileRows(common),
    ...tlsRows(common),
  ];
  return [
    ...rows,
    ...rows.filter(({ id }) => ALSO_COLD.includes(id)).map(asCold),
    ...rows.filter(({ id }) => ALSO_PACED.includes(id)).map(asPaced),
    ...workersRows(),
  ];
}
