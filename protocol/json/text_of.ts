/**
 * The string that a valid JSON string stands for.
 *
 * In: (bytes, start, end) of a string with its quotes, which skip_value.ts has validated. Out: the string; halves
 * of surrogate pairs are refused, because two names that differ in them alone would be one name in UTF-8.
 */

import { latin1 } from "../ascii.ts";
import { JsonError } from "./json_error.ts";
import { BACKSLASH } from "./skip_value.ts";

const UTF8 = new TextDecoder();

/** The string. @throws {JsonError} for half of a surrogate pair */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  if (isPlainAscii(bytes, start, end)) return latin1(bytes, start + 1, end - 1);
  const text: string = JSON.parse(UTF8.decode(bytes.subarray(start, end)));
  if (!text.isWellFormed()) throw new JsonError("A string has half of a surrogate pair", start);
  return text;
}

function isPlainAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    // The caller's end is not above the length.
    if (bytes[at]! >= 0x80 || bytes[at] === BACKSLASH) return false;
  }
  return true;
}
