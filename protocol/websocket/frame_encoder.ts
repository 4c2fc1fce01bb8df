/**
 * Frame encoder (RFC 6455 section 5.2), for both roles.
 *
 * In: the first byte (FIN and opcode) and a payload as (bytes, start, end). Out: the frame, appended to a
 * ByteBuffer, or its header, written in place directly before the payload. Called by the connection, which
 * decides what may be sent; this file encodes any frame, including fragments.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { copyBytes } from "../copy_bytes.ts";
import { KEY_BYTES, MASK, unmaskedHeaderSize, writeFrameHeader } from "./frame_header.ts";
import { unmask } from "./mask.ts";

/**
 * Appends a server's frame, which is never masked (section 5.1).
 *
 * @param first FIN or 0, together with the opcode
 */
export function encodeFrame(
  out: ByteBuffer,
  first: number,
  payload: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start;
  const at = out.reserve(unmaskedHeaderSize(length) + length);
  const body = writeFrameHeader(out.bytes, at, first, length, 0);
  copyBytes(out.bytes, body, payload, start, end);
  out.length = body + length;
}

/**
 * Appends a client's frame, which is always masked (section 5.3).
 *
 * @param first FIN or 0, together with the opcode
 * @param key the four key bytes, the first in the lowest eight bits; new and unpredictable for each frame
 * if untrusted code, such as a web page, chooses the payload
 */
export function encodeMaskedFrame(
  out: ByteBuffer,
  first: number,
  payload: Uint8Array,
  start: number,
  end: number,
  key: number,
): void {
  const length = end - start;
  const at = out.reserve(unmaskedHeaderSize(length) + KEY_BYTES + length);
  const bytes = out.bytes;
  let body = writeFrameHeader(bytes, at, first, length, MASK);
  for (let shift = 0; shift < 32; shift += 8) bytes[body++] = key >>> shift;
  copyBytes(bytes, body, payload, start, end);
  unmask(bytes, body, body + length, key, 0);
  out.length = body + length;
}

/**
 * Writes an unmasked header so that it ends at `bytes[payloadStart]`.
 *
 * @returns the offset at which the frame begins
 * @throws RangeError if the header does not fit before `payloadStart`
 */
export function encodeHeaderBefore(
  bytes: Uint8Array,
  payloadStart: number,
  payloadLength: number,
  first: number,
): number {
  const at = payloadStart - unmaskedHeaderSize(payloadLength);
  if (at < 0) {
    throw new RangeError(
      `Cannot write a frame header before offset ${payloadStart}: it does not fit`,
    );
  }
  writeFrameHeader(bytes, at, first, payloadLength, 0);
  return at;
}
