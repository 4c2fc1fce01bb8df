/**
 * ALPN: chooses http/1.1 if the client offers it (RFC 7301).
 *
 * In: the client's list, from OpenSSL during a handshake. Out: http/1.1, or the alert no_application_protocol.
 * A client that offers nothing gets no answer, and speaks HTTP/1.1 too. Must not throw: C code calls it.
 */

import { libssl } from "./openssl.ts";
import type { Pointer } from "./tls_ring.ts";

/** Our list as it is on the wire: each name after its length. */
const PROTOCOLS = new TextEncoder().encode("\x08http/1.1");
const OPENSSL_NPN_NEGOTIATED = 1;
const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;

const SIGNATURE = {
  // SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned int inlen, void *arg
  parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** The callback of one thread. */
export class ProtocolChoice {
  readonly #callback: Deno.UnsafeCallback<typeof SIGNATURE>;

  constructor() {
    const { SSL_select_next_proto } = libssl();
    this.#callback = new Deno.UnsafeCallback(SIGNATURE, (_ssl, out, outLength, list, length) => {
      const chosen = SSL_select_next_proto(
        out,
        outLength,
        PROTOCOLS,
        PROTOCOLS.length,
        list,
        length,
      );
      return chosen === OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    });
  }

  /** The function for SSL_CTX_set_alpn_select_cb. */
  get pointer(): Pointer {
    return this.#callback.pointer;
  }

  /** No context that uses it may be left. */
  close(): void {
    this.#callback.close();
  }
}
