/**
 * The certificates that the TLS connections of one worker get.
 *
 * In: certificate and key, and the ticket keys of all workers. Out: the context of a new connection. They are
 * replaced as a whole when the certificates are reloaded: see TlsOs.renew.
 */

import { libssl } from "./openssl.ts";
import type { ProtocolChoice } from "./protocol_choice.ts";
import { type CertificatePem, newContext } from "./tls_context.ts";
import { addressOf, type Pointer } from "./tls_ring.ts";

/** What they are made of. */
export interface CertificateSet {
  readonly certificate: CertificatePem;
  /** TICKET_KEY_BYTES random bytes, the same in all workers. */
  readonly ticketKeys: Uint8Array<ArrayBuffer>;
}

/** Certificates that are in use. */
export class TlsCertificates {
  /** For new connections. */
  readonly context: Pointer;

  /** @throws {OpenSslError} if a certificate cannot be used */
  constructor({ certificate, ticketKeys }: CertificateSet, choice: ProtocolChoice) {
    this.context = newContext(certificate, { ticketKeys, selectProtocol: choice.pointer });
  }

  /** The addresses of all contexts, for {@link freeContext}. */
  get addresses(): readonly number[] {
    return [addressOf(this.context)];
  }

  /** No further connection may be made of them. */
  free(): void {
    libssl().SSL_CTX_free(this.context);
  }
}
