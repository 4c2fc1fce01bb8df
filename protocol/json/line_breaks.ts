/**
 * JSON on one line: a payload's line breaks, which can only be between its tokens, would end the line that it is sent in.
 *
 * In: valid JSON. Out: the same without CR and LF; the same array if there are none.
 */

import { CR, LF } from "../ascii.ts";

/** Up to this many bytes, a loop is cheaper than two calls of `indexOf`, which leave compiled code. */
const SHORT_SEARCH = 256;

/** The JSON without its line breaks. */
export function withoutLineBreaks(json: Uint8Array): Uint8Array {
  return hasLineBreak(json) ? json.filter((byte) => byte !== LF && byte !== CR) : json;
}

function hasLineBreak(bytes: Uint8Array): boolean {
  if (bytes.length > SHORT_SEARCH) return bytes.indexOf(LF) >= 0 || bytes.indexOf(CR) >= 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === LF || bytes[i] === CR) return true;
  }
  return false;
}
