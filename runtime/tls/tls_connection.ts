/**
 * One TLS connection: an SSL object that reads from the worker's ring and writes into it.
 *
 * In: ciphertext in the ring's input. Out: the handshake, plaintext in both directions, the end. After each call
 * the caller empties the ring and sends what was in it, also if the call failed: that may be an alert. Never
 * blocks, and knows no socket. Results are the kernel's: a count, 0 for the end of the peer's stream, or a negated
 * errno; EPROTO: the peer broke TLS, and {@link TlsConnection.reason} says how.
 */

import { EAGAIN, ENOBUFS, EPROTO } from "../os/mod.ts";
import { libcrypto, libssl, TLS1_3_VERSION } from "./openssl.ts";
import { takeReason } from "./openssl_error.ts";
import { subjectOf } from "./subject.ts";
import { addressOf, type Pointer, type TlsRing } from "./tls_ring.ts";

// Results of SSL_get_error.
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_ZERO_RETURN = 6;
/** What a failed call returns. */
const FAILED = -1;

/** The handshake is done. */
export const DONE = 1;
/** The ring is full: empty it and call again. */
export const RING_FULL = -ENOBUFS;

/** One connection. */
export class TlsConnection {
  /** Why the last call returned -EPROTO, in OpenSSL's words. */
  reason = "";
  readonly #ssl: Pointer;
  readonly #lib = libssl();
  // OpenSSL requires that no SSL_shutdown precedes the end of the handshake, or follows a fatal error.
  #mayEnd = false;

  private constructor(ssl: Pointer, ring: TlsRing) {
    this.#ssl = ssl;
    // It owns one reference.
    libcrypto().BIO_up_ref(ring.inner);
    this.#lib.SSL_set_bio(ssl, ring.inner, ring.inner);
    this.#lib.SSL_set_accept_state(ssl);
  }

  /** Null: there is no memory. */
  static make(context: Pointer, ring: TlsRing): TlsConnection | null {
    const ssl = libssl().SSL_new(context);
    if (ssl !== null) return new TlsConnection(ssl, ring);
    takeReason();
    return null;
  }

  /** For the main thread, which frees it if this thread dies. */
  get address(): number {
    return addressOf(this.#ssl);
  }

  /** Continues the handshake: {@link DONE}, {@link RING_FULL}, -EAGAIN, 0 or -EPROTO. */
  shakeHands(): number {
    const { SSL_do_handshake, SSL_is_init_finished } = this.#lib;
    SSL_do_handshake(this.#ssl);
    if (SSL_is_init_finished(this.#ssl) === 1) {
      this.#mayEnd = true;
      // What a callback has left there would be taken for the error of the next call.
      libcrypto().ERR_clear_error();
      return DONE;
    }
    return this.#outcome();
  }

  /**
   * Decrypts into `bytes[0, length)`, one record at most. -EAGAIN: the input was not a whole record, or that
   * record had no data, and the next one may have; {@link RING_FULL} is possible too.
   */
  read(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const count = this.#lib.SSL_read(this.#ssl, bytes, length);
    if (count > 0) return count;
    const outcome = this.#outcome();
    if (outcome === -EPROTO) this.#mayEnd = false;
    return outcome;
  }

  /** The subject of the client's certificate, which is verified; "" if it has none. */
  clientSubject(): string {
    const certificate = this.#lib.SSL_get1_peer_certificate(this.#ssl);
    if (certificate === null) return "";
    try {
      return subjectOf(certificate);
    } finally {
      libcrypto().X509_free(certificate);
      libcrypto().ERR_clear_error();
    }
  }

  /** Whether a message of a handshake has begun and not ended. */
  isShakingHands(): boolean {
    return this.#lib.SSL_is_init_finished(this.#ssl) !== 1;
  }

  /** Whether this is TLS 1.3, or may still become it. */
  mayBeTls13(): boolean {
    return this.#lib.SSL_version(this.#ssl) >= TLS1_3_VERSION;
  }

  /** Whether a record was decrypted that {@link read} has not returned to its end. */
  hasPending(): boolean {
    return this.#lib.SSL_pending(this.#ssl) > 0;
  }

  /** Encrypts `bytes[0, length)`, at most PLAINTEXT_BYTES, into the empty ring; all of it, or -EPROTO. */
  write(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const count = this.#lib.SSL_write(this.#ssl, bytes, length);
    if (count === length) return count;
    this.reason = takeReason();
    this.#mayEnd = false;
    return -EPROTO;
  }

  /** Writes close_notify, unless the connection is broken or not open. */
  end(): void {
    if (!this.#mayEnd) return;
    this.#mayEnd = false;
    // 0: the peer has not ended yet. It may still send.
    if (this.#lib.SSL_shutdown(this.#ssl) < 0) takeReason();
  }

  /** Frees it; no other call may follow. */
  free(): void {
    this.#lib.SSL_free(this.#ssl);
  }

  #outcome(): number {
    switch (this.#lib.SSL_get_error(this.#ssl, FAILED)) {
      case SSL_ERROR_WANT_READ:
        return -EAGAIN;
      case SSL_ERROR_WANT_WRITE:
        return RING_FULL;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      default:
        this.reason = takeReason();
        return -EPROTO;
    }
  }
}
