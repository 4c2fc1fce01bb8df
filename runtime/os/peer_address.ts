/**
 * The address of a connected socket's peer, for a connection that this process has not accepted itself.
 *
 * In: a descriptor. Out: what accept4(2) would have filled: see sockaddr.ts.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";

/** The sockaddr of the peer; of family 0 if there is no peer any more. */
export function peerSockaddr(descriptor: number): Uint8Array {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  libc().getpeername(descriptor, sockaddr, length); // a failure leaves it empty
  return sockaddr;
}
