/**
 * One line of the access log, in the combined or the JSON format.
 *
 * In: an answered request. Out: a line of ASCII, with its line end. Text from clients is escaped, so that it
 * cannot forge fields or lines: see escape.ts. Secrets in queries are left out: see logged_target.ts. Pure.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import { escapeText, jsonText } from "./escape.ts";
import { loggedTarget } from "./logged_target.ts";

/** One request and its response. */
export interface AccessEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The id of the request: unique within one run of the server, unless the client chose it. */
  readonly id: string;
  /** The client's address. */
  readonly address: string;
  /** The authenticated user; null: none. */
  readonly user: string | null;
  /** Null if it could not be parsed: 400, 408, 431 … */
  readonly request: RequestHead | null;
  readonly status: number;
  /** Bytes of the response body. */
  readonly bytes: number;
  /** From the complete head of the request to the complete response. */
  readonly microseconds: number;
  readonly worker: number;
}

/** Characters of a target or a field that are logged; the rest is cut. Five of them, escaped, fit into a line. */
const LONGEST_FIELD = 1024;
/** The ids of clients and proxies that are used. */
const VALID_ID = /^[\w.:+/=@-]{1,64}$/;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The line of a request. */
export function accessLine(access: AccessEntry, format: AccessFormat): string {
  return format === "json" ? jsonLine(access) : combinedLine(access);
}

/** The id of the request: its own X-Request-Id if that is valid, else `otherwise`. */
export function requestId(request: RequestHead | null, otherwise: string): string {
  const given = request?.field("x-request-id");
  return given !== undefined && VALID_ID.test(given) ? given : otherwise;
}

/** The combined format of Apache and nginx, then request id, microseconds and worker. */
function combinedLine(access: AccessEntry): string {
  const { address, user, request, status, bytes, id, microseconds, worker } = access;
  // Not quoted in this format: the next space ends the field.
  const name = user === null ? "-" : escaped(user).replaceAll(" ", "\\x20");
  const asked = request === null
    ? "-"
    : `${escaped(request.method)} ${escaped(loggedTarget(request.target))} ` +
      `HTTP/1.${request.minorVersion}`;
  const referer = escaped(refererOf(request) ?? "-");
  const agent = escaped(request?.field("user-agent") ?? "-");
  return `${address} - ${name} [${combinedTime(access.time)}] "${asked}" ${status} ${bytes} ` +
    `"${referer}" "${agent}" ${id} ${microseconds} ${worker}\n`;
}

function jsonLine(access: AccessEntry): string {
  const { id, address, user, request, status, bytes, microseconds, worker } = access;
  const protocol = request === null ? "null" : `"HTTP/1.${request.minorVersion}"`;
  return `{"time":"${isoTime(access.time)}","id":"${id}","address":"${address}",` +
    `"user":${textOrNull(user)},` +
    `"method":${textOrNull(request?.method)},"path":${
      textOrNull(request && loggedTarget(request.target))
    },` +
    `"protocol":${protocol},"status":${status},"bytes":${bytes},` +
    `"microseconds":${microseconds},"worker":${worker},` +
    `"referer":${textOrNull(refererOf(request))},` +
    `"user_agent":${textOrNull(request?.field("user-agent"))}}\n`;
}

function refererOf(request: RequestHead | null): string | undefined {
  const referer = request?.field("referer");
  return referer && loggedTarget(referer);
}

function escaped(text: string): string {
  return escapeText(text, LONGEST_FIELD);
}

function textOrNull(text: string | null | undefined): string {
  return text === null || text === undefined ? "null" : jsonText(text, LONGEST_FIELD);
}

// A thread writes many lines within one second, so the texts of the second are kept.
let lastSecond = NaN;
let combinedSecond = "";
let isoSecond = "";

/** `10/Oct/2026:13:55:36 +0000`. */
function combinedTime(time: number): string {
  setSecond(time);
  return combinedSecond;
}

/** `2026-10-10T13:55:36.123Z`. */
function isoTime(time: number): string {
  setSecond(time);
  return `${isoSecond}.${String(Math.trunc(time) % 1000).padStart(3, "0")}Z`;
}

function setSecond(time: number): void {
  const second = Math.trunc(time / 1000);
  if (second === lastSecond) return;
  lastSecond = second;
  const date = new Date(second * 1000);
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  combinedSecond = `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:` +
    `${two(date.getUTCSeconds())} +0000`;
  isoSecond = date.toISOString().slice(0, 19);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
