/**
 * The header that a proxy sends before the first byte of the client: PROXY protocol, versions 1 and 2.
 *
 * In: the first bytes of a connection. Out: whom the proxy speaks for and where the client's own bytes
 * begin; NEED_DATA; or a ProtocolError, as nothing that follows could be trusted. Text of the
 * specification: haproxy's doc/proxy-protocol.txt, revision 2020/03/05.
 */

import { formatIpAddress, parseIpAddress } from "../address/mod.ts";
import { latin1 } from "../ascii.ts";
import { NEED_DATA, ProtocolError } from "../errors.ts";

/** Whom a connection is for. */
export interface ProxyHeader {
  /** The client's address as text; empty where the proxy speaks for itself or does not say. */
  readonly address: string;
  /** How many bytes the header has: the client's own begin there. */
  readonly length: number;
}

/** Section 2.1: the longest line of version 1, with its CRLF. */
const LONGEST_LINE = 107;
/** Section 2.2: what follows the first 16 bytes may be longer; but no proxy sends as much. */
const LONGEST_BINARY = 4 * 1024;
/** Bytes of a header at most. */
export const LONGEST_PROXY_HEADER: number = 16 + LONGEST_BINARY;

// Section 2.2: the signature of version 2, which no line of version 1 and no request begins with.
const SIGNATURE = Uint8Array.of(
  0x0d,
  0x0a,
  0x0d,
  0x0a,
  0x00,
  0x0d,
  0x0a,
  0x51,
  0x55,
  0x49,
  0x54,
  0x0a,
);
const FIXED_BYTES = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
/** Address family and transport to the bytes of one address; Unix sockets are known and have no IP. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0x11: 4, 0x12: 4, 0x21: 16, 0x22: 16 };

const LINE = /^PROXY (?:UNKNOWN(?: .*)?|(TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/;
const CR = 0x0d;
const LF = 0x0a;
const P = 0x50;
const MAX_PORT = 65_535;

/** Reads the header at the beginning of `bytes[0, end)`. @throws {ProtocolError} */
export function readProxyHeader(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  if (end === 0) return NEED_DATA;
  if (bytes[0] === P) return readLine(bytes, end);
  if (bytes[0] === CR) return readBinary(bytes, end);
  throw malformed("The connection does not begin with a PROXY header");
}

function readLine(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  const lineFeed = bytes.subarray(0, Math.min(end, LONGEST_LINE)).indexOf(LF);
  if (lineFeed < 0) {
    if (end >= LONGEST_LINE) throw malformed("The PROXY line has no end");
    // The first word is judged before the rest is waited for.
    if (!"PROXY ".startsWith(latin1(bytes, 0, Math.min(end, 6)))) throw malformed("No PROXY line");
    return NEED_DATA;
  }
  const match = bytes[lineFeed - 1] === CR ? LINE.exec(latin1(bytes, 0, lineFeed - 1)) : null;
  if (match === null) throw malformed("The PROXY line is malformed");
  const [, family, source, destination, ...ports] = match;
  const length = lineFeed + 1;
  if (family === undefined) return { address: "", length };
  const wanted = family === "TCP4" ? 4 : 16;
  const address = parseIpAddress(source ?? "");
  const isWhole = address?.length === wanted &&
    parseIpAddress(destination ?? "")?.length === wanted &&
    ports.every((port) => Number(port) <= MAX_PORT);
  if (!isWhole) throw malformed("The PROXY line names no addresses of its family");
  return { address: formatIpAddress(address), length };
}

function readBinary(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  for (let i = 0; i < Math.min(end, SIGNATURE.length); i++) {
    if (bytes[i] !== SIGNATURE[i]) throw malformed("No PROXY signature");
  }
  if (end < FIXED_BYTES) return NEED_DATA;
  const [command = 0, family = 0, high = 0, low = 0] = bytes.subarray(12, FIXED_BYTES);
  const rest = (high << 8) | low;
  if (command !== LOCAL && command !== PROXY) throw malformed("No command of PROXY version 2");
  if (rest > LONGEST_BINARY) throw malformed("The PROXY header is too long");
  const length = FIXED_BYTES + rest;
  if (end < length) return NEED_DATA;
  const addressBytes = ADDRESS_BYTES[family];
  // Section 2.2: of a family that is not known, and of health checks, the proxy's own address counts.
  if (command === LOCAL || addressBytes === undefined) return { address: "", length };
  // Two addresses and two ports.
  if (rest < 2 * addressBytes + 4) {
    throw malformed("The PROXY header is too short for its addresses");
  }
  const address = bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  return { address: formatIpAddress(address), length };
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("PROXY_HEADER", message, { status: 400 });
}
