/**
 * The subject of a certificate as text.
 *
 * In: an X509. Out: `CN=alice,O=Example` by RFC 2253, as nginx's $ssl_client_s_dn; other characters than printable
 * ones are escaped. An empty subject is `(empty)`, which no other subject is.
 */

import { libcrypto } from "./openssl.ts";
import type { Pointer } from "./tls_ring.ts";

/** XN_FLAG_RFC2253 of x509.h. */
const RFC_2253 = 0x1110317n;
/** A certificate may have an empty subject (RFC 5280 section 4.1.2.6): it is not to look like none. */
const EMPTY = "(empty)";
/** Longer subjects are cut. */
const LONGEST = 1024;

/** The text. */
export function subjectOf(certificate: Pointer): string {
  const { BIO_s_mem, BIO_new, BIO_read, BIO_free, X509_get_subject_name, X509_NAME_print_ex } =
    libcrypto();
  const bio = BIO_new(BIO_s_mem());
  if (bio === null) return "";
  try {
    X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, RFC_2253);
    const bytes = new Uint8Array(LONGEST);
    const count = BIO_read(bio, bytes, bytes.length);
    return count <= 0 ? EMPTY : new TextDecoder().decode(bytes.subarray(0, count));
  } finally {
    BIO_free(bio);
  }
}
