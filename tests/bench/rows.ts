/**
 * The rows of the benchmark: the work that the servers do.
 *
 * In: the default worker count. Out: the list of rows, as data. Read by the harness, which runs each row
 * with each peer that can do its work, and by the report, which uses the title as a heading. wrk.lua has
 * the requests of the HTTP modes.
 */

import type { BenchFile } from "./site.ts";

/** A kind of work. A peer states which kinds it can do, each with a label. */
export type Work = "small" | "echo" | "page" | "file" | "tls" | "websocket";

/** How wrk.lua makes its requests. */
export type HttpMode = "get" | "close" | "pipeline" | "browser" | "post";

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
}

/** A row with wrk as the client. */
export interface HttpRow extends RowBase {
  readonly work: "small" | "echo" | "page" | "tls";
  readonly mode: HttpMode;
}

/** A row with wrk as the client, which requests a file. */
export interface FileRow extends RowBase {
  readonly work: "file";
  readonly mode: "get";
  readonly file: BenchFile;
}

/** A row with wsload as the client: `/echo` returns each message. */
export interface WebSocketRow extends RowBase {
  readonly work: "websocket";
  /** Bytes of a message. */
  readonly payload: number;
  /** Messages in flight on each connection. */
  readonly depth: number;
}

/** One row of the benchmark. */
export type Row = HttpRow | FileRow | WebSocketRow;

/** The request path of each kind of work; for files, the folder. */
export const PATHS: Readonly<Record<Work, string>> = {
  small: "/healthz",
  echo: "/echo",
  page: "/",
  file: "/files/",
  tls: "/healthz",
  websocket: "/echo",
};

/** The path that a row requests. */
export function pathOf(row: Row): string {
  return PATHS[row.work] + (row.work === "file" ? row.file.name : "");
}

const CONNECTIONS = 64;
/** Few enough that each connection is answered several times per turn, so that cut-off responses matter little. */
const LARGE_CONNECTIONS = 4;
const WORKER_COUNTS = [1, 2, 4, 8];
const KIB = 1024;
const MIB = KIB * KIB;

function fileRow(
  row: Pick<FileRow, "id" | "title" | "workers" | "file"> & Partial<FileRow>,
): FileRow {
  return { connections: CONNECTIONS, work: "file", mode: "get", quick: false, ...row };
}

function httpRow(row: Pick<HttpRow, "id" | "title" | "workers"> & Partial<HttpRow>): HttpRow {
  return { connections: CONNECTIONS, work: "small", mode: "get", quick: false, ...row };
}

function echoRow(
  row: Pick<WebSocketRow, "id" | "title" | "workers" | "payload"> & Partial<WebSocketRow>,
): WebSocketRow {
  return { connections: CONNECTIONS, work: "websocket", depth: 1, quick: false, ...row };
}

/** All rows, in the order of measurement and display. */
export function makeRows(workers: number): readonly Row[] {
  return [
    httpRow({
      id: "keep-alive-64",
      title: "small answer, keep-alive, 64 connections",
      workers,
      quick: true,
    }),
    httpRow({
      id: "keep-alive-512",
      title: "small answer, keep-alive, 512 connections",
      workers,
      connections: 512,
    }),
    httpRow({ id: "pipelined", title: "small answer, pipelined by 16", workers, mode: "pipeline" }),
    httpRow({
      id: "close",
      title: "small answer, one request per connection",
      workers,
      mode: "close",
      quick: true,
    }),
    httpRow({
      id: "browser",
      title: "small answer, a browser's 12 fields",
      workers,
      mode: "browser",
    }),
    httpRow({ id: "post-1k", title: "POST of 1 KiB, echoed", workers, work: "echo", mode: "post" }),
    httpRow({ id: "page", title: "the page", workers, work: "page" }),
    echoRow({ id: "ws-16", title: "WebSocket echo, 16 B", workers, payload: 16, quick: true }),
    echoRow({ id: "ws-1k", title: "WebSocket echo, 1 KiB", workers, payload: KIB, quick: true }),
    echoRow({ id: "ws-64k", title: "WebSocket echo, 64 KiB", workers, payload: 64 * KIB }),
    echoRow({ id: "ws-1m", title: "WebSocket echo, 1 MiB", workers, payload: MIB }),
    echoRow({
      id: "ws-depth-16",
      title: "WebSocket echo, 16 B, 16 in flight",
      workers,
      payload: 16,
      depth: 16,
    }),
    fileRow({
      id: "file-1k",
      title: "file of 1 KiB, keep-alive",
      workers,
      file: { name: "1k.bin", size: KIB },
      quick: true,
    }),
    fileRow({
      id: "file-100k",
      title: "file of 100 KiB, keep-alive",
      workers,
      file: { name: "100k.bin", size: 100 * KIB },
    }),
    fileRow({
      id: "file-100m",
      title: "file of 100 MiB, 4 connections",
      workers,
      file: { name: "100m.bin", size: 100 * MIB },
      connections: LARGE_CONNECTIONS,
    }),
    httpRow({
      id: "tls-keep-alive",
      title: "small answer, TLS, keep-alive, 64 connections",
      workers,
      work: "tls",
    }),
    ...WORKER_COUNTS.map((count) =>
      httpRow({
        id: `workers-${count}`,
        title: `small answer, keep-alive, ${count} worker${count === 1 ? "" : "s"}`,
        workers: count,
      })
    ),
  ];
}
