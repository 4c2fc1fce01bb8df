/**
 * Base64 by hand (RFC 4648 section 4), for the WebSocket handshake: the accept key is sent in it,
 * and the key of the request is judged by it.
 *
 * In: bytes, or text of a peer. Out: text, or bytes. Decoding is strict: full padding, nothing but the
 * alphabet, no pad bits unless the caller asks for that leniency; whatever else a peer sends is
 * `undefined`, never an exception.
 */

/** RFC 4648 table 1. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = "=";
const PAD_CODE = PAD.charCodeAt(0);
const NOT_IN_ALPHABET = 0xff;

/** Value of each character code below 256, or NOT_IN_ALPHABET. The padding is not a value. */
const VALUES = new Uint8Array(256).fill(NOT_IN_ALPHABET);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/**
 * Base64 text of `bytes`, padded.
 *
 * @param bytes of any length
 * @returns 4 characters for each 3 bytes begun
 */
export function encodeBase64(bytes: Uint8Array): string {
  const wholeEnd = bytes.length - (bytes.length % 3);
  let text = "";
  for (let at = 0; at < wholeEnd; at += 3) {
    text += encodeGroup((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!, 4);
  }
  // What is left is 0, 1 or 2 bytes, and the first index of each branch is within them.
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

/** What the bits behind the last byte may be: zero, or anything. */
export type PadBits = "zero" | "any";

/**
 * The bytes that `text` is the Base64 of.
 *
 * @param text with its padding; no line breaks, no other alphabet
 * @param allowed `any` for what need not be canonical (RFC 4648 section 3.5)
 * @returns the bytes, or `undefined` for foreign characters (section 3.3) and pad bits that are not allowed
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
  // RFC 4648 section 3.5: with other pad bits two texts stand for the same bytes.
  const padBits = bits & ((1 << bitCount) - 1);
  return padBits === 0 || allowed === "any" ? bytes : undefined;
}

/** 0, 1 or 2: the padding characters at the end. A third one is then a foreign character. */
function countPadding(text: string): number {
  if (text.charCodeAt(text.length - 1) !== PAD_CODE) return 0;
  return text.charCodeAt(text.length - 2) === PAD_CODE ? 2 : 1;
}

function valueOf(code: number): number {
  return code < 256 ? VALUES[code]! : NOT_IN_ALPHABET;
}
