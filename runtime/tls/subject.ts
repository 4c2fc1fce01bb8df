/**
 * The subject of a certificate as text.
 *
 * In: an X509. Out: `CN=alice,O=Example` by RFC 2253, as nginx's $ssl_client_s_dn; other characters than printable
 * ones are escaped.
 */

import { libcrypto } from "./openssl.ts";
import type { Pointer } from "./tls_ring.ts";

/** XN_FLAG_RFC2253 of x509.h. */
const RFC_2253 = 0x1110317n;
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
    return new TextDecoder().decode(bytes.subarray(0, Math.max(count, 0)));
  } finally {
    BIO_free(bio);
  }
}
