/**
 * The limits on connections, HTTP and WebSocket that can be set: on time, and on what a peer can make grow.
 * Those of channels, files and apps are in channels.ts, files.ts and app.ts. The defaults and their reasons
 * are in runtime/config/limits.ts and protocol/limits.ts.
 */

import { type Accessor, at, number, type NumberRow, type Option } from "./option.ts";

const MEBIBYTE = 1024 * 1024;
const A_DAY = 86_400;

/** The options of this group. */
export const LIMIT_OPTIONS: readonly Option[] = [
  limit(
    at("limits", "connections"),
    ["max-connections", "COUNT", 1, 1_000_000],
    "open connections; further ones get 503",
  ),
  limit(at("limits", "connectionsPerAddress"), [
    "max-connections-per-address",
    "COUNT",
    0,
    1_000_000,
  ], "connections per address (IPv6: per /64); further ones get 503; 0: no limit"),
  limit(
    at("limits", "pipelined"),
    ["max-pipelined", "COUNT", 1, 1_000_000],
    "pipelined requests handled before other connections get their turn",
  ),
  number({
    flag: "max-memory",
    group: "Limits",
    value: "SIZE",
    range: [MEBIBYTE, 1024 * 1024 * MEBIBYTE],
    help: "memory that all connections hold; above it, the largest and slowest are ended",
    defaultText: "1/4 of the machine's",
  }, at("limits", "heldBytes")),
  limit(
    at("limits", "queuedBytes"),
    ["max-queued", "SIZE", 0, 1024 * MEBIBYTE],
    "output queued for one client; above it, a WebSocket is not read until its client catches up",
  ),
  limit(
    at("limits", "headTime"),
    ["head-timeout", "TIME", 0.1, A_DAY],
    "time to receive a request head; then 408",
  ),
  limit(
    at("limits", "idleTime"),
    ["idle-timeout", "TIME", 0.1, A_DAY],
    "time between requests; then the connection is closed",
  ),
  limit(
    at("limits", "bodyRate"),
    ["body-rate", "SIZE", 1, 1024 * MEBIBYTE],
    "minimum rate of a body or message, per second, after --head-timeout; below it 408 or close 1008",
  ),
  limit(
    at("limits", "writeStall"),
    ["write-timeout", "TIME", 0.1, A_DAY],
    "time without write progress; then the connection is closed",
  ),
  limit(
    at("limits", "pingTime"),
    ["ping-interval", "TIME", 0.1, A_DAY],
    "silence after which a WebSocket is pinged",
  ),
  limit(
    at("limits", "pongTime"),
    ["pong-timeout", "TIME", 0.1, A_DAY],
    "silence after which a WebSocket is closed",
  ),
  limit(
    at("limits", "closeTime"),
    ["close-timeout", "TIME", 0.1, A_DAY],
    "time for the WebSocket close handshake",
  ),
  limit(
    at("limits", "drainTime"),
    ["drain-timeout", "TIME", 0.1, A_DAY],
    "time to finish open requests when stopping",
  ),
  limit(
    at("limits", "drainDelay"),
    ["drain-delay", "TIME", 0, A_DAY],
    "time to keep accepting after the stop signal, while /readyz fails",
  ),
  limit(
    at("limits", "upgradeSpread"),
    ["upgrade-spread", "TIME", 0, A_DAY],
    "at an upgrade (SIGUSR2), end WebSockets and streams gradually over this time",
  ),
  limit(
    at("http1", "requestLineBytes"),
    ["max-request-line", "SIZE", 64, MEBIBYTE],
    "length of a request line; above it 414",
  ),
  limit(
    at("http1", "headBytes"),
    ["max-head", "SIZE", 128, 16 * MEBIBYTE],
    "size of a request head; above it 431",
  ),
  limit(
    at("http1", "fieldCount"),
    ["max-fields", "COUNT", 1, 10_000],
    "number of header fields; above it 431",
  ),
  limit(
    at("http1", "bodyBytes"),
    ["max-body", "SIZE", 0, 1024 * MEBIBYTE],
    "size of a request body; above it 413",
  ),
  limit(
    at("websocket", "messageBytes"),
    ["max-message", "SIZE", 0, 1024 * MEBIBYTE],
    "size of a WebSocket message; above it close 1009",
  ),
  limit(
    at("websocket", "fragmentCount"),
    ["max-fragments", "COUNT", 1, 1_000_000],
    "frames of a WebSocket message; above it close 1008",
  ),
];

type Limit = readonly [flag: string, unit: NumberRow["value"], least: number, most: number];

function limit(
  accessor: Accessor<number>,
  [flag, value, least, most]: Limit,
  help: string,
): Option {
  return number({ flag, group: "Limits", value, range: [least, most], help }, accessor);
}
