/**
 * Short texts as UTF-8: the names of channels.
 *
 * In: a text. Out: its bytes, in an array of its own. TextEncoder allocates memory outside of V8's heap for each text, which costs
 * more than all the rest of a publication; arrays of up to 64 bytes are within the heap.
 */

const UTF8 = new TextEncoder();

/** The bytes of a text. */
export function shortUtf8(text: string): Uint8Array {
  const { length } = text;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return UTF8.encode(text);
    bytes[i] = code;
  }
  return bytes;
}
