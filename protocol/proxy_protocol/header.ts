/**
 * Parser for the PROXY protocol header, versions 1 and 2, which a proxy sends before the client's bytes.
 *
 * In: the first bytes of a connection. Out: the client's address and port, and where the client's bytes begin;
 * NEED_DATA; or a ProtocolError, after which the connection must be closed. Called by the sessions of
 * listeners with --proxy-protocol. Specification: haproxy's doc/proxy-protocol.txt, revision 2020/03/05.
 */

import { formatIpAddress, parseIpAddress } from "../address/mod.ts";
import { latin1 } from "../ascii.ts";
import { NEED_DATA, ProtocolError } from "../errors.ts";

/** A parsed header. */
export interface ProxyHeader {
  /** The client's address as text; empty for the proxy's own connections (LOCAL) and unknown families. */
  readonly address: string;
  /** The client's port; 0 if there is no address. */
  readonly port: number;
  /** Bytes of the header: the client's bytes begin after them. */
  readonly length: number;
}

/** Section 2.1: the longest line of version 1, including its CRLF. */
const LONGEST_LINE = 107;
/** Section 2.2 allows more than this after the first 16 bytes, but no proxy sends as much. */
const LONGEST_BINARY = 4 * 1024;
/** Most bytes of a header. */
export const LONGEST_PROXY_HEADER: number = 16 + LONGEST_BINARY;

// Section 2.2: the signature of version 2. No line of version 1 and no request begins with it.
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
/** Maps address family and transport to the bytes of an address. Unix sockets have no IP address. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0x11: 4, 0x12: 4, 0x21: 16, 0x22: 16 };

const LINE = /^PROXY (?:UNKNOWN(?: .*)?|(TCP4|TCP6) (\S+) (\S+) (\d{1,5}) (\d{1,5}))$/;
const CR = 0x0d;
const LF = 0x0a;
const P = 0x50;
const MAX_PORT = 65_535;

/** Parses the header at the start of `bytes[0, end)`. @throws {ProtocolError} */
export function readProxyHeader(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  if (end === 0) return NEED_DATA;
  if (bytes[0] === P) return readLine(bytes, end);
  if (bytes[0] === CR) return readBinary(bytes, end);
  throw malformed("The connection does not begin with a PROXY header");
}

function readLine(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  const lineFeed = bytes.subarray(0, Math.min(end, LONGEST_LINE)).indexOf(LF);
  if (lineFeed < 0) {
    if (end >= LONGEST_LINE) throw malformed("The PROXY line is longer than 107 bytes");
    // The first word is checked before waiting for the rest.
    if (!"PROXY ".startsWith(latin1(bytes, 0, Math.min(end, 6)))) {
      throw malformed("The first line is not a PROXY line");
    }
    return NEED_DATA;
  }
  const match = bytes[lineFeed - 1] === CR ? LINE.exec(latin1(bytes, 0, lineFeed - 1)) : null;
  if (match === null) throw malformed("The PROXY line is malformed");
  const [, family, source, destination, ...ports] = match;
  const length = lineFeed + 1;
  if (family === undefined) return { address: "", port: 0, length };
  const wanted = family === "TCP4" ? 4 : 16;
  const address = parseIpAddress(source ?? "");
  const isWhole = address?.length === wanted &&
    parseIpAddress(destination ?? "")?.length === wanted &&
    ports.every((port) => Number(port) <= MAX_PORT);
  if (!isWhole) throw malformed("The PROXY line has an invalid address or port");
  return { address: formatIpAddress(address), port: Number(ports[0]), length };
}

function readBinary(bytes: Uint8Array, end: number): ProxyHeader | typeof NEED_DATA {
  for (let i = 0; i < Math.min(end, SIGNATURE.length); i++) {
    if (bytes[i] !== SIGNATURE[i]) throw malformed("The PROXY signature is wrong");
  }
  if (end < FIXED_BYTES) return NEED_DATA;
  const [command = 0, family = 0, high = 0, low = 0] = bytes.subarray(12, FIXED_BYTES);
  const rest = (high << 8) | low;
  if (command !== LOCAL && command !== PROXY) {
    throw malformed("The PROXY version or command is unknown");
  }
  if (rest > LONGEST_BINARY) throw malformed("The PROXY header is longer than 4112 bytes");
  const length = FIXED_BYTES + rest;
  if (end < length) return NEED_DATA;
  const addressBytes = ADDRESS_BYTES[family];
  // Section 2.2: for unknown families and for health checks (LOCAL), the peer's own address is used.
  if (command === LOCAL || addressBytes === undefined) return { address: "", port: 0, length };
  // Two addresses and two ports.
  if (rest < 2 * addressBytes + 4) {
    throw malformed("The PROXY header is too short for its addresses");
  }
  const address = bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  const [highPort = 0, lowPort = 0] = bytes.subarray(FIXED_BYTES + 2 * addressBytes); // the source's is first
  return { address: formatIpAddress(address), port: (highPort << 8) | lowPort, length };
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("PROXY_HEADER", message, { status: 400 });
}
