/**
 * The usual frame of a client, recognized in one step: a whole message of up to 65,535 bytes in one frame, not
 * compressed, of which every byte has arrived.
 *
 * In: bytes at the beginning of a frame. Out: the length of its header, or 0 for any other frame, also for one that is
 * incomplete or breaks a rule: those are read byte after byte by frame_decoder.ts, which knows what is wrong. Nothing
 * is changed. Called by the frame reader.
 */

import {
  FIN,
  KEY_BYTES,
  LENGTH_IN_2_BYTES,
  LONGEST_SHORT,
  MASK,
  unmaskedHeaderSize,
} from "./frame_header.ts";
import { BINARY, TEXT } from "./opcodes.ts";

const SHORT_HEADER = unmaskedHeaderSize(0) + KEY_BYTES;
const MEDIUM_HEADER = unmaskedHeaderSize(LONGEST_SHORT + 1) + KEY_BYTES;

/** Bytes of the header of a masked frame that is a whole message, if all of it is in `bytes[start, end)`; otherwise 0. */
export function wholeFrameHeader(bytes: Uint8Array, start: number, end: number): number {
  const available = end - start;
  if (available < SHORT_HEADER) return 0;
  // With FIN, and without any reserved bit.
  const opcode = bytes[start]! ^ FIN;
  if (opcode !== BINARY && opcode !== TEXT) return 0;
  // Without MASK, it is 128 or more.
  const length = bytes[start + 1]! ^ MASK;
  if (length <= LONGEST_SHORT) return available >= SHORT_HEADER + length ? SHORT_HEADER : 0;
  if (length !== LENGTH_IN_2_BYTES || available < MEDIUM_HEADER) return 0;
  const medium = mediumLength(bytes, start);
  const isWhole = medium > LONGEST_SHORT && available >= MEDIUM_HEADER + medium;
  return isWhole ? MEDIUM_HEADER : 0;
}

/** The length of the payload of a frame whose header has `header` bytes: what {@link wholeFrameHeader} returned. */
export function wholeFrameLength(bytes: Uint8Array, start: number, header: number): number {
  return header === SHORT_HEADER ? bytes[start + 1]! ^ MASK : mediumLength(bytes, start);
}

/** The masking key in the last bytes of a header, which is complete: the first byte in the lowest eight bits. */
export function maskKeyBefore(bytes: Uint8Array, payloadStart: number): number {
  return bytes[payloadStart - 4]! | bytes[payloadStart - 3]! << 8 |
    bytes[payloadStart - 2]! << 16 | bytes[payloadStart - 1]! << 24;
}

function mediumLength(bytes: Uint8Array, start: number): number {
  return bytes[start + 2]! << 8 | bytes[start + 3]!;
}
