/**
 * Shuts down connections that Deno has closed but still holds: a write that waits for its peer (on 2.4), or a
 * TLS handshake that the peer does not complete. Otherwise such a socket would stay open as long as the peer
 * likes.
 *
 * In: the two addresses of a connection. Out: a shutdown(2) of its socket, a moment later. One walk over the
 * descriptors ends many connections, so that a client that opens thousands of handshakes does not cost one walk
 * each.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES, sockaddrPort } from "./sockaddr.ts";
import { isAt, sockets } from "./sockets.ts";

const SHUT_RDWR = 2;
/** Minimum of milliseconds between two walks. Measured: a walk over 10,000 sockets takes about 10 ms. */
const BETWEEN_WALKS = 200;

interface Ends {
  readonly local: Deno.NetAddr;
  readonly remote: Deno.NetAddr;
}

/** Shuts down connections of this process. */
export class ConnectionCutter {
  readonly #wanted = new Map<number, Ends[]>();
  readonly #sockaddr = new Uint8Array(SOCKADDR_BYTES);
  readonly #length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  /** Requests the shutdown of the connection between these two addresses, in both directions. */
  cut(local: Deno.NetAddr, remote: Deno.NetAddr): void {
    const same = this.#wanted.get(remote.port);
    if (same === undefined) this.#wanted.set(remote.port, [{ local, remote }]);
    else same.push({ local, remote });
    this.#timer ??= setTimeout(() => this.walk(), BETWEEN_WALKS);
  }

  /** Shuts down the requested connections now. */
  walk(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#wanted.size === 0) return;
    for (const descriptor of sockets(false)) {
      if (this.#isWanted(descriptor)) libc().shutdown(descriptor, SHUT_RDWR);
    }
    this.#wanted.clear();
  }

  #isWanted(descriptor: number): boolean {
    this.#length[0] = SOCKADDR_BYTES; // in and out: the kernel wrote the real length
    if (libc().getpeername(descriptor, this.#sockaddr, this.#length) !== 0) return false;
    const candidates = this.#wanted.get(sockaddrPort(this.#sockaddr));
    return candidates !== undefined && candidates.some(({ local, remote }) => {
      return isAt(libc().getpeername, descriptor, this.#sockaddr, remote) &&
        isAt(libc().getsockname, descriptor, this.#sockaddr, local);
    });
  }
}
