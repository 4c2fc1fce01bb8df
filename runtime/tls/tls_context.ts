/**
 * The SSL_CTX of one certificate: what all connections that use it have in common.
 *
 * In: certificate chain and key as PEM, the authority of clients, and the callbacks of this thread. Out: the SSL_CTX; the caller frees it, and connections that were made from it keep it alive until
 * they end. TLS 1.2 and 1.3 with the AEAD suites, as the Deno transport has them. A context that has callbacks
 * belongs to one thread.
 *
 * Sessions are resumed by tickets, which hold everything: no cache, so that any worker resumes them.
 */

import type { Callbacks } from "./callbacks.ts";
import { libcrypto, libssl } from "./openssl.ts";
import { takeReason, throwReason } from "./openssl_error.ts";
import type { Pointer } from "./tls_ring.ts";

/** A certificate with its chain and its private key, both PEM. */
export interface CertificatePem {
  readonly cert: string;
  readonly key: string;
}

// Macros of ssl.h: numbers for SSL_CTX_ctrl.
const SSL_CTRL_MODE = 33;
const SSL_CTRL_SET_SESS_CACHE_MODE = 44;
const SSL_CTRL_SET_MAX_CERT_LIST = 51;
const SSL_CTRL_SET_TLSEXT_SERVERNAME_CB = 53;
const SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB = 63;
const SSL_CTRL_CLEAR_MODE = 78;
const SSL_CTRL_CHAIN_CERT = 89;
/** The larg of SSL_CTX_add1_chain_cert: the context takes a reference of its own. */
const ADD_REFERENCE = 1n;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;

const TLS1_2_VERSION = 0x0303;
const SSL_VERIFY_PEER = 1;
const SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;
const SSL_SESS_CACHE_OFF = 0;
/** Buffers of an idle connection are freed: 16 KiB of it remain. */
const SSL_MODE_RELEASE_BUFFERS = 0x10;
/** After a record without data SSL_read would go on by itself. */
const SSL_MODE_AUTO_RETRY = 0x4;
/** The chain is that of the file: OpenSSL would complete it with certificates of the authority of clients. */
const SSL_MODE_NO_AUTO_CHAIN = 0x8;

const SSL_OP_NO_COMPRESSION = 1n << 17n;
const SSL_OP_CIPHER_SERVER_PREFERENCE = 1n << 22n;
/** No tickets in TLS 1.2; in TLS 1.3 no stateless ones. */
const SSL_OP_NO_TICKET = 1n << 14n;
/** Renegotiation would run callbacks inside of SSL_read: see openssl.ts. */
const SSL_OP_NO_RENEGOTIATION = 1n << 30n;

/** Of TLS 1.2; TLS 1.3 has AEAD suites only. */
const CIPHERS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

const encoder = new TextEncoder();
/** The reason for which reading certificates ends. */
const END_OF_PEM = "no start line";
/** A passphrase for the key; without one OpenSSL would ask for it on the terminal. */
const NO_PASSPHRASE = encoder.encode("\0");
/** Part of {@link sessionContext}. */
const SERVER = "async-deno";
/** SSL_MAX_SID_CTX_LENGTH, and the length of a SHA-256. */
const SESSION_CONTEXT_BYTES = 32;

/**
 * Session tickets after a handshake of TLS 1.3. OpenSSL sends two by default, for a client that opens two connections
 * next and uses each ticket once; each costs about 20 µs. With one per connection, such a client has as many as it had
 * connections; in TLS 1.2 it is one, too.
 */
const TICKETS = 1n;

/** Most bytes of a client's certificate with its chain: OpenSSL gets memory for all of them at its header. */
export const MOST_CERTIFICATE_BYTES = 32 * 1024;

/** Whose certificates clients have. */
export interface ClientAuthority {
  /** Certificates of authorities, PEM. */
  readonly pem: string;
  /** Whether a client without a certificate is refused. */
  readonly isRequired: boolean;
}

/** What else a context has. */
export interface ContextOptions {
  /** Null: clients are not asked for a certificate. */
  readonly client: ClientAuthority | null;
  readonly callbacks: Callbacks;
  /** There are other certificates, and the name that a client asks for decides. */
  readonly isOneOfMany: boolean;
  /** There is an OCSP response. */
  readonly hasOcsp: boolean;
}

/**
 * Makes a context. Without options it serves no connection: to check certificate and key.
 *
 * @throws {OpenSslError} if certificate or key cannot be used
 */
export function newContext(pem: CertificatePem, options?: ContextOptions): Pointer {
  const { TLS_server_method, SSL_CTX_new, SSL_CTX_free } = libssl();
  const context = SSL_CTX_new(TLS_server_method());
  if (context === null) throwReason();
  try {
    useChain(context, pem.cert);
    useKey(context, pem.key);
    configure(context);
    if (options !== undefined) apply(context, options);
    return context;
  } catch (error) {
    SSL_CTX_free(context);
    throw error;
  }
}

/** Checks that certificate and key belong together. @throws {OpenSslError} */
export function checkCertificate(pem: CertificatePem): void {
  libssl().SSL_CTX_free(newContext(pem));
}

