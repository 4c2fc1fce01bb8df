/**
 * TLS by the system's OpenSSL, for connections on epoll: an `Os` whose sockets speak TLS. Loaded only if there
 * is a certificate and libssl.so.3.
 *
 * ```ts
 * import { opensslProblem, opensslVersion } from "./mod.ts";
 * const problem = opensslProblem();
 * console.log(problem ?? opensslVersion()); // OpenSSL 3.0.19
 * ```
 *
 * @module
 */

export { opensslProblem, opensslVersion } from "./openssl.ts";
export { freeConnection, freeOwn } from "./dead_thread.ts";
export { checkOcspResponse } from "./ocsp.ts";
export { checkAuthority, checkCertificate, type ClientAuthority } from "./tls_context.ts";
export type { CertificateMaterial, CertificateSet } from "./tls_certificates.ts";
export { type PointerKeeper, type TlsFailure, TlsOs, type TlsOsParts } from "./tls_os.ts";
