/**
 * UTF-8 to text and back, quick for short text in ASCII: most messages and answers are that.
 *
 * In: bytes, or text. Out: what TextDecoder and TextEncoder make of them. A call of these costs 0.2 to 1 µs and an object, however
 * little there is to do; up to some tens of letters a loop is cheaper, and it allocates only the text (app_bench.ts).
 */

const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text of at most so many bytes is decoded here. */
const SHORT_DECODED = 32;
/** Text of at most so many letters is encoded here. */
const SHORT_ENCODED = 64;
const FIRST_BEYOND_ASCII = 0x80;

/** Lists of code units by their lengths: `String.fromCharCode` takes a whole list. */
const UNITS: readonly number[][] = Array.from(
  { length: SHORT_DECODED + 1 },
  (_, length) => new Array(length).fill(0),
);

/** The text of `bytes[start, end)`; a byte order mark is part of it. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const units = UNITS[end - start];
  if (units === undefined) return TEXTS.decode(bytes.subarray(start, end));
  for (let i = 0; i < units.length; i++) {
    const byte = bytes[start + i]!; // below end
    if (byte >= FIRST_BEYOND_ASCII) return TEXTS.decode(bytes.subarray(start, end));
    units[i] = byte;
  }
  return String.fromCharCode.apply(null, units);
}

/** Writes text to the beginning of `into`, which has room for three bytes a letter; returns the number of bytes. */
export function encodeUtf8(text: string, into: Uint8Array): number {
  if (text.length > SHORT_ENCODED) return UTF8.encodeInto(text, into).written;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= FIRST_BEYOND_ASCII) return UTF8.encodeInto(text, into).written;
    into[i] = unit;
  }
  return text.length;
}
