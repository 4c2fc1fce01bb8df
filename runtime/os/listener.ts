/**
 * A listening socket that outlives the `Deno.Listener` that bound it.
 *
 * In: a Deno listener, which brings Deno's net permission, its errors and port 0.
 * Out: a descriptor of our own of the same socket, the Deno listener closed. The socket is found as
 * the one of this process that has SO_ACCEPTCONN and the listener's local address.
 * Called once, by the executor, on the main thread. Measured: 1 ms.
 */

import { libc } from "./libc.ts";
import { canonicalHostname, SOCKADDR_BYTES, sockaddrHostname, sockaddrPort } from "./sockaddr.ts";
import { expectSuccess, result } from "./syscall.ts";

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const F_DUPFD_CLOEXEC = 1030;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;
const FIRST_DESCRIPTOR = 3;
// The listener was opened just now: it has the lowest number that was free.
const LAST_DESCRIPTOR = 4096;

/**
 * Takes the socket of `listener` over: the answer is listening, blocks in accept, and hands
 * TCP_NODELAY to every connection; `listener` is closed.
 *
 * @param backlog connections that the kernel keeps before they are accepted, see listen(2)
 * @throws {SystemError} where a call failed, {TypeError} where no descriptor has that address
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
  // Inherited by what is accepted: no system call for it on each connection.
  const on = new Uint8Array(new Int32Array([1]).buffer);
  const set = libc().setsockopt(adopted, IPPROTO_TCP, TCP_NODELAY, on, 4);
  expectSuccess("setsockopt TCP_NODELAY", result(set), adopted);
  expectSuccess("listen", result(libc().listen(adopted, backlog)), adopted);
  return adopted;
}

/** Makes accept on the descriptor block, or answer EAGAIN where nobody is waiting. */
export function setBlocking(descriptor: number, blocking: boolean): void {
  const flags = blocking ? 0 : O_NONBLOCK;
  expectSuccess("fcntl F_SETFL", result(libc().fcntl(descriptor, F_SETFL, flags)), descriptor);
}

function findListening(address: Deno.NetAddr): number {
  const sockaddr = new Uint8Array(SOCKADDR_BYTES);
  const hostname = canonicalHostname(address.hostname);
  for (let descriptor = FIRST_DESCRIPTOR; descriptor <= LAST_DESCRIPTOR; descriptor++) {
    if (!isListening(descriptor)) continue;
    const length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
    if (libc().getsockname(descriptor, sockaddr, length) !== 0) continue;
    if (sockaddrPort(sockaddr) !== address.port) continue;
    if (sockaddrHostname(sockaddr) === hostname) return descriptor;
  }
  throw new TypeError(`no descriptor of this process listens on ${hostname} port ${address.port}`);
}

function isListening(descriptor: number): boolean {
  const value = new Int32Array(1);
  const length = new Uint8Array(new Uint32Array([4]).buffer);
  const bytes = new Uint8Array(value.buffer);
  const answered = libc().getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, bytes, length);
  return answered === 0 && value[0] === 1;
}
