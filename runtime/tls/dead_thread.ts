/**
 * Frees what a thread that has died left behind in OpenSSL: 10 KiB for each connection.
 *
 * In: the addresses that the thread recorded by a PointerKeeper. Out: their memory is free. Called by the main
 * thread when the other one runs no more. Connections first: they refer to the rest.
 */

import { libcrypto, libssl } from "./openssl.ts";
import { pointerAt } from "./tls_ring.ts";

/** Both ends of a TlsRing come first. */
const RING_ENDS = 2;

/** Frees a connection. */
export function freeConnection(address: number): void {
  libssl().SSL_free(pointerAt(BigInt(address)));
}

/** Frees what belongs to the thread: its ring, then its contexts. */
export function freeOwn(addresses: Iterable<number>): void {
  let index = 0;
  for (const address of addresses) {
    const pointer = pointerAt(BigInt(address));
    if (index++ < RING_ENDS) libcrypto().BIO_free(pointer);
    else libssl().SSL_CTX_free(pointer);
  }
}
