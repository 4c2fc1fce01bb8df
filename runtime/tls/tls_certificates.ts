/**
 * The certificates that the TLS connections of one worker get.
 *
 * In: certificates and keys, and the authority of clients. Out: the context of a
 * new connection, then the one for the name that its client asks for: the first certificate that is valid for
 * it, or the first of all. They are replaced as a whole when the certificates are reloaded: see TlsOs.renew.
 */

import type { Callbacks, CertificateChooser } from "./callbacks.ts";
import { libcrypto, libssl } from "./openssl.ts";
import { type CertificatePem, type ClientAuthority, newContext } from "./tls_context.ts";
import { addressOf, type Pointer } from "./tls_ring.ts";

/** A certificate, its key, and its OCSP response if there is one. */
export interface CertificateMaterial extends CertificatePem {
  /** In DER; null: none is stapled. */
  readonly ocsp: Uint8Array<ArrayBuffer> | null;
}

/** What they are made of. */
export interface CertificateSet {
  /** At least one; the first is the default. */
  readonly certificates: readonly CertificateMaterial[];
  /** Whose certificates clients may or must have; null: they are not asked. */
  readonly client: ClientAuthority | null;
}

/** Names whose certificate is remembered: clients choose them. */
const MOST_NAMES = 1_000;
/** Longer names do not exist (RFC 1035 section 2.3.4). */
const LONGEST_NAME = 255;

const encoder = new TextEncoder();

/** Certificates that are in use. */
export class TlsCertificates implements CertificateChooser {
  readonly #contexts: readonly Pointer[];
  readonly #ocsp = new Map<number, Uint8Array>();
  readonly #byName = new Map<string, Pointer | null>();

  /** @throws {OpenSslError} if a certificate cannot be used */
  constructor({ certificates, client }: CertificateSet, callbacks: Callbacks) {
    const contexts: Pointer[] = [];
    this.#contexts = contexts;
    try {
      const isOneOfMany = certificates.length > 1;
      for (const certificate of certificates) {
        const { ocsp } = certificate;
        const options = { client, callbacks, isOneOfMany, hasOcsp: ocsp !== null };
        const context = newContext(certificate, options);
        contexts.push(context);
        if (ocsp !== null) this.#ocsp.set(addressOf(context), ocsp);
      }
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** For new connections. */
  get context(): Pointer {
    return this.#contexts[0]!; // a set has at least one
  }

  /** The addresses of all contexts. */
  get addresses(): readonly number[] {
    return this.#contexts.map(addressOf);
  }

  contextFor(name: string): Pointer | null {
    if (name.length > LONGEST_NAME) return null;
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const found = this.#contexts.find((context) => isFor(context, name)) ?? null;
    if (this.#byName.size >= MOST_NAMES) this.#byName.clear();
    this.#byName.set(name, found);
    return found;
  }

  ocspOf(address: number): Uint8Array | null {
    return this.#ocsp.get(address) ?? null;
  }

  /** No further connection may be made of them. */
  free(): void {
    for (const context of this.#contexts) libssl().SSL_CTX_free(context);
  }
}

/** Whether the certificate of a context is valid for a name (RFC 6125: alternative names, with wildcards). */
function isFor(context: Pointer, name: string): boolean {
  const certificate = libssl().SSL_CTX_get0_certificate(context);
  const bytes = encoder.encode(`${name}\0`);
  return libcrypto().X509_check_host(certificate, bytes, BigInt(bytes.length - 1), 0, null) === 1;
}
