/**
 * What the frame reader needs to read compressed messages (RFC 7692 section 7.2.2): an interface, because the
 * algorithm is the caller's.
 *
 * In: the whole payload of a compressed message, as the peer sent it. Out: the message, or why there is none.
 * Called by the frame reader. What implements it keeps nothing from one message to the next.
 */

import type { PayloadBuffer } from "../payload_buffer.ts";

/** `too big`: the message has more bytes than the limit; `invalid`: the payload is not DEFLATE data, or is cut off. */
export type InflateResult = "done" | "too big" | "invalid";

/** Inflates one message at a time. */
export interface Inflater {
  /**
   * Inflates `bytes[start, end)`, without the four bytes that section 7.2.1 removes, and appends the message to
   * `target`.
   *
   * @param limit bytes that the message may have: more are never stored
   */
  inflate(
    bytes: Uint8Array,
    start: number,
    end: number,
    target: PayloadBuffer,
    limit: number,
  ): InflateResult;
}
