/**
 * UTF-8 to text and back, quick for short text in ASCII: most names, messages and answers are that.
 *
 * In: bytes, or text. Out: what TextDecoder and TextEncoder make of them; a byte order mark is part of the text, so that names which
 * differ in it alone stay different. A call of these costs 0.2 to 1 µs and an object, however little there is to do; up to some tens
 * of letters a loop is cheaper, and it allocates only the text (app_bench.ts). Pure.
 */

import { latin1 } from "./ascii.ts";

const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text of at most so many bytes is decoded here. */
const SHORT_DECODED = 32;
/** Text of at most so many letters is encoded here. */
const SHORT_ENCODED = 64;
const FIRST_BEYOND_ASCII = 0x80;

/** The text of `bytes[start, end)`. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (end - start > SHORT_DECODED) return TEXTS.decode(bytes.subarray(start, end));
  for (let i = start; i < end; i++) {
    if (bytes[i]! >= FIRST_BEYOND_ASCII) return TEXTS.decode(bytes.subarray(start, end)); // i is below end
  }
  return latin1(bytes, start, end);
}

/** Writes text into an array from `at` on, which has room for three bytes a letter; returns the number of bytes. */
export function encodeUtf8(text: string, into: Uint8Array, at = 0): number {
  const isShort = text.length <= SHORT_ENCODED;
  return isShort && writeAscii(text, into, at) ? text.length : encodeLong(text, into, at);
}

function encodeLong(text: string, into: Uint8Array, at: number): number {
  return UTF8.encodeInto(text, at === 0 ? into : into.subarray(at)).written;
}

/** The bytes of a text, in an array of its own. */
export function utf8Of(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  return writeAscii(text, bytes, 0) ? bytes : UTF8.encode(text);
}

/** One array for each length of text in ASCII, made when it is needed. */
const LENT: (Uint8Array | undefined)[] = [];
/** Longer text is encoded into an array of its own. */
const LONGEST_LENT = 255;

/**
 * The bytes of a text, valid until the next call: for a callee that copies them before anything else happens. In Deno the memory of
 * every typed array is outside of V8's heap, however short it is: making and collecting one costs as much as storing a publication.
 */
export function lentUtf8(text: string): Uint8Array {
  const { length } = text;
  if (length > LONGEST_LENT) return UTF8.encode(text);
  const bytes = LENT[length] ??= new Uint8Array(length);
  return writeAscii(text, bytes, 0) ? bytes : UTF8.encode(text);
}

/** Writes text in ASCII from `at` on; false, with some of it written, if it has other letters. */
function writeAscii(text: string, into: Uint8Array, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= FIRST_BEYOND_ASCII) return false;
    into[at + i] = unit;
  }
  return true;
}
