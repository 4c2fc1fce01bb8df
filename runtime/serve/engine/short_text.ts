/**
 * Short texts to bytes and back without the host's encoder, which costs as much as 50 characters of a loop.
 *
 * In: texts and UTF-8 of any length. Out: the same as `TextEncoder` and `TextDecoder` give. Pure.
 */

/** Up to this many characters, a loop is the faster way. */
const SHORT = 48;
const ASCII_END = 0x80;
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** The text of UTF-8. */
export function decodeText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > SHORT) return TEXT.decode(bytes.subarray(start, end));
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte >= ASCII_END) return TEXT.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Writes a text as UTF-8.
 *
 * @param out has room for three bytes a character from `at` on
 * @returns where it ends
 */
export function encodeText(text: string, out: Uint8Array, at: number): number {
  if (text.length <= SHORT) {
    let end = at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= ASCII_END) break;
      out[end++] = code;
    }
    if (end - at === text.length) return end;
  }
  return at + UTF8.encodeInto(text, out.subarray(at)).written;
}
