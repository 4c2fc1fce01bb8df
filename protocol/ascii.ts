/**
 * ASCII bytes of the text protocols: constants, character classes and comparisons.
 *
 * In: (bytes, start, end) triples. Out: tables of 256 entries, indexed by byte value, and functions
 * that compare or decode byte ranges. Called by the HTTP/1.1 and WebSocket parsers.
 * An element of a Uint8Array is always a valid index of a 256-entry table, so `TABLE[byte]!` needs
 * no bounds check. Nothing here keeps state.
 */

/** Horizontal tab, 0x09. */
export const HTAB = 0x09;
/** Line feed, 0x0A. */
export const LF = 0x0a;
/** Carriage return, 0x0D. */
export const CR = 0x0d;
/** Space, 0x20. */
export const SP = 0x20;
/** `,` */
export const COMMA = 0x2c;
/** `:` */
export const COLON = 0x3a;
/** `;` */
export const SEMICOLON = 0x3b;

/** The members of a character class, for {@link charClass}. */
export interface CharClassMembers {
  /** Single characters, all below U+0100. */
  readonly chars?: string;
  /** Pairs of first and last byte value, both included. */
  readonly ranges?: readonly (readonly [number, number])[];
}

/** A table of 256 entries: 1 for members, 0 for all other bytes. */
export function charClass(members: CharClassMembers): Uint8Array<ArrayBuffer> {
  const table = new Uint8Array(256);
  for (const char of members.chars ?? "") table[char.charCodeAt(0)] = 1;
  for (const [first, last] of members.ranges ?? []) table.fill(1, first, last + 1);
  return table;
}

const DIGITS = [0x30, 0x39] as const;
const UPPER_LETTERS = [0x41, 0x5a] as const;
const LOWER_LETTERS = [0x61, 0x7a] as const;

/** `DIGIT / ALPHA`, as ranges to build other classes from. */
export const ALPHANUMERIC_RANGES: readonly (readonly [number, number])[] = [
  DIGITS,
  UPPER_LETTERS,
  LOWER_LETTERS,
];

/**
 * RFC 9110 section 5.6.2
 * ```abnf
 * tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
 *       / DIGIT / ALPHA
 * ```
 */
export const TOKEN: Uint8Array<ArrayBuffer> = charClass({
  chars: "!#$%&'*+-.^_`|~",
  ranges: ALPHANUMERIC_RANGES,
});

/**
 * RFC 9110 section 5.5: the bytes of a field value, including white space inside it
 * ```abnf
 * field-vchar = VCHAR / obs-text     ; %x21-7E / %x80-FF
 * OWS         = *( SP / HTAB )
 * ```
 */
export const FIELD_TEXT: Uint8Array<ArrayBuffer> = charClass({
  chars: "\t",
  ranges: [[0x20, 0x7e], [0x80, 0xff]],
});

/** RFC 5234 appendix B.1: `DIGIT = %x30-39`. */
export const DIGIT: Uint8Array<ArrayBuffer> = charClass({ ranges: [DIGITS] });

/** The entry of {@link HEX_VALUE} for a byte that is not a HEXDIG. */
export const NOT_HEX = 0xff;

/**
 * RFC 5234 appendix B.1: the value 0–15 of each HEXDIG in either case, {@link NOT_HEX} elsewhere.
 * ```abnf
 * HEXDIG = DIGIT / "A" / "B" / "C" / "D" / "E" / "F"
 * ```
 */
export const HEX_VALUE: Uint8Array<ArrayBuffer> = new Uint8Array(256).fill(NOT_HEX);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX_VALUE[digit.charCodeAt(0)] = value;
  HEX_VALUE[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Each byte in lower case: 0x41–0x5A become 0x61–0x7A, all others are unchanged. */
export const LOWER: Uint8Array<ArrayBuffer> = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= UPPER_LETTERS[0] && byte <= UPPER_LETTERS[1] ? byte + 0x20 : byte,
);

/** Whether `byte` is SP or HTAB, the bytes of OWS (RFC 9110 section 5.6.3). */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/** The bytes of a string whose code units are all below 256. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

// Arguments of one `String.fromCharCode` call: few enough for any stack.
const DECODE_AT_ONCE = 2048;

// A call with the elements of an Array stays in compiled code; with those of a typed array it does not, and costs several times
// as much. One Array for each length of short texts, filled again for each of them.
const SHORT_TEXT = 64;
const SHORT_TEXTS: readonly number[][] = Array.from(
  { length: SHORT_TEXT + 1 },
  (_, length) => Array.from({ length }, () => 0),
);

/**
 * `bytes[start, end)` as a string, one code unit per byte. TextDecoder("latin1") does not do this: the
 * label means windows-1252, which maps 0x80–0x9F to other characters.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const codes = SHORT_TEXTS[end - start];
  if (codes !== undefined && end <= bytes.length) {
    for (let i = 0; i < codes.length; i++) codes[i] = bytes[start + i]!;
    return String.fromCharCode.apply(null, codes);
  }
  let text = "";
  for (let from = start; from < end; from += DECODE_AT_ONCE) {
    const part = bytes.subarray(from, Math.min(from + DECODE_AT_ONCE, end));
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
}

/** Whether `bytes[start, end)` equals `lower` ignoring ASCII case. `lower` must be in lower case. */
export function equalsLower(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: Uint8Array,
): boolean {
  if (end - start !== lower.length || end > bytes.length) return false;
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[bytes[start + i]!] !== lower[i]) return false;
  }
  return true;
}

/** Like {@link equalsLower}, but compares with a string. */
export function equalsLowerText(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: string,
): boolean {
  if (end - start !== lower.length || end > bytes.length) return false;
  for (let i = 0; i < lower.length; i++) {
    if (LOWER[bytes[start + i]!] !== lower.charCodeAt(i)) return false;
  }
  return true;
}
