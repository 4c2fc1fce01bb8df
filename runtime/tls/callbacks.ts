/**
 * The functions of one thread that OpenSSL calls during a handshake: the certificate by the name that the client
 * asks for (SNI, RFC 6066 section 3), http/1.1 (ALPN, RFC 7301), the stapled OCSP response (RFC 6066 section 8), and
 * session tickets.
 *
 * In: calls of C code, within SSL_do_handshake alone. Out: results for it. They must not throw.
 */

import { APPLICATION_PROTOCOLS } from "../config/mod.ts";
import type { TicketKeys } from "../ring/mod.ts";
import { libcrypto, libssl } from "./openssl.ts";
import { TicketCipher } from "./ticket_cipher.ts";
import { addressOf, type Pointer } from "./tls_ring.ts";

/** Chooses among certificates. */
export interface CertificateChooser {
  /** The context for a name, or null: that with which the connection began. */
  contextFor(name: string): Pointer | null;
  /** The OCSP response of a context, or null. */
  ocspOf(address: number): Uint8Array | null;
}

/** Our list for ALPN as it is on the wire: each name after its length. */
const PROTOCOLS = new TextEncoder().encode(
  APPLICATION_PROTOCOLS.map((name) => String.fromCharCode(name.length) + name).join(""),
);
const OPENSSL_NPN_NEGOTIATED = 1;
const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;
const SSL_TLSEXT_ERR_NOACK = 3;
const TLSEXT_NAMETYPE_host_name = 0;
const SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP = 71;

// SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned int inlen, void *arg
const ALPN = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;
// SSL *ssl, int *alert, void *arg
const SERVER_NAME = {
  parameters: ["pointer", "pointer", "pointer"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;
// SSL *ssl, void *arg
const STATUS = {
  parameters: ["pointer", "pointer"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;

/** The callbacks of one thread. */
export class Callbacks {
  readonly #alpn: Deno.UnsafeCallback<typeof ALPN>;
  readonly #serverName: Deno.UnsafeCallback<typeof SERVER_NAME>;
  readonly #status: Deno.UnsafeCallback<typeof STATUS>;
  readonly #tickets: TicketCipher;

  /** @param chooser the certificates that are in use now */
  constructor(chooser: CertificateChooser, keys: TicketKeys) {
    this.#tickets = new TicketCipher(keys);
    this.#alpn = new Deno.UnsafeCallback(ALPN, chooseProtocol);
    this.#serverName = new Deno.UnsafeCallback(
      SERVER_NAME,
      (ssl) => chooseCertificate(ssl, chooser),
    );
    this.#status = new Deno.UnsafeCallback(STATUS, (ssl) => staple(ssl, chooser));
  }

  /** For SSL_CTX_set_alpn_select_cb. */
  get alpn(): Pointer {
    return this.#alpn.pointer;
  }

  /** For SSL_CTX_set_tlsext_servername_callback. */
  get serverName(): Pointer {
    return this.#serverName.pointer;
  }

  /** For SSL_CTX_set_tlsext_status_cb. */
  get status(): Pointer {
    return this.#status.pointer;
  }

  /** For SSL_CTX_set_tlsext_ticket_key_evp_cb. */
  get tickets(): Pointer {
    return this.#tickets.pointer;
  }

  /** No context that uses them may be left. */
  close(): void {
    this.#alpn.close();
    this.#serverName.close();
    this.#status.close();
    this.#tickets.close();
  }
}

/** A client that offers nothing of {@link APPLICATION_PROTOCOLS} gets an alert. */
function chooseProtocol(
  _ssl: Deno.PointerValue,
  out: Deno.PointerValue,
  outLength: Deno.PointerValue,
  list: Deno.PointerValue,
  length: number,
): number {
  const { SSL_select_next_proto } = libssl();
  const chosen = SSL_select_next_proto(out, outLength, PROTOCOLS, PROTOCOLS.length, list, length);
  return chosen === OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

function chooseCertificate(ssl: Deno.PointerValue, chooser: CertificateChooser): number {
  const { SSL_get_servername, SSL_set_SSL_CTX } = libssl();
  const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name === null) return SSL_TLSEXT_ERR_NOACK;
  const context = chooser.contextFor(Deno.UnsafePointerView.getCString(name));
  if (context !== null) SSL_set_SSL_CTX(ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

function staple(ssl: Deno.PointerValue, chooser: CertificateChooser): number {
  const { SSL_get_SSL_CTX, SSL_ctrl } = libssl();
  const context = SSL_get_SSL_CTX(ssl);
  const response = context === null ? null : chooser.ocspOf(addressOf(context));
  if (response === null) return SSL_TLSEXT_ERR_NOACK;
  // OpenSSL frees it with the connection.
  const copy = libcrypto().CRYPTO_malloc(BigInt(response.length), null, 0);
  if (copy === null) return SSL_TLSEXT_ERR_NOACK;
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(copy, response.length)).set(response);
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, BigInt(response.length), copy);
  return SSL_TLSEXT_ERR_OK;
}
