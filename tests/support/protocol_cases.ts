/**
 * Inputs of protocol tables, and all the ways in which they can arrive.
 *
 * In: the input of a fixture row, and the length of its bytes. Out: bytes, and lists of cuts: whole,
 * byte by byte, and at every split point. Called by the runners of fixture tables and by fuzzers.
 */

/** Text whose code units are bytes; long runs are written as a repetition. */
export type InputText = string | readonly (string | { readonly repeat: string; times: number })[];

/** One way for an input to arrive. */
export interface Arrival {
  /** For the message of a failed test. */
  readonly name: string;
  /** Positions between pieces, ascending. */
  readonly cuts: readonly number[];
}

/** The bytes of a row's input. Throws RangeError for a code unit above 255. */
export function bytesOf(input: InputText): Uint8Array<ArrayBuffer> {
  const parts = typeof input === "string" ? [input] : input;
  const text = parts.map((part) =>
    typeof part === "string" ? part : part.repeat.repeat(part.times)
  );
  return bytesOfText(text.join(""));
}

/** Not by `Uint8Array.from`, which takes ten times as long. */
function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`Cannot make a byte of ${JSON.stringify(text[i])}`);
    bytes[i] = code;
  }
  return bytes;
}

/** Bytes as text, one code unit each: the inverse of {@link bytesOf}. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

// Up to this length every split is tried; of longer inputs, which are mostly a repetition, the
// splits near both ends and some in between.
const ALL_SPLITS_UP_TO = 1200;
const NEAR_ENDS = 150;
const SOME = 97;

/** All the ways in which `length` bytes are split. */
export function* arrivalsOf(length: number): Generator<Arrival> {
  yield { name: "whole", cuts: [] };
  yield { name: "byte by byte", cuts: Array.from({ length }, (_, index) => index).slice(1) };
  for (let cut = 1; cut < length; cut++) {
    const near = cut < NEAR_ENDS || length - cut < NEAR_ENDS;
    if (length > ALL_SPLITS_UP_TO && !near && cut % SOME !== 0) continue;
    yield { name: `split at ${cut}`, cuts: [cut] };
  }
}

/** The pieces between `cuts`. */
export function* piecesOf(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > start) yield bytes.subarray(start, cut);
    start = cut;
  }
}
