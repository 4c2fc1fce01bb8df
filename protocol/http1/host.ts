/**
 * Validation of host and port, in the Host field and in a target in absolute form.
 *
 * In: bytes. Out: whether they are `host [ ":" port ]`. Called for every request: one pass over the bytes,
 * by tables, without allocation. Whether the host exists, or is this server, is not checked: any
 * registered name is valid, even `.` and `a..b`, and a port has no upper limit.
 * ```abnf
 * Host        = uri-host [ ":" port ]                        ; RFC 9112 section 3.2
 * uri-host    = IP-literal / IPv4address / reg-name          ; RFC 3986 section 3.2.2
 * IP-literal  = "[" ( IPv6address / IPvFuture  ) "]"
 * reg-name    = *( unreserved / pct-encoded / sub-delims )   ; every IPv4address is one too
 * port        = *DIGIT                                       ; RFC 3986 section 3.2.3
 * ```
 * Stricter than the grammar in two points. The host must not be empty: RFC 9110 section 4.2.1 requires a
 * recipient to refuse `http://:80/`. It must not contain a comma: a proxy may have joined two Host fields.
 */
import {
  ALPHANUMERIC_RANGES,
  charClass,
  COLON,
  DIGIT,
  HEX_VALUE,
  LOWER,
  NOT_HEX,
} from "../ascii.ts";
import { isIPv6Literal } from "./ipv6_literal.ts";

const PERCENT = 0x25;
const ENCODED_LENGTH = 3;
const DOT = 0x2e;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const V = 0x76;

/** `unreserved / sub-delims` without ",". */
const NAME: Uint8Array<ArrayBuffer> = charClass({
  chars: "-._~!$&'()*+;=",
  ranges: ALPHANUMERIC_RANGES,
});

/** Whether `bytes[start, end)` is a host with an optional port. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && NAME[bytes[at]!] === 1) at++;
  // Fast path, for nearly every request: a name or an IPv4 address.
  if (at > start && (at === end || bytes[at] === COLON)) return isPort(bytes, at, end);
  return isRareHost(bytes, start, end);
}

/** Slow path: hosts with brackets or percent-encoding, and invalid hosts. */
function isRareHost(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end) return false;
  const isLiteral = bytes[start] === LEFT_BRACKET;
  const at = isLiteral ? literalEnd(bytes, start, end) : nameEnd(bytes, start, end);
  return at > start && isPort(bytes, at, end);
}

/** The end of the name that begins at `start`; `start` if there is none, or if a "%" is not an encoding. */
function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (;;) {
    while (at < end && NAME[bytes[at]!] === 1) at++;
    if (at >= end || bytes[at] !== PERCENT) return at;
    if (!isEncoded(bytes, at, end)) return start;
    at += ENCODED_LENGTH;
  }
}

/** `pct-encoded = "%" HEXDIG HEXDIG`, RFC 3986 section 2.1. */
function isEncoded(bytes: Uint8Array, at: number, end: number): boolean {
  return at + ENCODED_LENGTH <= end && HEX_VALUE[bytes[at + 1]!] !== NOT_HEX &&
    HEX_VALUE[bytes[at + 2]!] !== NOT_HEX;
}

/** The offset after the "]" of the literal that begins at `start`; `start` if there is no literal. */
function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let bracket = start;
  while (bracket < end && bytes[bracket] !== RIGHT_BRACKET) bracket++;
  if (bracket === end) return start;
  const inside = start + 1;
  const isLiteral = isIPv6Literal(bytes, inside, bracket) || isFuture(bytes, inside, bracket);
  return isLiteral ? bracket + 1 : start;
}

/** `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, without the comma, as above. */
function isFuture(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || LOWER[bytes[start]!] !== V) return false;
  let at = start + 1;
  while (at < end && HEX_VALUE[bytes[at]!] !== NOT_HEX) at++;
  if (at === start + 1 || at + 1 >= end || bytes[at] !== DOT) return false;
  for (at++; at < end; at++) {
    const byte = bytes[at]!;
    if (byte !== COLON && NAME[byte] === 0) return false;
  }
  return true;
}

/** Whether `at` is the end, or a port follows: ":" and any number of digits, even none. */
function isPort(bytes: Uint8Array, at: number, end: number): boolean {
  if (at === end) return true;
  if (bytes[at] !== COLON) return false;
  for (let digit = at + 1; digit < end; digit++) {
    if (DIGIT[bytes[digit]!] === 0) return false;
  }
  return true;
}
