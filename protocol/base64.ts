/**
 * Base64 (RFC 4648 section 4). Called by the WebSocket handshake, which encodes the accept key and
 * validates the client's key.
 *
 * In: bytes, or text from a peer. Out: text, or bytes. Decoding is strict: padding is required, only the
 * alphabet is accepted, and pad bits must be zero unless the caller allows others. Invalid text is
 * `undefined`, never an exception.
 */

/** RFC 4648 table 1. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = "=";
const PAD_CODE = PAD.charCodeAt(0);
const NOT_IN_ALPHABET = 0xff;

/** Value of each character code below 256, or NOT_IN_ALPHABET. The padding character has no value. */
const VALUES = new Uint8Array(256).fill(NOT_IN_ALPHABET);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/**
 * Base64 text of `bytes`, padded.
 *
 * @param bytes of any length
 * @returns 4 characters for each 3 bytes, or part of 3 bytes
 */
export function encodeBase64(bytes: Uint8Array): string {
  const wholeEnd = bytes.length - (bytes.length % 3);
  let text = "";
  for (let at = 0; at < wholeEnd; at += 3) {
    text += encodeGroup((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!, 4);
  }
  // 0, 1 or 2 bytes remain, so the indexes of each branch are within `bytes`.
  const rest = bytes.length - wholeEnd;
  if (rest === 1) text += encodeGroup(bytes[wholeEnd]! << 16, 2) + PAD + PAD;
  if (rest === 2) {
    text += encodeGroup((bytes[wholeEnd]! << 16) | (bytes[wholeEnd + 1]! << 8), 3) + PAD;
  }
  return text;
}

/** The first `count` characters of a group of 24 bits. */
function encodeGroup(bits: number, count: number): string {
  let text = "";
  for (let shift = 18; count > 0; shift -= 6, count--) {
    text += ALPHABET.charAt((bits >>> shift) & 63);
  }
  return text;
}

/** Which values the unused bits after the last byte may have. */
export type PadBits = "zero" | "any";

/**
 * Decodes Base64.
 *
 * @param text with its padding; no line breaks, no other alphabet
 * @param allowed `any` to accept text that is not canonical (RFC 4648 section 3.5)
 * @returns the bytes, or `undefined` for characters outside the alphabet (section 3.3) and pad bits that
 * are not allowed
 */
export function decodeBase64(
  text: string,
  allowed: PadBits = "zero",
): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = countPadding(text);
  const bytes = new Uint8Array(text.length / 4 * 3 - padding);
  const valueCount = text.length - padding;
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let at = 0; at < valueCount; at++) {
    const value = valueOf(text.charCodeAt(at));
    if (value === NOT_IN_ALPHABET) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[length++] = (bits >>> bitCount) & 0xff;
  }
  // RFC 4648 section 3.5: if pad bits may be set, several texts decode to the same bytes.
  const padBits = bits & ((1 << bitCount) - 1);
  return padBits === 0 || allowed === "any" ? bytes : undefined;
}

/** The number of padding characters at the end: 0, 1 or 2. A third one is then an invalid character. */
function countPadding(text: string): number {
  if (text.charCodeAt(text.length - 1) !== PAD_CODE) return 0;
  return text.charCodeAt(text.length - 2) === PAD_CODE ? 2 : 1;
}

function valueOf(code: number): number {
  return code < 256 ? VALUES[code]! : NOT_IN_ALPHABET;
}
