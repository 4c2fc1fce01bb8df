/**
 * Where OpenSSL puts the ciphertext of all connections of one worker: the memory of a BIO pair.
 *
 * In: the calls of OpenSSL that write. Out: `bytes[0, take())`, valid until the next such call. The ring is
 * emptied after every call that may write, so it never holds the bytes of two connections, its content always
 * begins at its first byte, and a call always finds room. So no write of OpenSSL is ever repeated.
 */

import { libcrypto } from "./openssl.ts";
import { throwReason } from "./openssl_error.ts";

/** Most plaintext of one SSL_write: eight records of RFC 8446 section 5.1. */
export const PLAINTEXT_BYTES = 8 * 16 * 1024;
/** Its ciphertext is 22 bytes longer for each record; the rest is room for alerts, tickets and KeyUpdate. */
const RING_BYTES = PLAINTEXT_BYTES + 32 * 1024;
/** The other direction is not used. */
const UNUSED_BYTES = 16;

/** A pointer that is not NULL. */
export type Pointer = Exclude<Deno.PointerValue, null>;

/** The ciphertext of one worker. */
export class TlsRing {
  /** The memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The end into which OpenSSL writes. */
  readonly writer: Pointer;
  readonly #reader: Pointer;
  readonly #crypto = libcrypto();
  // BIO_nread stores an address here, which is always that of the first byte.
  readonly #address = new BigUint64Array(1);
  readonly #addressBytes = new Uint8Array(this.#address.buffer);

  /** @throws {OpenSslError} if there is no memory */
  constructor() {
    const { BIO_new_bio_pair, BIO_write } = this.#crypto;
    const ends = [new BigUint64Array(1), new BigUint64Array(1)] as const;
    const [writer, reader] = ends.map((end) => new Uint8Array(end.buffer)) as [
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>,
    ];
    const made = BIO_new_bio_pair(writer, BigInt(RING_BYTES), reader, BigInt(UNUSED_BYTES));
    if (made !== 1) throwReason();
    this.writer = pointerAt(ends[0][0]!);
    this.#reader = pointerAt(ends[1][0]!);
    // One byte in and out shows where the memory is.
    BIO_write(this.writer, new Uint8Array(1), 1);
    this.take();
    const first = pointerAt(this.#address[0]!);
    this.bytes = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(first, RING_BYTES));
  }

  /** The addresses of both ends. */
  get addresses(): readonly [number, number] {
    return [addressOf(this.writer), addressOf(this.#reader)];
  }

  /** Frees both ends; connections that still refer to it keep their end alive. */
  free(): void {
    this.#crypto.BIO_free(this.writer);
    this.#crypto.BIO_free(this.#reader);
  }

  /** Empties the ring; the result is the number of bytes at its beginning, which stay valid until the next write. */
  take(): number {
    const count = this.#crypto.BIO_nread(this.#reader, this.#addressBytes, RING_BYTES);
    return count > 0 ? count : 0;
  }
}

/** The address of a pointer as a number, which is exact: user space has 47 bits, or 56. */
export function addressOf(pointer: Pointer): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

/** The pointer with this address. @throws {TypeError} if it is 0 */
export function pointerAt(address: bigint): Pointer {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new TypeError("OpenSSL returned NULL");
  return pointer;
}
