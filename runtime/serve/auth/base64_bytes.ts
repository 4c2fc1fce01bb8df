/**
 * Base64 that somebody else wrote: a client's field, or a line of a file.
 *
 * In: text that may be anything. Out: its bytes, or undefined if it is not Base64.
 */

import { decodeBase64 } from "@std/encoding/base64";

/** The bytes that the digits stand for; undefined where they are no Base64. */
export function base64Bytes(digits: string): Uint8Array | undefined {
  try {
    return decodeBase64(digits);
  } catch (error) {
    // Of a length that no Base64 has it is a RangeError.
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}
