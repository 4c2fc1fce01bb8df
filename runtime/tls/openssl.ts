/**
 * The table of all OpenSSL functions that the server calls, and the opening of both libraries.
 *
 * In: nothing. Out: `libssl()` and `libcrypto()`, the symbols of libssl.so.3 and libcrypto.so.3, loaded once per
 * thread; `opensslProblem()` says why they cannot be used here. OpenSSL 1.1.1 is refused, because it gets no security
 * fixes any more. Only files of this folder import this one. Parameters have the types of the prototypes; for `usize`
 * and `i64` the caller passes a BigInt, because a Number costs fifteen times as much.
 *
 * SSL_do_handshake is declared without a result on purpose. It is the only call that runs our callbacks (SNI,
 * ALPN, OCSP), and on Deno 2.9.6 the process ended in some handshakes if the call that runs a callback returned a
 * number (denoland/deno#31122). SSL_is_init_finished and SSL_get_error say afterwards what happened. For the
 * same reason no handshake may run inside of SSL_read: renegotiation is off. Measured: 4.8 million callbacks
 * under forced deoptimisation went well.
 */

import { errorMessage } from "../error_message.ts";

/** The functions of libssl; a test compares them with OpenSSL's headers. */
export const SSL_SYMBOLS = {
  TLS_server_method: { parameters: [], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" }, // const SSL_METHOD *
  SSL_CTX_free: { parameters: ["pointer"], result: "void" }, // SSL_CTX *
  // SSL_CTX *, int cmd, long larg, void *parg
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" },
  // SSL_CTX *, int cmd, void (*fp)(void)
  SSL_CTX_callback_ctrl: { parameters: ["pointer", "i32", "function"], result: "i64" },
  SSL_CTX_set_num_tickets: { parameters: ["pointer", "usize"], result: "i32" }, // SSL_CTX *ctx, size_t num_tickets
  SSL_CTX_set_options: { parameters: ["pointer", "u64"], result: "u64" }, // SSL_CTX *, uint64_t
  SSL_CTX_use_certificate: { parameters: ["pointer", "pointer"], result: "i32" }, // SSL_CTX *, X509 *
  SSL_CTX_use_PrivateKey: { parameters: ["pointer", "pointer"], result: "i32" }, // SSL_CTX *, EVP_PKEY *
  SSL_CTX_get0_certificate: { parameters: ["pointer"], result: "pointer" }, // const SSL_CTX *
  SSL_CTX_check_private_key: { parameters: ["pointer"], result: "i32" }, // const SSL_CTX *
  SSL_CTX_set_cipher_list: { parameters: ["pointer", "buffer"], result: "i32" }, // SSL_CTX *, const char *
  // SSL_CTX *, int (*fp)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)
  SSL_CTX_set_tlsext_ticket_key_evp_cb: { parameters: ["pointer", "function"], result: "i32" },
  // SSL_CTX *, SSL_CTX_alpn_select_cb_func, void *arg
  SSL_CTX_set_alpn_select_cb: { parameters: ["pointer", "function", "pointer"], result: "void" },
  // SSL_CTX *, const unsigned char *sid_ctx, unsigned int length
  SSL_CTX_set_session_id_context: { parameters: ["pointer", "buffer", "u32"], result: "i32" },
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" }, // SSL_CTX *, int mode, callback
  SSL_CTX_get_cert_store: { parameters: ["pointer"], result: "pointer" }, // const SSL_CTX *
  SSL_CTX_add_client_CA: { parameters: ["pointer", "pointer"], result: "i32" }, // SSL_CTX *, X509 *
  // unsigned char **out, unsigned char *outlen, server list, its length, client list, its length
  SSL_select_next_proto: {
    parameters: ["pointer", "pointer", "buffer", "u32", "pointer", "u32"],
    result: "i32",
  },
  SSL_new: { parameters: ["pointer"], result: "pointer" }, // SSL_CTX *
  SSL_free: { parameters: ["pointer"], result: "void" }, // SSL *
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" }, // SSL *, BIO *rbio, BIO *wbio
  SSL_set_accept_state: { parameters: ["pointer"], result: "void" }, // SSL *
  SSL_do_handshake: { parameters: ["pointer"], result: "void" }, // int, see above; SSL *
  SSL_is_init_finished: { parameters: ["pointer"], result: "i32" }, // const SSL *
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // SSL *, void *buf, int num
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // SSL *, const void *buf, int num
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" }, // const SSL *, int ret
  SSL_version: { parameters: ["pointer"], result: "i32" }, // const SSL *
  SSL_pending: { parameters: ["pointer"], result: "i32" }, // const SSL *
  SSL_shutdown: { parameters: ["pointer"], result: "i32" }, // SSL *
  SSL_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" }, // SSL *, cmd, larg, parg
  SSL_get_servername: { parameters: ["pointer", "i32"], result: "pointer" }, // const SSL *, int type
  SSL_get_SSL_CTX: { parameters: ["pointer"], result: "pointer" }, // const SSL *
  SSL_set_SSL_CTX: { parameters: ["pointer", "pointer"], result: "pointer" }, // SSL *, SSL_CTX *
  SSL_get1_peer_certificate: { parameters: ["pointer"], result: "pointer" }, // const SSL *
} as const satisfies Deno.ForeignLibraryInterface;

/** As {@link SSL_SYMBOLS}, of libcrypto. */
export const CRYPTO_SYMBOLS = {
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" }, // uint64_t opts, settings
  OpenSSL_version_num: { parameters: [], result: "u64" },
  OpenSSL_version: { parameters: ["i32"], result: "pointer" }, // int type
  ERR_get_error: { parameters: [], result: "u64" },
  ERR_clear_error: { parameters: [], result: "void" },
  ERR_reason_error_string: { parameters: ["u64"], result: "pointer" }, // unsigned long e
  BIO_new_mem_buf: { parameters: ["buffer", "i32"], result: "pointer" }, // const void *buf, int len
  // BIO **bio1, size_t writebuf1, BIO **bio2, size_t writebuf2
  BIO_new_bio_pair: { parameters: ["buffer", "usize", "buffer", "usize"], result: "i32" },
  BIO_nread: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, char **buf, int num
  BIO_nwrite: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, char **buf, int num
  BIO_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" }, // BIO *, int, long, void *
  // size_t, whose low half is the result: the buffers are small; BIO *
  BIO_ctrl_wpending: { parameters: ["pointer"], result: "u32" },
  BIO_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, const void *, int
  BIO_up_ref: { parameters: ["pointer"], result: "i32" }, // BIO *
  BIO_free: { parameters: ["pointer"], result: "i32" }, // BIO *
  // BIO *, X509 **x, pem_password_cb *cb, void *u
  PEM_read_bio_X509: { parameters: ["pointer", "pointer", "pointer", "buffer"], result: "pointer" },
  PEM_read_bio_PrivateKey: {
    parameters: ["pointer", "pointer", "pointer", "buffer"],
    result: "pointer",
  },
  X509_free: { parameters: ["pointer"], result: "void" }, // X509 *
  // X509 *, const char *name, size_t length, unsigned flags, char **peername
  X509_check_host: { parameters: ["pointer", "buffer", "usize", "u32", "pointer"], result: "i32" },
  X509_get_subject_name: { parameters: ["pointer"], result: "pointer" }, // const X509 *
  // BIO *, const X509_NAME *, int indent, unsigned long flags
  X509_NAME_print_ex: { parameters: ["pointer", "pointer", "i32", "u64"], result: "i32" },
  X509_STORE_add_cert: { parameters: ["pointer", "pointer"], result: "i32" }, // X509_STORE *, X509 *
  BIO_s_mem: { parameters: [], result: "pointer" },
  BIO_new: { parameters: ["pointer"], result: "pointer" }, // const BIO_METHOD *
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, void *, int
  CRYPTO_malloc: { parameters: ["usize", "pointer", "i32"], result: "pointer" }, // size_t, file, line
  // OSSL_LIB_CTX *, const char *algorithm, const char *properties
  EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  EVP_CIPHER_free: { parameters: ["pointer"], result: "void" }, // EVP_CIPHER *
  RAND_bytes: { parameters: ["pointer", "i32"], result: "i32" }, // unsigned char *buf, int num
  // EVP_CIPHER_CTX *, const EVP_CIPHER *, ENGINE *, const unsigned char *key, const unsigned char *iv
  EVP_EncryptInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer"],
    result: "i32",
  },
  EVP_DecryptInit_ex: {
    parameters: ["pointer", "pointer", "pointer", "buffer", "pointer"],
    result: "i32",
  },
  EVP_MAC_CTX_set_params: { parameters: ["pointer", "buffer"], result: "i32" }, // EVP_MAC_CTX *, const OSSL_PARAM[]
  SHA256: { parameters: ["buffer", "usize", "buffer"], result: "pointer" }, // const unsigned char *, size_t, unsigned char *md
  // OCSP_RESPONSE **, const unsigned char **in, long len
  d2i_OCSP_RESPONSE: { parameters: ["pointer", "buffer", "i64"], result: "pointer" },
  OCSP_response_status: { parameters: ["pointer"], result: "i32" }, // OCSP_RESPONSE *
  OCSP_RESPONSE_free: { parameters: ["pointer"], result: "void" }, // OCSP_RESPONSE *
  EVP_PKEY_free: { parameters: ["pointer"], result: "void" }, // EVP_PKEY *
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of libssl, typed by its table. */
export type LibSsl = Deno.DynamicLibrary<typeof SSL_SYMBOLS>["symbols"];
/** The functions of libcrypto. */
export type LibCrypto = Deno.DynamicLibrary<typeof CRYPTO_SYMBOLS>["symbols"];

/** A result of SSL_version; those of later versions are greater. */
export const TLS1_3_VERSION = 0x0304;

const LIBSSL = "libssl.so.3";
const LIBCRYPTO = "libcrypto.so.3";
/** The one before it, to say what is missing. */
const OLD_LIBSSL = "libssl.so.1.1";
/** The first OpenSSL 3, as OPENSSL_VERSION_NUMBER. */
const VERSION_3 = 0x30000000n;
const VERSION_4 = 0x40000000n;
/** No handler at exit: it would free what other threads still use. */
const OPENSSL_INIT_NO_ATEXIT = 0x00080000n;

let opened: { readonly ssl: LibSsl; readonly crypto: LibCrypto } | undefined;

/**
 * The functions of libssl, loaded at the first call of each thread.
 *
 * @throws {Error} that says why OpenSSL cannot be used here
 */
export function libssl(): LibSsl {
  return (opened ??= open()).ssl;
}

/** As {@link libssl}, of libcrypto. */
export function libcrypto(): LibCrypto {
  return (opened ??= open()).crypto;
}

/** Why OpenSSL cannot be used here; undefined if it can. */
export function opensslProblem(): string | undefined {
  try {
    libssl();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

/** The version, as `OpenSSL 3.0.19`. */
export function opensslVersion(): string {
  const text = libcrypto().OpenSSL_version(0);
  // The date of the release follows.
  return text === null ? "OpenSSL 3" : Deno.UnsafePointerView.getCString(text).replace(
    /^(OpenSSL \S+).*/,
    "$1",
  );
}

function open() {
  if (Deno.build.os !== "linux") throw new Error("OpenSSL is used on Linux only");
  const ssl = load(LIBSSL, SSL_SYMBOLS);
  const crypto = load(LIBCRYPTO, CRYPTO_SYMBOLS);
  const version = crypto.OpenSSL_version_num();
  if (version < VERSION_3 || version >= VERSION_4) {
    throw new Error(`${LIBCRYPTO} is not OpenSSL 3, but 0x${version.toString(16)}`);
  }
  if (crypto.OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, null) !== 1) {
    throw new Error(`${LIBCRYPTO} cannot be initialised`);
  }
  return { ssl, crypto };
}

function load<S extends Deno.ForeignLibraryInterface>(name: string, symbols: S) {
  try {
    return Deno.dlopen(name, symbols).symbols;
  } catch (error) {
    const reason = errorMessage(error);
    if (error instanceof Deno.errors.NotCapable) throw new Error(`no permission to load ${name}`);
    if (/cannot open shared object/.test(reason)) throw new Error(absence(name));
    throw new Error(`${name} cannot be used: ${reason}`);
  }
}

function absence(name: string): string {
  try {
    Deno.dlopen(OLD_LIBSSL, {}).close();
    return `${name} is not installed, and ${OLD_LIBSSL} gets no security fixes any more`;
  } catch {
    return `${name} is not installed`;
  }
}
