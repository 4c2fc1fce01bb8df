/**
 * Ends connections that Deno has closed and still holds: a write that waits for its peer (on 2.4), a TLS
 * handshake that the peer does not go on with. Such a socket would stay as long as the peer likes.
 *
 * In: the two addresses of a connection. Out: a shutdown of its socket, a moment later. Many are ended with
 * one walk over the descriptors: who opens thousands of handshakes must not cost a walk for each.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES, sockaddrPort } from "./sockaddr.ts";
import { isAt, sockets } from "./sockets.ts";

const SHUT_RDWR = 2;
/** Milliseconds between two walks at least. Measured: a walk over 10,000 sockets takes about 10 ms. */
const BETWEEN_WALKS = 200;

interface Ends {
  readonly local: Deno.NetAddr;
  readonly remote: Deno.NetAddr;
}

/** Ends connections of this process. */
export class ConnectionCutter {
  readonly #wanted = new Map<number, Ends[]>();
  readonly #sockaddr = new Uint8Array(SOCKADDR_BYTES);
  readonly #length = new Uint8Array(new Uint32Array([SOCKADDR_BYTES]).buffer);
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  /** Ends the connection between these two, in both directions. */
  cut(local: Deno.NetAddr, remote: Deno.NetAddr): void {
    const same = this.#wanted.get(remote.port);
    if (same === undefined) this.#wanted.set(remote.port, [{ local, remote }]);
    else same.push({ local, remote });
    this.#timer ??= setTimeout(() => this.walk(), BETWEEN_WALKS);
  }

  /** Ends now what was asked for. */
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
