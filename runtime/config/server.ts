/**
 * The whole config of a server: its address, its threads, every option and every limit.
 *
 * In: the options replace values. Out: one plain object that every thread gets a copy of, so it contains
 * nothing that cannot be cloned. Related values are a section with a file of its own here.
 */

import {
  HTTP1_LIMITS,
  type Http1Limits,
  type OriginPattern,
  WEBSOCKET_LIMITS,
  type WebSocketLimits,
} from "../../protocol/basics.ts";
import type { AppConfig } from "./app.ts";
import { CHANNEL_LIMITS, type ChannelLimits } from "./channel_limits.ts";
import type { ChannelsConfig } from "./channels.ts";
import { FILES, type FilesConfig } from "./files.ts";
import { CONNECTION_LIMITS, type ConnectionLimits } from "./limits.ts";
import { MONITORING, type Monitoring } from "./monitoring.ts";
import { NO_PROXY, type ProxyConfig } from "./proxy.ts";
import {
  type IoUringChoice,
  NO_TLS,
  type TlsFiles,
  type TransportChoice,
  type WarmUpChoice,
} from "./transport.ts";
import { NO_UNIX, type UnixConfig } from "./unix.ts";

/** Where the log goes: a file's path, `-` for standard output, or `off`. */
export type LogTarget = string;

/** The formats of the event log. */
export const LOG_FORMATS = ["timed", "seed"] as const;
/** With time and worker on each line, or the format of async_nostd without them. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The built-in endpoints: see runtime/serve/routes/. */
export const ENDPOINT_NAMES = ["term", "ws", "echo", "health", "demo"] as const;

/** A user of `--basic-auth`, and the file with the hash of the password. */
export interface UserSource {
  readonly user: string;
  readonly file: string;
}

/** The name of an endpoint. */
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

/** The endpoints that are enabled by default: the demo lets every visitor write to all others. */
const DEFAULT_ENDPOINTS = ENDPOINT_NAMES.filter((name) => name !== "demo");

/** The config of a server. */
export interface Config {
  /** Worker threads, 1–256. */
  readonly workers: number;
  /** Address to listen on, IPv4 or IPv6. */
  readonly hostname: string;
  /** Port, 0–65535; 0 picks a free one. */
  readonly port: number;
  /** Replaces hostname and port if its path is set. */
  readonly unix: UnixConfig;
  /** The implementation of sockets. */
  readonly transport: TransportChoice;
  /** Whether the epoll transport sends by io_uring. */
  readonly ioUring: IoUringChoice;
  /** Whether each worker of the epoll transport runs the ways of a connection before it serves. */
  readonly warmUp: WarmUpChoice;
  readonly tls: TlsFiles;
  readonly proxy: ProxyConfig;
  /** Other origins whose pages may open WebSockets. */
  readonly origins: readonly OriginPattern[];
  readonly log: LogTarget;
  /** With time and worker on each line, or in the format of async_nostd. */
  readonly logFormat: LogFormat;
  /** Bytes of the log file at which a new file begins; the previous one is kept. 0: no limit. */
  readonly logBytes: number;
  /** The enabled endpoints. */
  readonly endpoints: readonly EndpointName[];
  /** Users with access to everything but /healthz, which is open; empty: no password is required. */
  readonly users: readonly UserSource[];
  readonly files: FilesConfig;
  /** The app; undefined: there is none. */
  readonly app: AppConfig | undefined;
  /** Channels; undefined: there are none. */
  readonly channels: ChannelsConfig | undefined;
  /** Whether every client may do everything in channels. */
  readonly channelsInsecure: boolean;
  /** The address of the engine that `--engine` names; `channels` has it as well, with what else is needed. */
  readonly engine: string | undefined;
  readonly monitoring: Monitoring;
  readonly limits: ConnectionLimits;
  readonly channelLimits: ChannelLimits;
  readonly http1: Http1Limits;
  readonly websocket: WebSocketLimits;
  /** Whether permessage-deflate is negotiated. */
  readonly websocketCompression: boolean;
}

/** The defaults, except for the number of workers, which is one per core. */
export const DEFAULT_CONFIG: Omit<Config, "workers"> = {
  hostname: "0.0.0.0",
  port: 8000,
  unix: NO_UNIX,
  transport: "auto",
  ioUring: "auto",
  warmUp: "on",
  tls: NO_TLS,
  proxy: NO_PROXY,
  origins: [],
  log: "/tmp/async-deno.log",
  logFormat: "timed",
  // With the old file, 32 MiB: some minutes under load, days without; /tmp is often in memory.
  logBytes: 16 * 1024 * 1024,
  endpoints: DEFAULT_ENDPOINTS,
  users: [],
  files: FILES,
  app: undefined,
  channels: undefined,
  channelsInsecure: false,
  engine: undefined,
  monitoring: MONITORING,
  limits: CONNECTION_LIMITS,
  channelLimits: CHANNEL_LIMITS,
  http1: HTTP1_LIMITS,
  websocket: WEBSOCKET_LIMITS,
  // As of ws, Bun and Centrifugo: a message that is compressed for one client costs up to twice the CPU.
  websocketCompression: false,
};
