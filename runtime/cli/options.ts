/**
 * Every option of the command line as one table: flag, variable, range, what it sets, what it means.
 *
 * In: nothing. Out: the rows that cli.ts parses by, `--help` prints and the README lists. An option
 * is also an environment variable, `ASYNC_DENO_` and its name in capitals; the flag wins.
 */

import type { Config } from "../config.ts";

/** A Config that is being filled in. */
export type MutableConfig = {
  -readonly [Key in keyof Config]: Config[Key] extends object
    ? { -readonly [Inner in keyof Config[Key]]: Config[Key][Inner] }
    : Config[Key];
};

/** An option that takes a number. */
export interface NumberOption {
  readonly flag: string;
  /** What the number counts, as `--help` shows it. */
  readonly unit: "SECONDS" | "BYTES" | "COUNT";
  readonly least: number;
  readonly most: number;
  readonly help: string;
  /** The value in the flag's unit. */
  get(config: Config): number;
  /** Sets it, in the flag's unit. */
  set(config: MutableConfig, value: number): void;
}

type ConnectionKey = keyof Config["limits"];
type Http1Key = keyof Config["http1"];
type WebSocketKey = keyof Config["websocket"];
type Row = readonly [flag: string, unit: NumberOption["unit"], least: number, most: number];

const MEBIBYTE = 1024 * 1024;
const A_DAY = 86_400;

/** The options that take a number, in the order of `--help`. */
export const NUMBER_OPTIONS: readonly NumberOption[] = [
  limit(
    "connections",
    ["max-connections", "COUNT", 1, 1_000_000],
    "connections at once; more get 503",
  ),
  limit(
    "connectionsPerAddress",
    ["max-connections-per-address", "COUNT", 0, 1_000_000],
    "more get 503; 0: no such bound",
  ),
  limit(
    "pipelined",
    ["max-pipelined", "COUNT", 1, 1_000_000],
    "requests of a connection before others have their turn",
  ),
  limit(
    "queuedBytes",
    ["max-queued", "BYTES", 0, 1024 * MEBIBYTE],
    "waiting for a WebSocket's peer; more: not read",
  ),
  limit("headTime", ["head-timeout", "SECONDS", 0.1, A_DAY], "for a request's head; slower: 408"),
  limit("idleTime", ["idle-timeout", "SECONDS", 0.1, A_DAY], "between requests; longer: closed"),
  limit(
    "bodyRate",
    ["body-rate", "BYTES", 1, 1024 * MEBIBYTE],
    "a second at least of a body; slower: 408",
  ),
  limit(
    "writeStall",
    ["write-timeout", "SECONDS", 0.1, A_DAY],
    "for a peer that reads nothing; longer: closed",
  ),
  limit(
    "pingTime",
    ["ping-interval", "SECONDS", 0.1, A_DAY],
    "of silence before a WebSocket is pinged",
  ),
  limit(
    "pongTime",
    ["pong-timeout", "SECONDS", 0.1, A_DAY],
    "of silence before a WebSocket is closed",
  ),
  limit("closeTime", ["close-timeout", "SECONDS", 0.1, A_DAY], "for a WebSocket's close handshake"),
  limit(
    "drainTime",
    ["drain-timeout", "SECONDS", 0.1, A_DAY],
    "to finish what is under way when stopped",
  ),
  http1(
    "requestLineBytes",
    ["max-request-line", "BYTES", 64, MEBIBYTE],
    "of a request line; more: 414",
  ),
  http1("headBytes", ["max-head", "BYTES", 128, 16 * MEBIBYTE], "of a request's head; more: 431"),
  http1("fieldCount", ["max-fields", "COUNT", 1, 10_000], "header fields of a request; more: 431"),
  http1("bodyBytes", ["max-body", "BYTES", 0, 1024 * MEBIBYTE], "of a request's body; more: 413"),
  webSocket(
    "messageBytes",
    ["max-message", "BYTES", 0, 1024 * MEBIBYTE],
    "of a WebSocket message; more: 1009",
  ),
  webSocket(
    "fragmentCount",
    ["max-fragments", "COUNT", 1, 1_000_000],
    "frames of a WebSocket message; more: 1008",
  ),
];

/** The environment variable of an option. */
export function variableOf(flag: string): string {
  return `ASYNC_DENO_${flag.toUpperCase().replaceAll("-", "_")}`;
}

function option(
  [flag, unit, least, most]: Row,
  help: string,
  access: Pick<NumberOption, "get" | "set">,
): NumberOption {
  return { flag, unit, least, most, help, ...access };
}

function limit(key: ConnectionKey, row: Row, help: string): NumberOption {
  const scale = row[1] === "SECONDS" ? 1000 : 1;
  return option(row, help, {
    get: (config) => config.limits[key] / scale,
    set: (config, value) => void (config.limits[key] = value * scale),
  });
}

function http1(key: Http1Key, row: Row, help: string): NumberOption {
  return option(row, help, {
    get: (config) => config.http1[key],
    set: (config, value) => void (config.http1[key] = value),
  });
}

function webSocket(key: WebSocketKey, row: Row, help: string): NumberOption {
  return option(row, help, {
    get: (config) => config.websocket[key],
    set: (config, value) => void (config.websocket[key] = value),
  });
}
