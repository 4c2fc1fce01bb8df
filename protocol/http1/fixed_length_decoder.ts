/**
 * Decoder of a body with Content-Length (RFC 9112 section 6.3 rule 6).
 *
 * In: the number of available bytes. Out: how many of them belong to the body. Called by the request
 * reader, which returns the bytes as a view; nothing is copied or inspected.
 */

/** Counts the remaining bytes of a body. */
export class FixedLengthDecoder {
  /** Bytes of the body that have not been taken. */
  remaining = 0;

  /** Starts a body of `length` bytes. */
  begin(length: number): void {
    this.remaining = length;
  }

  /** Takes as many of the `available` bytes as belong to the body and returns their number. */
  take(available: number): number {
    const taken = Math.min(available, this.remaining);
    this.remaining -= taken;
    return taken;
  }
}
