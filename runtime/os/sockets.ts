/**
 * Finds sockets of this process by walking over its descriptors: for sockets that Deno opened, whose
 * descriptors it does not tell.
 *
 * In: nothing. Out: descriptors, and whether a socket has a given address. For the start and for rare repairs:
 * a walk makes one system call per open descriptor.
 */

import { libc } from "./libc.ts";
import { canonicalHostname, SOCKADDR_BYTES, sockaddrHostname, sockaddrPort } from "./sockaddr.ts";

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const FIRST_DESCRIPTOR = 3;
const LAST_DESCRIPTOR = 1_048_576;
/** If this many numbers in a row are no sockets, the walk ends. */
const GAP = 4096;

/** The sockets that listen, or those that do not. The caller may close a yielded socket during the walk. */
export function* sockets(listening: boolean): Generator<number, void, undefined> {
  const value = new Int32Array(1);
  const bytes = new Uint8Array(value.buffer);
  const length = new Uint8Array(new Uint32Array([4]).buffer);
  const { getsockopt } = libc();
  let gap = 0;
  for (let descriptor = FIRST_DESCRIPTOR; descriptor < LAST_DESCRIPTOR && gap < GAP; descriptor++) {
    gap++;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, bytes, length) !== 0) continue;
    gap = 0;
    if ((value[0] === 1) === listening) yield descriptor;
  }
}

/** getsockname(2) or getpeername(2). */
export type AddressCall = (
  descriptor: number,
  sockaddr: Uint8Array<ArrayBuffer>,
  length: Uint8Array<ArrayBuffer>,
) => number;

/** Whether `call` returns this address for the socket; `sockaddr` is scratch of SOCKADDR_BYTES. */
export function isAt(
  call: AddressCall,
  descriptor: number,
  sockaddr: Uint8Array<ArrayBuffer>,
  address: Deno.NetAddr,
): boolean {
  const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  return call(descriptor, sockaddr, length) === 0 && sockaddrPort(sockaddr) === address.port &&
    sockaddrHostname(sockaddr) === canonicalHostname(address.hostname);
}
