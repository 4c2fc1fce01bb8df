/**
 * One TLS connection: an SSL object that reads from its socket and writes into the worker's ring.
 *
 * In: a connected descriptor that does not block. Out: the handshake, plaintext in both directions, the end.
 * After each call the caller empties the ring and sends what was in it, also if the call failed: that may be
 * an alert. Never blocks, and never sends by itself. Results are the kernel's: a count, 0 for the end of the
 * peer's stream, or a negated errno; EPROTO: the peer broke TLS, and {@link TlsConnection.reason} says how.
 */

import { EAGAIN, ECONNRESET, EPROTO } from "../os/mod.ts";
import { libcrypto, libssl } from "./openssl.ts";
import { takeReason, throwReason } from "./openssl_error.ts";
import { subjectOf } from "./subject.ts";
import { addressOf, type Pointer, type TlsRing } from "./tls_ring.ts";

// Results of SSL_get_error.
const SSL_ERROR_SSL = 1;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_WANT_WRITE = 3;
const SSL_ERROR_ZERO_RETURN = 6;
/** What a failed call returns. */
const FAILED = -1;

/** The handshake is done. */
export const DONE = 1;
/** The ring is full: empty it and call again. */
export const RING_FULL = 2;

/** One connection. */
export class TlsConnection {
  /** Why the last call returned -EPROTO, in OpenSSL's words. */
  reason = "";
  readonly #ssl: Pointer;
  readonly #lib = libssl();
  // OpenSSL requires that no SSL_shutdown precedes the end of the handshake, or follows a fatal error.
  #mayEnd = false;

  /** @throws {OpenSslError} if there is no memory */
  constructor(context: Pointer, descriptor: number, ring: TlsRing) {
    const { SSL_new, SSL_set_fd, SSL_set0_wbio, SSL_set_accept_state, SSL_free } = this.#lib;
    const ssl = SSL_new(context);
    if (ssl === null) throwReason();
    if (SSL_set_fd(ssl, descriptor) !== 1) {
      SSL_free(ssl);
      throwReason();
    }
    // It owns one reference.
    libcrypto().BIO_up_ref(ring.writer);
    SSL_set0_wbio(ssl, ring.writer);
    SSL_set_accept_state(ssl);
    this.#ssl = ssl;
  }

  /** For the main thread, which frees it if this thread dies. */
  get address(): number {
    return addressOf(this.#ssl);
  }

  /** Continues the handshake: {@link DONE}, {@link RING_FULL}, -EAGAIN, -ECONNRESET or -EPROTO. */
  shakeHands(): number {
    const { SSL_do_handshake, SSL_is_init_finished } = this.#lib;
    SSL_do_handshake(this.#ssl);
    if (SSL_is_init_finished(this.#ssl) === 1) {
      this.#mayEnd = true;
      return DONE;
    }
    return this.#outcome();
  }

  /** Decrypts into `bytes[0, length)`, one record at most. */
  read(bytes: Uint8Array<ArrayBuffer>, length: number): number {
    const count = this.#lib.SSL_read(this.#ssl, bytes, length);
    if (count > 0) return count;
    const outcome = this.#outcome();
    if (outcome === -ECONNRESET || outcome === -EPROTO) this.#mayEnd = false;
    return outcome === RING_FULL ? -EAGAIN : outcome;
  }

  /** The subject of the client's certificate, which is verified; "" if it has none. */
  clientSubject(): string {
    const certificate = this.#lib.SSL_get1_peer_certificate(this.#ssl);
    if (certificate === null) return "";
    try {
      return subjectOf(certificate);
    } finally {
      libcrypto().X509_free(certificate);
    }
  }

  /** Whether bytes were received that {@link read} has not returned; perhaps not a whole record. */
  hasPending(): boolean {
    return this.#lib.SSL_has_pending(this.#ssl) === 1;
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
      case SSL_ERROR_SSL:
        this.reason = takeReason();
        return -EPROTO;
      default: // SSL_ERROR_SYSCALL: the socket's error, or its end in the handshake
        takeReason();
        return -ECONNRESET;
    }
  }
}
