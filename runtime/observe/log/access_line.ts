/**
 * One line of the access log, in one of its two forms.
 *
 * In: what is known of an answered request. Out: a line of ASCII, with its end, in which nothing that a
 * client sent can pass for anything else: see escape.ts. Pure.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { AccessFormat } from "../../config/mod.ts";
import { escapeText, jsonText } from "./escape.ts";

/** One request and what it was answered. */
export interface Access {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The request's name: unique within one run of the server. */
  readonly id: string;
  /** The client's address. */
  readonly address: string;
  /** Who asked, by a name that was proven; null: nobody said, or nobody was asked. */
  readonly user: string | null;
  /** Null where none could be read: 400, 408, 431 … */
  readonly request: RequestHead | null;
  readonly status: number;
  /** Of the body of the answer. */
  readonly bytes: number;
  /** From the whole head of the request to the whole answer. */
  readonly microseconds: number;
  readonly worker: number;
}

/** So much of a target or a field is logged; the rest is cut. Five such, escaped, fit a line. */
const LONGEST_FIELD = 1024;
/** A name that a client or proxy gave to its request is kept where it looks like one. */
const SANE_ID = /^[\w.:+/=@-]{1,64}$/;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** The line of a request. */
export function accessLine(access: Access, format: AccessFormat): string {
  return format === "json" ? jsonLine(access) : combinedLine(access);
}

/** What the request is called: by its own X-Request-Id where that is sane, else by `otherwise`. */
export function requestId(request: RequestHead | null, otherwise: string): string {
  const given = request?.field("x-request-id");
  return given !== undefined && SANE_ID.test(given) ? given : otherwise;
}

/** The combined form of Apache and nginx, then request id, microseconds and worker. */
function combinedLine(access: Access): string {
  const { address, user, request, status, bytes, id, microseconds, worker } = access;
  // Not quoted in this form: what comes next is found by the space.
  const name = user === null ? "-" : escaped(user).replaceAll(" ", "\\x20");
  const asked = request === null ? "-" : `${escaped(request.method)} ${escaped(request.target)} ` +
    `HTTP/1.${request.minorVersion}`;
  const referer = escaped(request?.field("referer") ?? "-");
  const agent = escaped(request?.field("user-agent") ?? "-");
  return `${address} - ${name} [${combinedTime(access.time)}] "${asked}" ${status} ${bytes} ` +
    `"${referer}" "${agent}" ${id} ${microseconds} ${worker}\n`;
}

function jsonLine(access: Access): string {
  const { id, address, user, request, status, bytes, microseconds, worker } = access;
  const protocol = request === null ? "null" : `"HTTP/1.${request.minorVersion}"`;
  return `{"time":"${isoTime(access.time)}","id":"${id}","address":"${address}",` +
    `"user":${textOrNull(user)},` +
    `"method":${textOrNull(request?.method)},"path":${textOrNull(request?.target)},` +
    `"protocol":${protocol},"status":${status},"bytes":${bytes},` +
    `"microseconds":${microseconds},"worker":${worker},` +
    `"referer":${textOrNull(request?.field("referer"))},` +
    `"user_agent":${textOrNull(request?.field("user-agent"))}}\n`;
}

function escaped(text: string): string {
  return escapeText(text, LONGEST_FIELD);
}

function textOrNull(text: string | null | undefined): string {
  return text === null || text === undefined ? "null" : jsonText(text, LONGEST_FIELD);
}

// A thread writes many lines within one second: both forms of it are kept.
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
