/**
 * What a running server goes by: where it listens, how many threads, and every bound.
 *
 * In: the options replace values. Out: one plain object, handed to each thread as it is, so it holds
 * nothing that cannot be cloned. What belongs together is a section with a file of its own here.
 */

import {
  HTTP1_LIMITS,
  type Http1Limits,
  type OriginPattern,
  WEBSOCKET_LIMITS,
  type WebSocketLimits,
} from "../../protocol/mod.ts";
import { FILES, type FilesConfig } from "./files.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./limits.ts";
import { MONITORING, type Monitoring } from "./monitoring.ts";
import { NO_PROXY, type ProxyConfig } from "./proxy.ts";
import { NO_TLS, type TlsFiles, type TransportChoice } from "./transport.ts";
import { NO_UNIX, type UnixConfig } from "./unix.ts";

/** Where the log goes: a file's path, `-` for standard output, or `off`. */
export type LogTarget = string;

/** The forms of a line of the event log. */
export const LOG_FORMATS = ["timed", "seed"] as const;
/** With time and worker before the seed's words, or these alone. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The endpoints: see runtime/serve/routes/. */
export const ENDPOINT_NAMES = ["term", "ws", "echo", "health"] as const;

/** A user of `--basic-auth`, and the file that has the hash of the password. */
export interface UserSource {
  readonly user: string;
  readonly file: string;
}

/** The name of an endpoint. */
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

/** Everything that a server is started with. */
export interface Config {
  /** Worker threads, 1–256. */
  readonly workers: number;
  /** Address to listen on, IPv4 or IPv6. */
  readonly hostname: string;
  /** Port, 0–65535; 0 takes a free one. */
  readonly port: number;
  /** In place of hostname and port, if there is one. */
  readonly unix: UnixConfig;
  /** What carries the connections. */
  readonly transport: TransportChoice;
  readonly tls: TlsFiles;
  readonly proxy: ProxyConfig;
  /** Pages that may open WebSockets beside our own. */
  readonly origins: readonly OriginPattern[];
  readonly log: LogTarget;
  /** With time and worker before each line, or in the seed's words alone. */
  readonly logFormat: LogFormat;
  /** Bytes of the log's file, behind which a new one begins; the one before is kept. 0: no bound. */
  readonly logBytes: number;
  /** Those that answer. */
  readonly endpoints: readonly EndpointName[];
  /** Who may ask, for all but the health check; none: everybody. */
  readonly users: readonly UserSource[];
  readonly files: FilesConfig;
  readonly monitoring: Monitoring;
  readonly limits: ConnectionLimits;
  readonly http1: Http1Limits;
  readonly websocket: WebSocketLimits;
}

/** What the server does when nothing is said, but for the number of workers: one a core. */
export const DEFAULT_CONFIG: Omit<Config, "workers"> = {
  hostname: "0.0.0.0",
  port: 8000,
  unix: NO_UNIX,
  transport: "auto",
  tls: NO_TLS,
  proxy: NO_PROXY,
  origins: [],
  log: "/tmp/async-deno.log",
  logFormat: "timed",
  // With the old file, 32 MiB: some minutes under load, days without; /tmp is often in memory.
  logBytes: 16 * 1024 * 1024,
  endpoints: ENDPOINT_NAMES,
  users: [],
  files: FILES,
  monitoring: MONITORING,
  limits: CONNECTION_LIMITS,
  http1: HTTP1_LIMITS,
  websocket: WEBSOCKET_LIMITS,
};
