/**
 * Validates one JSON value (RFC 8259) without building it, and finds where it ends.
 *
 * In: (bytes, start, end) and the depth that is left. Out: the offset behind the value, or INVALID. Strict:
 * no comments, no trailing commas, no leading zeros, no control characters in strings, valid UTF-8. It
 * allocates nothing and calls itself once per level, which `depth` bounds. Whether a string has halves of
 * surrogate pairs as escapes is not its matter: RFC 8259 section 8.2 allows them.
 */

import { charClass, COLON, COMMA, CR, DIGIT, HEX_VALUE, HTAB, LF, NOT_HEX, SP } from "../ascii.ts";
import { isUtf8 } from "../utf8_validator.ts";

/** Answer if the bytes are no JSON value, or deeper than allowed. */
export const INVALID = -1;

/** `"` */
export const QUOTE = 0x22;
/** `\` */
export const BACKSLASH = 0x5c;
/** `{` */
export const OPEN_BRACE = 0x7b;
/** `}` */
export const CLOSE_BRACE = 0x7d;
/** `[` */
export const OPEN_BRACKET = 0x5b;
/** `]` */
export const CLOSE_BRACKET = 0x5d;

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_U = 0x75;

/**
 * RFC 8259 section 7: what needs no further look inside a string; the others end it, escape or are refused.
 * ```abnf
 * unescaped = %x20-21 / %x23-5B / %x5D-10FFFF
 * ```
 */
const PLAIN = charClass({ ranges: [[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7f]] });

/** RFC 8259 section 7: what may follow a backslash, besides `u`. */
const ESCAPED = charClass({ chars: '"\\/bfnrt' });

/** RFC 8259 section 7: `e` or `E` before an exponent. */
const EXPONENT = charClass({ chars: "eE" });

const LITERALS: readonly (readonly number[])[] = ["true", "false", "null"].map((word) =>
  [...word].map((char) => char.charCodeAt(0))
);

/** The first offset from `at` that is no JSON white space (RFC 8259 section 2), or `end`. */
export function skipBlank(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end) {
    const byte = bytes[next]!;
    if (byte !== SP && byte !== LF && byte !== CR && byte !== HTAB) break;
    next++;
  }
  return next;
}

/**
 * The offset behind the value that begins at `start`.
 *
 * @param depth how many arrays and objects may be open at once; 0 allows scalars alone
 */
export function skipValue(bytes: Uint8Array, start: number, end: number, depth: number): number {
  if (start >= end) return INVALID;
  const first = bytes[start]!;
  if (first === QUOTE) return skipString(bytes, start, end);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    return depth === 0 ? INVALID : skipMembers(bytes, start, end, depth - 1);
  }
  if (first === MINUS || DIGIT[first] === 1) return skipNumber(bytes, start, end);
  for (const literal of LITERALS) {
    if (first === literal[0]) return skipLiteral(bytes, start, end, literal);
  }
  return INVALID;
}

/** Behind the closing quote; `start` is at the opening one. */
function skipString(bytes: Uint8Array, start: number, end: number): number {
  let isAscii = true;
  for (let at = start + 1; at < end;) {
    const byte = bytes[at]!;
    if (PLAIN[byte] === 1) at++;
    else if (byte >= 0x80) {
      isAscii = false;
      at++;
    } else if (byte === QUOTE) {
      return isAscii || isUtf8(bytes, start + 1, at) ? at + 1 : INVALID;
    } else if (byte === BACKSLASH) {
      at = skipEscape(bytes, at, end);
      if (at === INVALID) return INVALID;
    } else return INVALID; // a control character
  }
  return INVALID;
}

function skipEscape(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return INVALID;
  const byte = bytes[at + 1]!;
  if (byte !== LOWER_U) return ESCAPED[byte] === 1 ? at + 2 : INVALID;
  if (at + 6 > end) return INVALID;
  for (let digit = at + 2; digit < at + 6; digit++) {
    if (HEX_VALUE[bytes[digit]!] === NOT_HEX) return INVALID;
  }
  return at + 6;
}

/** Behind the closing bracket or brace; `start` is at the opening one. */
function skipMembers(bytes: Uint8Array, start: number, end: number, depth: number): number {
  const isObject = bytes[start] === OPEN_BRACE;
  const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
  let at = skipBlank(bytes, start + 1, end);
  if (at < end && bytes[at] === close) return at + 1;
  while (at < end) {
    if (isObject) at = skipName(bytes, at, end);
    if (at === INVALID) return INVALID;
    at = skipValue(bytes, at, end, depth);
    if (at === INVALID) return INVALID;
    at = skipBlank(bytes, at, end);
    if (at >= end) return INVALID;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return INVALID;
    at = skipBlank(bytes, at + 1, end);
  }
  return INVALID;
}

/** From the quote of a member's name to the start of its value. */
export function skipName(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || bytes[start] !== QUOTE) return INVALID;
  const behind = skipString(bytes, start, end);
  if (behind === INVALID) return INVALID;
  const colon = skipBlank(bytes, behind, end);
  if (colon >= end || bytes[colon] !== COLON) return INVALID;
  return skipBlank(bytes, colon + 1, end);
}

/**
 * RFC 8259 section 6
 * ```abnf
 * number = [ minus ] int [ frac ] [ exp ]
 * ```
 */
function skipNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const integer = at;
  at = skipDigits(bytes, at, end);
  if (at === integer || (bytes[integer] === ZERO && at > integer + 1)) return INVALID;
  if (at < end && bytes[at] === POINT) {
    const fraction = at + 1;
    at = skipDigits(bytes, fraction, end);
    if (at === fraction) return INVALID;
  }
  if (at < end && EXPONENT[bytes[at]!] === 1) {
    at++;
    if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
    const exponent = at;
    at = skipDigits(bytes, exponent, end);
    if (at === exponent) return INVALID;
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && DIGIT[bytes[at]!] === 1) at++;
  return at;
}

function skipLiteral(
  bytes: Uint8Array,
  start: number,
  end: number,
  literal: readonly number[],
): number {
  if (start + literal.length > end) return INVALID;
  for (let i = 0; i < literal.length; i++) {
    if (bytes[start + i] !== literal[i]) return INVALID;
  }
  return start + literal.length;
}
