/**
 * The layout of a frame header (RFC 6455 section 5.2), and a function that writes one.
 *
 * ```
 *  byte 0               byte 1              then, by the 7-bit length         then, if MASK
 * ┌───┬─────┬────────┐ ┌──────┬──────────┐ ┌──────────────────────────────┐ ┌─────────────┐
 * │FIN│RSV×3│opcode×4│ │ MASK │ length×7 │ │ 0–125: none                  │ │ key, 4 bytes│
 * └───┴─────┴────────┘ └──────┴──────────┘ │ 126: 2 bytes, 127: 8 bytes   │ └─────────────┘
 *                                          └──────────────────────────────┘
 * ```
 *
 * In: a first byte and a payload length. Out: the shortest header, as section 5.2 requires.
 */

/** First byte: this is the last frame of its message. */
export const FIN = 0x80;
/** First byte: the bits for extensions. */
export const RESERVED_BITS = 0x70;
/** First byte: the message is compressed (RFC 7692 section 6), if permessage-deflate is negotiated. */
export const RSV1 = 0x40;
/** First byte: the opcode. */
export const OPCODE_BITS = 0x0f;
/** Second byte: a masking key follows and the payload is masked with it. */
export const MASK = 0x80;
/** Second byte: the length, or the size of the extended length. */
export const LENGTH_BITS = 0x7f;

/** Second byte: the length follows in 2 bytes. */
export const LENGTH_IN_2_BYTES = 126;
/** Second byte: the length follows in 8 bytes. */
export const LENGTH_IN_8_BYTES = 127;
/** Longest payload whose length fits in the second byte; also the limit of control frames. */
export const LONGEST_SHORT = 125;
/** Longest payload whose length fits in 2 bytes. */
export const LONGEST_MEDIUM = 0xffff;

/** Bytes of a masking key. */
export const KEY_BYTES = 4;
/** Bytes of the longest header without a masking key. */
export const LONGEST_UNMASKED_HEADER = 10;

/** Bytes of an unmasked header for a payload of `length` bytes: 2, 4 or 10. */
export function unmaskedHeaderSize(length: number): number {
  if (length <= LONGEST_SHORT) return 2;
  return length <= LONGEST_MEDIUM ? 4 : LONGEST_UNMASKED_HEADER;
}

/** Bytes of the unmasked header at `bytes[at]`, which is complete. */
export function frameHeaderSize(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]!; // the header is complete
  if (length <= LONGEST_SHORT) return 2;
  return length === LENGTH_IN_2_BYTES ? 4 : LONGEST_UNMASKED_HEADER;
}

/** Bytes of the payload behind it. */
export function framePayloadLength(bytes: Uint8Array, at: number): number {
  const length = bytes[at + 1]!; // the header is complete
  if (length <= LONGEST_SHORT) return length;
  if (length === LENGTH_IN_2_BYTES) return bytes[at + 2]! << 8 | bytes[at + 3]!;
  let long = 0;
  for (let i = 2; i < LONGEST_UNMASKED_HEADER; i++) long = long * 256 + bytes[at + i]!;
  return long;
}

/**
 * Writes a header without its masking key at `bytes[at]`.
 *
 * @param first the first byte: FIN and the opcode
 * @param length payload length in bytes, a safe integer
 * @param mask {@link MASK} or 0; the caller writes the key
 * @returns the offset after the header; the caller has reserved {@link unmaskedHeaderSize} bytes
 */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  first: number,
  length: number,
  mask: number,
): number {
  bytes[at] = first;
  if (length <= LONGEST_SHORT) {
    bytes[at + 1] = mask | length;
    return at + 2;
  }
  if (length <= LONGEST_MEDIUM) {
    bytes[at + 1] = mask | LENGTH_IN_2_BYTES;
    bytes[at + 2] = length >>> 8;
    bytes[at + 3] = length;
    return at + 4;
  }
  bytes[at + 1] = mask | LENGTH_IN_8_BYTES;
  writeUint32(bytes, at + 2, Math.floor(length / 2 ** 32));
  writeUint32(bytes, at + 6, length % 2 ** 32);
  return at + LONGEST_UNMASKED_HEADER;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
