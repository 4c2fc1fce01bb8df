/**
 * Judges the length of each ClientHello by its header, before it arrives (RFC 8446 section 4).
 *
 * In: the bytes of a client's handshake, in any parts, before OpenSSL gets them. Out: the length of a ClientHello
 * that is too long. OpenSSL accepts 131,396 bytes, and some releases get memory for all of them when the header has
 * arrived. Encrypted records are skipped: there OpenSSL itself has bounds for each type of message.
 */

/** Real ones have 2 KiB at most, with a post-quantum key share. */
export const MOST_HELLO_BYTES = 16 * 1024;

// RFC 8446 section 5.1: type, version, length.
const RECORD_HEADER = 5;
const CHANGE_CIPHER_SPEC = 0x14;
const HANDSHAKE = 0x16;
const APPLICATION_DATA = 0x17;
// RFC 8446 section 4: type, length of three bytes.
const MESSAGE_HEADER = 4;
const CLIENT_HELLO = 1;

/** The guard of one handshake. */
export class HelloGuard {
  readonly #record = new Header(RECORD_HEADER);
  readonly #message = new Header(MESSAGE_HEADER);
  /** No more messages in plaintext follow. */
  #isDone = false;

  /**
   * Judges the next bytes; the length of a ClientHello that is too long, or 0.
   *
   * @param isTls13 whether this may be TLS 1.3: in TLS 1.2, what follows a ChangeCipherSpec is encrypted
   */
  judge(bytes: Uint8Array, isTls13: boolean): number {
    for (let at = 0; at < bytes.length && !this.#isDone;) {
      if (!this.#record.isWhole) {
        this.#record.take(bytes[at++]!); // the loop's condition
        if (this.#record.isWhole) this.#beginRecord(isTls13);
      } else if (this.#record.type !== HANDSHAKE) {
        at += this.#record.skip(bytes.length - at);
      } else if (!this.#message.isWhole) {
        this.#message.take(bytes[at++]!);
        this.#record.skip(1);
        const { isWhole, type, left } = this.#message;
        if (isWhole && type === CLIENT_HELLO && left > MOST_HELLO_BYTES) return left;
      } else {
        const count = Math.min(bytes.length - at, this.#record.left);
        const skipped = this.#message.skip(count);
        this.#record.skip(skipped);
        at += skipped;
      }
    }
    return 0;
  }

  #beginRecord(isTls13: boolean): void {
    const { type } = this.#record;
    this.#isDone = type === APPLICATION_DATA || (type === CHANGE_CIPHER_SPEC && !isTls13);
  }
}

/** A header whose last bytes are the length of what follows it. */
class Header {
  readonly #length: number;
  #count = 0;
  type = 0;
  /** Bytes that follow, and have not been skipped. */
  left = 0;

  constructor(length: number) {
    this.#length = length;
  }

  /** The whole header was taken, and not all that follows was skipped. */
  get isWhole(): boolean {
    return this.#count === this.#length;
  }

  take(byte: number): void {
    if (this.#count++ === 0) {
      this.type = byte;
      this.left = 0;
      return;
    }
    // Of a record, the version is shifted out.
    this.left = ((this.left << 8) | byte) & (this.#length === RECORD_HEADER ? 0xffff : 0xffffff);
    if (this.isWhole && this.left === 0) this.#reset();
  }

  /** Skips up to `count` bytes of what follows; the result is how many. */
  skip(count: number): number {
    const skipped = Math.min(count, this.left);
    this.left -= skipped;
    if (this.left === 0) this.#reset();
    return skipped;
  }

  #reset(): void {
    this.#count = 0;
  }
}
