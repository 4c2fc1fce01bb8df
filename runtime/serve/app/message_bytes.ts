/**
 * The bytes of what an app sends.
 *
 * In: what an app sends: a string, an ArrayBuffer, a view. Out: bytes that are valid until the next call, as a view of the same memory or of memory
 * that is used again. Everything that is sent is copied at once.
 */

const UTF8 = new TextEncoder();
/** Longer text gets memory of its own. */
const scratch = new Uint8Array(16 * 1024);
/** The most bytes of UTF-8 for one unit of UTF-16. */
const MOST_BYTES = 3;

/** The bytes of text. */
export function bytesOfText(text: string): Uint8Array {
  if (text.length * MOST_BYTES > scratch.length) return UTF8.encode(text);
  return scratch.subarray(0, UTF8.encodeInto(text, scratch).written);
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
