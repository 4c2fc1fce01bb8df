/**
 * A body whose length the head told (RFC 9112 section 6.3 rule 6).
 *
 * In: how many bytes there are to take. Out: how many of them belong to the body. Called by the
 * connection, which gives the bytes on as a view; nothing is copied or looked at.
 */

/** Counts a body down. */
export class FixedLengthDecoder {
  /** Bytes of the body that have not come yet. */
  remaining = 0;

  /** Begins a body of `length` bytes. */
  begin(length: number): void {
    this.remaining = length;
  }

  /** Takes as much of `available` bytes as belongs to the body, and says how many that is. */
  take(available: number): number {
    const taken = Math.min(available, this.remaining);
    this.remaining -= taken;
    return taken;
  }
}
