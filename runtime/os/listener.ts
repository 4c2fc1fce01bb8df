/**
 * A listening socket that outlives the `Deno.Listener` that bound it.
 *
 * In: a Deno listener; binding through Deno keeps its net permission, its errors and port 0. Out: a descriptor
 * of our own for the same socket; the Deno listener is closed. The socket is found as the one of this process
 * that has SO_ACCEPTCONN and the listener's local address. Called once, by the executor, on the main thread.
 * Measured: 1 ms.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { isAt, sockets } from "./sockets.ts";
import { expectSuccess, result } from "./syscall.ts";

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const F_DUPFD_CLOEXEC = 1030;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;
const FIRST_DESCRIPTOR = 3;

/**
 * Adopts the socket of `listener` and closes `listener`. The returned descriptor is listening, blocks in
 * accept, and passes TCP_NODELAY on to every connection.
 *
 * @param backlog connections that the kernel keeps before they are accepted, see listen(2)
 * @throws {SystemError} if a call failed, {TypeError} if no descriptor has that address
 */
export function adoptListener(listener: Deno.TcpListener, backlog: number): number {
  const found = findListening(listener.addr);
  const adopted = expectSuccess(
    "fcntl F_DUPFD_CLOEXEC",
    result(libc().fcntl(found, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)),
    found,
  );
  listener.close();
  setBlocking(adopted, true);
  // Accepted sockets inherit it, which saves a system call per connection.
  const on = new Uint8Array(new Int32Array([1]).buffer);
  const set = libc().setsockopt(adopted, IPPROTO_TCP, TCP_NODELAY, on, 4);
  expectSuccess("setsockopt TCP_NODELAY", result(set), adopted);
  expectSuccess("listen", result(libc().listen(adopted, backlog)), adopted);
  return adopted;
}

/** Makes accept on the descriptor block, or fail with EAGAIN if the backlog is empty. */
export function setBlocking(descriptor: number, blocking: boolean): void {
  const flags = blocking ? 0 : O_NONBLOCK;
  expectSuccess("fcntl F_SETFL", result(libc().fcntl(descriptor, F_SETFL, flags)), descriptor);
}

function findListening(address: Deno.NetAddr): number {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  for (const descriptor of sockets(true)) {
    if (isAt(libc().getsockname, descriptor, sockaddr, address)) return descriptor;
  }
  const { hostname, port } = address;
  throw new TypeError(`no descriptor of this process listens on ${hostname} port ${port}`);
}
