/**
 * Encrypts and decrypts the session tickets of one thread (RFC 5077 section 4), with keys that all workers share.
 *
 * In: calls of C code, within SSL_do_handshake alone; OpenSSL has no other way to keep old keys. Out: ciphers that are
 * ready for it, and whether a ticket can be decrypted and should be renewed. It must not throw.
 */

import { TICKET_KEY_BYTES, type TicketKeys } from "../ring/mod.ts";
import { libcrypto, libssl, TLS1_3_VERSION } from "./openssl.ts";
import { throwReason } from "./openssl_error.ts";
import { addressOf, type Pointer } from "./tls_ring.ts";

const NAME_BYTES = 16;
const IV_BYTES = 16;
const HMAC_BYTES = 32;
// Results of the callback.
const FAILED = -1;
const UNKNOWN_KEY = 0;
const READY = 1;
const RENEW = 2;
// The layout of OSSL_PARAM: const char *key, unsigned type, void *data, size_t size, size_t returned.
const PARAM_BYTES = 40;
const OSSL_PARAM_UTF8_STRING = 4;
const OSSL_PARAM_OCTET_STRING = 5;

// SSL *, unsigned char key_name[16], unsigned char *iv, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int enc
const TICKET = {
  parameters: ["pointer", "pointer", "pointer", "pointer", "pointer", "i32"],
  result: "i32",
} as const satisfies Deno.UnsafeCallbackDefinition;

type Bytes = Uint8Array<ArrayBuffer>;

/** The callback of one thread. */
export class TicketCipher {
  readonly #keys: TicketKeys;
  readonly #callback: Deno.UnsafeCallback<typeof TICKET>;
  // ArrayBuffers of their own do not move.
  readonly #key = new Uint8Array(new ArrayBuffer(TICKET_KEY_BYTES));
  readonly #hmac = new Uint8Array(new ArrayBuffer(HMAC_BYTES));
  // Parts of the key.
  readonly #keyName = this.#key.subarray(0, NAME_BYTES);
  readonly #hmacKey = this.#key.subarray(NAME_BYTES, NAME_BYTES + HMAC_BYTES);
  readonly #aesKey = this.#key.subarray(NAME_BYTES + HMAC_BYTES);
  // EVP_aes_256_cbc() would be looked up again for each ticket.
  readonly #cipher = fetchCipher();
  readonly #texts = ["key", "digest", "SHA256"].map(cString);
  readonly #params = this.#makeParams();

  /** @throws {OpenSslError} if OpenSSL has no AES, by its configuration */
  constructor(keys: TicketKeys) {
    this.#keys = keys;
    this.#callback = new Deno.UnsafeCallback(
      TICKET,
      (ssl, name, iv, cipher, mac, isEncrypting) => {
        if (name === null || iv === null) return FAILED;
        const nameBytes = bytesAt(name, NAME_BYTES);
        return isEncrypting === 1
          ? this.#encrypt(nameBytes, iv, { cipher, mac })
          : this.#decrypt(nameBytes, iv, { ssl, cipher, mac });
      },
    );
  }

  /** For SSL_CTX_set_tlsext_ticket_key_evp_cb. */
  get pointer(): Pointer {
    return this.#callback.pointer;
  }

  /** No context that uses it may be left. */
  close(): void {
    this.#callback.close();
    libcrypto().EVP_CIPHER_free(this.#cipher);
  }

  #encrypt(name: Bytes, iv: Pointer, { cipher, mac }: Contexts): number {
    const { EVP_EncryptInit_ex, RAND_bytes } = libcrypto();
    this.#keys.read(0, this.#key);
    name.set(this.#keyName);
    if (RAND_bytes(iv, IV_BYTES) !== 1) return FAILED;
    const begun = EVP_EncryptInit_ex(cipher, this.#cipher, null, this.#aesKey, iv);
    return begun === 1 && this.#useHmac(mac) ? READY : FAILED;
  }

  #decrypt(name: Bytes, iv: Pointer, { ssl, cipher, mac }: DecryptionContexts): number {
    const { EVP_DecryptInit_ex } = libcrypto();
    const age = this.#find(name);
    if (age < 0) return UNKNOWN_KEY;
    const begun = EVP_DecryptInit_ex(cipher, this.#cipher, null, this.#aesKey, iv);
    if (begun !== 1 || !this.#useHmac(mac)) return FAILED;
    // RFC 8446 section C.4: a client should use a ticket once. Without a new one it has none for its next connection.
    return age === 0 && libssl().SSL_version(ssl) < TLS1_3_VERSION ? READY : RENEW;
  }

  /** Reads the key with this name; its age, or -1 if there is none. */
  #find(name: Bytes): number {
    for (let age = 0; age < this.#keys.size; age++) {
      this.#keys.read(age, this.#key);
      if (name.every((byte, i) => byte === this.#key[i])) return age;
    }
    return -1;
  }

  #useHmac(mac: Deno.PointerValue): boolean {
    this.#hmac.set(this.#hmacKey);
    return libcrypto().EVP_MAC_CTX_set_params(mac, this.#params) === 1;
  }

  /** OSSL_PARAM params[]: the key and the digest of the HMAC; all zeros end it. */
  #makeParams(): Bytes {
    const [keyName, digestName, digest] = this.#texts as [Bytes, Bytes, Bytes];
    const params = new DataView(new ArrayBuffer(3 * PARAM_BYTES));
    const set = (at: number, name: Bytes, type: number, data: Bytes, size: number) => {
      params.setBigUint64(at, BigInt(addressOfBytes(name)), true);
      params.setUint32(at + 8, type, true);
      params.setBigUint64(at + 16, BigInt(addressOfBytes(data)), true);
      params.setBigUint64(at + 24, BigInt(size), true);
    };
    set(0, keyName, OSSL_PARAM_OCTET_STRING, this.#hmac, HMAC_BYTES);
    set(PARAM_BYTES, digestName, OSSL_PARAM_UTF8_STRING, digest, digest.length - 1);
    return new Uint8Array(params.buffer);
  }
}

/** EVP_CIPHER_CTX * and EVP_MAC_CTX *. */
interface Contexts {
  readonly cipher: Deno.PointerValue;
  readonly mac: Deno.PointerValue;
}

/** With the SSL * of the ticket's client. */
interface DecryptionContexts extends Contexts {
  readonly ssl: Deno.PointerValue;
}

function bytesAt(pointer: Pointer, length: number): Bytes {
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length));
}

function addressOfBytes(bytes: Bytes): number {
  const pointer = Deno.UnsafePointer.of(bytes);
  return pointer === null ? 0 : addressOf(pointer);
}

/** AES-256-CBC; the caller frees it. */
function fetchCipher(): Pointer {
  const cipher = libcrypto().EVP_CIPHER_fetch(null, cString("AES-256-CBC"), null);
  if (cipher === null) throwReason();
  return cipher;
}

/** A text that ends in a zero byte, in memory of its own. */
function cString(text: string): Bytes {
  const bytes = new Uint8Array(new ArrayBuffer(text.length + 1));
  new TextEncoder().encodeInto(text, bytes);
  return bytes;
}