function configure(context: Pointer): void {
  const { SSL_CTX_set_options, SSL_CTX_set_cipher_list } = libssl();
  control(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION);
  control(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  control(context, SSL_CTRL_CLEAR_MODE, SSL_MODE_AUTO_RETRY);
  control(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(
    context,
    SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
      SSL_OP_NO_RENEGOTIATION,
  );
  if (SSL_CTX_set_cipher_list(context, encoder.encode(`${CIPHERS_1_2}\0`)) !== 1) throwReason();
}

/** A session is resumed only where the same was asked of its client: by the same authorities, as strictly. */
function sessionContext(client: ClientAuthority | null): Uint8Array<ArrayBuffer> {
  const asked = client === null ? "" : `${client.isRequired}\0${client.pem}`;
  const text = encoder.encode(`${SERVER}\0${asked}`);
  const hash = new Uint8Array(SESSION_CONTEXT_BYTES);
  libcrypto().SHA256(text, BigInt(text.length), hash);
  return hash;
}

function apply(context: Pointer, options: ContextOptions): void {
  const { client, callbacks, isOneOfMany, hasOcsp } = options;
  const { SSL_CTX_set_alpn_select_cb, SSL_CTX_callback_ctrl } = libssl();
  const { SSL_CTX_set_options, SSL_CTX_set_num_tickets } = libssl();
  const { SSL_CTX_set_session_id_context, SSL_CTX_set_tlsext_ticket_key_evp_cb } = libssl();
  SSL_CTX_set_session_id_context(context, sessionContext(client), SESSION_CONTEXT_BYTES);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callbacks.tickets);
  SSL_CTX_set_alpn_select_cb(context, callbacks.alpn, null);
  // OpenSSL would call them for each client, also if there is nothing to choose or to staple.
  if (isOneOfMany) {
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, callbacks.serverName);
  }
  if (hasOcsp) SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, callbacks.status);
  SSL_CTX_set_num_tickets(context, TICKETS);
  if (client === null) return;
  askForCertificate(context, client);
  // A resumed session would go on after the client's certificate has expired.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0n);
}

/** Asks clients for a certificate of an authority; one that cannot be verified is refused in any case. */
function askForCertificate(context: Pointer, { pem, isRequired }: ClientAuthority): void {
  const { SSL_CTX_set_verify, SSL_CTX_get_cert_store, SSL_CTX_add_client_CA } = libssl();
  const store = SSL_CTX_get_cert_store(context);
  const count = forEachCertificate(pem, (authority) => {
    if (libcrypto().X509_STORE_add_cert(store, authority) !== 1) throwReason();
    if (SSL_CTX_add_client_CA(context, authority) !== 1) throwReason();
  });
  if (count === 0) throw new Error("there is no certificate in it");
  control(context, SSL_CTRL_SET_MAX_CERT_LIST, MOST_CERTIFICATE_BYTES);
  const mode = SSL_VERIFY_PEER | (isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  SSL_CTX_set_verify(context, mode, null);
}

/** Checks the certificates of authorities. @throws {Error} with a reason */
export function checkAuthority(pem: string): void {
  const { SSL_CTX_new, SSL_CTX_free, TLS_server_method } = libssl();
  const context = SSL_CTX_new(TLS_server_method());
  if (context === null) throwReason();
  try {
    askForCertificate(context, { pem, isRequired: true });
  } finally {
    SSL_CTX_free(context);
  }
}

/** Calls `use` with each certificate, which is freed afterwards; the result is their number. */
function forEachCertificate(pem: string, use: (certificate: Pointer) => void): number {
  const { PEM_read_bio_X509, X509_free } = libcrypto();
  let count = 0;
  withPem(pem, (bio) => {
    const next = () => PEM_read_bio_X509(bio, null, null, NO_PASSPHRASE);
    for (let certificate = next(); certificate !== null; certificate = next(), count++) {
      try {
        use(certificate);
      } finally {
        X509_free(certificate);
      }
    }
    const reason = takeReason();
    if (reason !== END_OF_PEM) throw new Error(reason);
  });
  return count;
}

function control(context: Pointer, command: number, value: number): void {
  libssl().SSL_CTX_ctrl(context, command, BigInt(value), null);
}

/** The first certificate is the server's, the others are its chain. */
function useChain(context: Pointer, pem: string): void {
  const { SSL_CTX_use_certificate, SSL_CTX_ctrl } = libssl();
  let isFirst = true;
  const count = forEachCertificate(pem, (certificate) => {
    const used = isFirst
      ? SSL_CTX_use_certificate(context, certificate) === 1
      : SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, ADD_REFERENCE, certificate) === 1n;
    if (!used) throwReason();
    isFirst = false;
  });
  if (count === 0) throw new Error(END_OF_PEM);
}

function useKey(context: Pointer, pem: string): void {
  const { SSL_CTX_use_PrivateKey, SSL_CTX_check_private_key } = libssl();
  const { PEM_read_bio_PrivateKey, EVP_PKEY_free } = libcrypto();
  withPem(pem, (bio) => {
    const key = PEM_read_bio_PrivateKey(bio, null, null, NO_PASSPHRASE);
    if (key === null) throwReason();
    const used = SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    if (used !== 1 || SSL_CTX_check_private_key(context) !== 1) throwReason();
  });
}

/** Lets OpenSSL read a text. */
function withPem(pem: string, read: (bio: Pointer) => void): void {
  const { BIO_new_mem_buf, BIO_free } = libcrypto();
  const bytes = encoder.encode(pem);
  const bio = BIO_new_mem_buf(bytes, bytes.length);
  if (bio === null) throwReason();
  try {
    read(bio);
  } finally {
    BIO_free(bio);
    bytes.fill(0); // the key; also keeps the bytes alive until here
  }
}
