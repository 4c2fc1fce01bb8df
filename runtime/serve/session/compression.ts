/**
 * What sessions need to send and receive compressed WebSocket messages: interfaces, because the part that
 * implements them is loaded only if compression is on.
 *
 * In: payloads. Out: compressed payloads without the four bytes that RFC 7692 section 7.2.1 removes. One for
 * each worker; it keeps nothing from one message to the next.
 */

import type { Inflater } from "../../../protocol/mod.ts";

/**
 * A shorter message is sent as it is: of JSON with less than this, deflate saves fewer bytes than a packet's headers have, for
 * as much CPU as sending takes.
 */
export const LEAST_COMPRESSED = 256;

/** Compresses what is sent, one message at a time. */
export interface Deflater {
  /** Holds the result of {@link deflate}, from 0 on; valid until the next call. */
  readonly output: Uint8Array;
  /**
   * Compresses `bytes[start, end)`.
   *
   * @param windowBits what was negotiated, 8 to 15
   * @param isDense whether a smaller result is worth more time: many get it
   * @returns bytes of the result; 0: it would not be shorter than the message
   */
  deflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    windowBits: number,
    isDense?: boolean,
  ): number;
}

/** The compression of one worker. */
export interface Compression extends Inflater, Deflater {
  /** Bytes that compression saved of messages received since the last call. */
  takeSaved(): number;
}
