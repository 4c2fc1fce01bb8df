/**
 * The tables of fixtures/websocket as bytes and as transcripts.
 *
 * In: rows `{name, spec, input, expect, error?}`. Out: the bytes that the peer sends and the expected
 * lines of `drive()`. Frames are built here without the encoder, so that an error of the encoder cannot
 * hide one of the decoder. A row without `role` runs for both roles: frames to the server are masked,
 * frames to the client are not.
 */

import { encodeHex } from "@std/encoding/hex";
import type { Role } from "../../../protocol/websocket/mod.ts";
import { WEBSOCKET_LIMITS, type WebSocketLimits } from "../../../protocol/limits.ts";

/** Bytes in one of four notations; `fill` is a byte in hex and the number of repetitions. */
interface Content {
  text?: string;
  ascii?: string;
  hex?: string;
  fill?: [byte: string, count: number];
}

/** A frame to build; `form` forces a length encoding, `mask` overrides that of the role. */
export interface FrameItem extends Content {
  opcode: string | number;
  fin?: boolean;
  rsv?: number;
  form?: 16 | 64;
  mask?: boolean;
}

/** Raw bytes: hex with spaces, ASCII text, or a fill. */
type RawItem = string | { ascii: string } | { raw: [byte: string, count: number] };

type EventItem =
  | (Content & { message: "TEXT" | "BINARY" })
  | { ping: string }
  | { pingHex: string }
  | { pong: string }
  | { close: [code: number, reason: string] }
  | { closed: [code: number, reason: string] };

/** One row of a table. */
export interface FrameCase {
  name: string;
  spec: string;
  role?: Role;
  limits?: WebSocketLimits;
  input: (FrameItem | RawItem)[];
  expect: EventItem[];
  error?: { code: string; closeCode: number };
  /** The end of the stream follows the input. */
  eof?: boolean;
  /** The input ends inside a frame, so nothing can be appended to it. */
  partial?: boolean;
}

const TABLES = ["examples", "lengths", "headers", "fragmentation", "close", "utf8"];
const OPCODES: Record<string, number> = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
};
const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** All rows of all tables, with the table's name. */
export function loadFrameCases(): (FrameCase & { table: string })[] {
  return TABLES.flatMap((table) => {
    const url = new URL(`../../../fixtures/websocket/${table}.json`, import.meta.url);
    const rows = JSON.parse(Deno.readTextFileSync(url)) as FrameCase[];
    return rows.map((row) => ({ ...row, table }));
  });
}

/** The roles of a row. */
export function rolesOf(row: FrameCase): Role[] {
  return row.role === undefined ? ["server", "client"] : [row.role];
}

/** The limits of a row. */
export function limitsOf(row: FrameCase): WebSocketLimits {
  return row.limits ?? WEBSOCKET_LIMITS;
}

/** The bytes that the peer of `role` sends. */
export function inputBytes(row: FrameCase, role: Role): Uint8Array {
  return concat(row.input.map((item) => itemBytes(item, role)));
}

/** The transcript that the row expects. */
export function expectedLines(row: FrameCase): string[] {
  const lines = row.expect.map(eventLine);
  if (row.error) lines.push(`error ${row.error.code} ${row.error.closeCode}`);
  return lines;
}

/** One frame as the peer of `role` sends it. */
export function buildFrame(item: FrameItem, role: Role): Uint8Array {
  const payload = contentBytes(item);
  const opcode = typeof item.opcode === "number" ? item.opcode : OPCODES[item.opcode]!;
  const first = (item.fin === false ? 0 : 0x80) | ((item.rsv ?? 0) << 4) | opcode;
  const masked = item.mask ?? role === "server";
  const head = [first, ...lengthBytes(payload.length, item.form, masked)];
  if (!masked) return concat([Uint8Array.from(head), payload]);
  return concat([Uint8Array.from(head), KEY, payload.map((byte, at) => byte ^ KEY[at % 4]!)]);
}

/** The transcript line of a message, ping or pong; long payloads as a checksum. */
export function payloadLine(kind: string, bytes: Uint8Array): string {
  if (bytes.length <= 200) return `${kind} ${encodeHex(bytes)}`;
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum * 31 + bytes[at]!) | 0;
  return `${kind} ${bytes.length} bytes, sum ${sum}`;
}

/** Whether two byte arrays are equal; assertEquals takes a second per megabyte. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Joins byte arrays. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function lengthBytes(length: number, form: 16 | 64 | undefined, masked: boolean): number[] {
  const mask = masked ? 0x80 : 0;
  const least = length < 126 ? 7 : length < 65536 ? 16 : 64;
  const low = [length >>> 24, length >>> 16, length >>> 8, length].map((byte) => byte & 0xff);
  switch (form ?? least) {
    case 7:
      return [mask | length];
    case 16:
      return [mask | 126, ...low.slice(2)];
    default:
      return [mask | 127, 0, 0, 0, 0, ...low];
  }
}

function itemBytes(item: FrameItem | RawItem, role: Role): Uint8Array {
  if (typeof item === "string") return hexBytes(item);
  if ("opcode" in item) return buildFrame(item, role);
  if ("raw" in item) return contentBytes({ fill: item.raw });
  return contentBytes(item);
}

function contentBytes(content: Content): Uint8Array {
  const text = content.text ?? content.ascii;
  if (text !== undefined) return new TextEncoder().encode(text);
  if (content.hex !== undefined) return hexBytes(content.hex);
  if (content.fill === undefined) throw new TypeError("A content needs text, ascii, hex or fill");
  const [byte, count] = content.fill;
  return new Uint8Array(count).fill(parseInt(byte, 16));
}

function hexBytes(hex: string): Uint8Array {
  const digits = hex.replaceAll(" ", "");
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new TypeError(`Not hex: ${hex}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function eventLine(event: EventItem): string {
  if ("message" in event) return payloadLine(event.message, contentBytes(event));
  if ("ping" in event) return payloadLine("PING", new TextEncoder().encode(event.ping));
  if ("pingHex" in event) return payloadLine("PING", hexBytes(event.pingHex));
  if ("pong" in event) return payloadLine("PONG", new TextEncoder().encode(event.pong));
  if ("close" in event) return `CLOSE ${event.close[0]} ${JSON.stringify(event.close[1])}`;
  return `CLOSED ${event.closed[0]} ${JSON.stringify(event.closed[1])}`;
}
