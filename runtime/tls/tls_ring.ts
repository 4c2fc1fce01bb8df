/**
 * Where OpenSSL reads and writes the ciphertext of all connections of one worker: the memory of a BIO pair.
 *
 * In: bytes that were received, put into `input` and committed; and the calls of OpenSSL that read or write. Out:
 * ciphertext to be sent in `bytes[0, take())`, valid until the next such call, and the part of the input that a
 * connection has not read, in `unreadInput()`. The caller empties both directions after every call that may use
 * them. So the ring never holds the bytes of two connections, the content always begins at its first byte, and a
 * call always finds room: no write of OpenSSL is ever repeated.
 *
 * OpenSSL does not read from sockets by itself, because it would go on as long as there are records without
 * data. Here it finds no more than what was committed.
 */

import { libcrypto } from "./openssl.ts";
import { throwReason } from "./openssl_error.ts";

/** Most plaintext of one SSL_write: eight records of RFC 8446 section 5.1. */
export const PLAINTEXT_BYTES = 8 * 16 * 1024;
/** Its ciphertext is 22 bytes longer for each record; the rest is room for alerts, tickets and KeyUpdate. */
const RING_BYTES = PLAINTEXT_BYTES + 32 * 1024;
/** Received at once: four records, so that a large body costs one system call for each 64 KiB. */
const INPUT_BYTES = 64 * 1024;
/** The command of BIO_ctrl that empties one end. */
const BIO_CTRL_RESET = 1;

type Bytes = Uint8Array<ArrayBuffer>;

/** A pointer that is not NULL. */
export type Pointer = Exclude<Deno.PointerValue, null>;

/** The ciphertext of one worker. */
export class TlsRing {
  /** What OpenSSL has written. */
  readonly bytes: Bytes;
  /** What was received; see {@link commit}. */
  readonly input: Bytes;
  /** The end that OpenSSL uses. */
  readonly inner: Pointer;
  readonly #outer: Pointer;
  readonly #crypto = libcrypto();
  // BIO_nread and BIO_nwrite store an address here, which is always that of the first byte.
  readonly #address = new BigUint64Array(1);
  readonly #addressBytes = new Uint8Array(this.#address.buffer);
  // Bytes of the input since it was empty; 0: it is empty.
  #committed = 0;

  /** @throws {OpenSslError} if there is no memory */
  constructor() {
    const { BIO_new_bio_pair, BIO_write } = this.#crypto;
    const ends = [new BigUint64Array(1), new BigUint64Array(1)] as const;
    const [inner, outer] = ends.map((end) => new Uint8Array(end.buffer)) as [Bytes, Bytes];
    const made = BIO_new_bio_pair(inner, BigInt(RING_BYTES), outer, BigInt(INPUT_BYTES));
    if (made !== 1) throwReason();
    this.inner = pointerAt(ends[0][0]!);
    this.#outer = pointerAt(ends[1][0]!);
    // One byte in and out shows where the memory is.
    BIO_write(this.inner, new Uint8Array(1), 1);
    this.take();
    this.bytes = this.#memory(RING_BYTES);
    this.commit(1);
    this.dropInput();
    this.input = this.#memory(INPUT_BYTES);
  }

  /** The addresses of both ends. */
  get addresses(): readonly [number, number] {
    return [addressOf(this.inner), addressOf(this.#outer)];
  }

  /** Frees both ends; connections that still refer to it keep their end alive. */
  free(): void {
    this.#crypto.BIO_free(this.inner);
    this.#crypto.BIO_free(this.#outer);
  }

  /** Empties the ring; the result is the number of bytes at its beginning, which stay valid until the next write. */
  take(): number {
    const count = this.#crypto.BIO_nread(this.#outer, this.#addressBytes, RING_BYTES);
    return count > 0 ? count : 0;
  }

  /** OpenSSL may read `input[0, count)`. The input must be empty before. */
  commit(count: number): void {
    this.#crypto.BIO_nwrite(this.#outer, this.#addressBytes, count);
    this.#committed = count;
  }

  /** How many bytes of the input OpenSSL has not read. */
  get unread(): number {
    if (this.#committed === 0) return 0;
    const count = this.#crypto.BIO_ctrl_wpending(this.#outer);
    if (count === 0) this.#committed = 0;
    return count;
  }

  /** Those bytes; valid until the next commit. */
  unreadInput(): Bytes {
    const { unread } = this;
    return this.input.subarray(this.#committed - unread, this.#committed);
  }

  /** Empties the input. */
  dropInput(): void {
    if (this.#committed === 0) return;
    this.#crypto.BIO_ctrl(this.#outer, BIO_CTRL_RESET, 0n, null);
    this.#committed = 0;
  }

  /** The memory at the address that was stored last. */
  #memory(length: number): Bytes {
    const first = pointerAt(this.#address[0]!);
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(first, length));
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
