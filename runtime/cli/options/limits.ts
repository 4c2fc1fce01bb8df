/**
 * Every bound that can be set, on time and on what a peer can make grow. The defaults and their
 * reasons are in runtime/config/limits.ts and protocol/limits.ts.
 */

import { type Access, at, number, type NumberRow, type Option } from "./option.ts";

const MEBIBYTE = 1024 * 1024;
const A_DAY = 86_400;

/** The options of this group. */
export const LIMIT_OPTIONS: readonly Option[] = [
  limit(
    at("limits", "connections"),
    ["max-connections", "COUNT", 1, 1_000_000],
    "connections at once; more get 503",
  ),
  limit(at("limits", "connectionsPerAddress"), [
    "max-connections-per-address",
    "COUNT",
    0,
    1_000_000,
  ], "of one address, of IPv6 one /64; more get 503; 0: no such bound"),
  limit(
    at("limits", "pipelined"),
    ["max-pipelined", "COUNT", 1, 1_000_000],
    "requests of a connection handled before others have their turn",
  ),
  limit(
    at("limits", "queuedBytes"),
    ["max-queued", "BYTES", 0, 1024 * MEBIBYTE],
    "waiting for a WebSocket's peer; more: it is not read from",
  ),
  limit(
    at("limits", "headTime"),
    ["head-timeout", "SECONDS", 0.1, A_DAY],
    "for a request's head; slower: 408",
  ),
  limit(
    at("limits", "idleTime"),
    ["idle-timeout", "SECONDS", 0.1, A_DAY],
    "between requests; longer: closed",
  ),
  limit(
    at("limits", "bodyRate"),
    ["body-rate", "BYTES", 1, 1024 * MEBIBYTE],
    "a second at least of a body, after the head's time; slower: 408",
  ),
  limit(
    at("limits", "writeStall"),
    ["write-timeout", "SECONDS", 0.1, A_DAY],
    "for a peer that reads nothing; longer: closed",
  ),
  limit(
    at("limits", "pingTime"),
    ["ping-interval", "SECONDS", 0.1, A_DAY],
    "of silence before a WebSocket is pinged",
  ),
  limit(
    at("limits", "pongTime"),
    ["pong-timeout", "SECONDS", 0.1, A_DAY],
    "of silence before a WebSocket is closed",
  ),
  limit(
    at("limits", "closeTime"),
    ["close-timeout", "SECONDS", 0.1, A_DAY],
    "for a WebSocket's close handshake",
  ),
  limit(
    at("limits", "drainTime"),
    ["drain-timeout", "SECONDS", 0.1, A_DAY],
    "to finish what is under way when stopped",
  ),
  limit(
    at("limits", "drainDelay"),
    ["drain-delay", "SECONDS", 0, A_DAY],
    "of serving on after the signal, while /readyz fails",
  ),
  limit(
    at("http1", "requestLineBytes"),
    ["max-request-line", "BYTES", 64, MEBIBYTE],
    "of a request line; more: 414",
  ),
  limit(
    at("http1", "headBytes"),
    ["max-head", "BYTES", 128, 16 * MEBIBYTE],
    "of a request's head; more: 431",
  ),
  limit(
    at("http1", "fieldCount"),
    ["max-fields", "COUNT", 1, 10_000],
    "header fields of a request; more: 431",
  ),
  limit(
    at("http1", "bodyBytes"),
    ["max-body", "BYTES", 0, 1024 * MEBIBYTE],
    "of a request's body; more: 413",
  ),
  limit(
    at("websocket", "messageBytes"),
    ["max-message", "BYTES", 0, 1024 * MEBIBYTE],
    "of a WebSocket message; more: close 1009",
  ),
  limit(
    at("websocket", "fragmentCount"),
    ["max-fragments", "COUNT", 1, 1_000_000],
    "frames of a WebSocket message; more: close 1008",
  ),
];

type Limit = readonly [flag: string, unit: NumberRow["value"], least: number, most: number];

function limit(access: Access<number>, [flag, value, least, most]: Limit, help: string): Option {
  return number({ flag, group: "Limits", value, range: [least, most], help }, access);
}
