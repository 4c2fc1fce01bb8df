/**
 * Cuts text to what fits beside the code of a close frame.
 *
 * In: any text. Out: as much of it as RFC 6455 section 5.5 allows: a control frame has at most 125 bytes, two of which are the code.
 */

const MOST_REASON = 123;
const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder();

/** As much of a reason as a close frame can have, without half a character at the end. */
export function closeReason(text: string): string {
  const bytes = UTF8.encode(text);
  if (bytes.length <= MOST_REASON) return text;
  let end = MOST_REASON;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return TEXTS.decode(bytes.subarray(0, end));
}
