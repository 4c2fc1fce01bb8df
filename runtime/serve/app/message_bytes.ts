/**
 * The bytes of what an app sends.
 *
 * In: what an app sends: a string, an ArrayBuffer, a view. Out: bytes that are valid until the next call, as a view of the same memory or of memory
 * that is used again. Everything that is sent is copied at once.
 */

import { encodeUtf8 } from "../../../protocol/mod.ts";

const UTF8 = new TextEncoder();
/** Memory for the bytes of text that is sent at once. */
export const SCRATCH = new Uint8Array(16 * 1024);
/** Text of so many letters, or fewer, fits into it: a letter (UTF-16) has three bytes at most. */
export const SCRATCH_LETTERS = Math.floor(SCRATCH.length / 3);

/** The bytes of text. Longer text gets memory of its own. */
export function bytesOfText(text: string): Uint8Array {
  if (text.length > SCRATCH_LETTERS) return UTF8.encode(text);
  return SCRATCH.subarray(0, encodeUtf8(text, SCRATCH));
}

/** The bytes of binary data; undefined: it is none. */
export function bytesOfBinary(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  const isBuffer = data instanceof ArrayBuffer || data instanceof SharedArrayBuffer;
  return isBuffer ? new Uint8Array(data) : undefined;
}

/** The text of what is no binary data. Bun sends other values, such as numbers, as text too. */
export function textOf(data: unknown, asker: string): string {
  if (data === undefined || data === null) throw new TypeError(`${asker} requires a message`);
  // It cannot be read without a wait.
  if (data instanceof Blob) throw new TypeError(`${asker} expects no Blob: send its arrayBuffer()`);
  return String(data);
}
