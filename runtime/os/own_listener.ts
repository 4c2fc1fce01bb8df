/**
 * A listening socket for connections within this process.
 *
 * In: nothing. Out: a Unix stream socket under an abstract name that the kernel has chosen (unix(7), "autobind"): it needs no
 * file, no port and no permission, and accept(2) never blocks. `connect` makes the client's end of a connection.
 */

import { libc } from "./libc.ts";
import { SOCKADDR_BYTES } from "./sockaddr.ts";
import { expectSuccess, result } from "./syscall.ts";
import { newUnixSocket } from "./unix_listener.ts";

const SOCK_NONBLOCK = 0x800;
/** An address of this length, the family alone, makes bind(2) choose a name. */
const FAMILY_BYTES = 2;
const AF_UNIX = 1;

/** A listening socket that only this process knows. */
export class OwnListener implements Disposable {
  readonly descriptor: number;
  readonly #address: Uint8Array<ArrayBuffer>;

  /** @throws {SystemError} if the kernel has no descriptor left */
  constructor(backlog: number) {
    this.descriptor = newUnixSocket(SOCK_NONBLOCK);
    try {
      const family = new Uint8Array(FAMILY_BYTES);
      family[0] = AF_UNIX;
      const bound = result(libc().bind(this.descriptor, family, FAMILY_BYTES));
      expectSuccess("bind", bound, this.descriptor);
      this.#address = ownAddress(this.descriptor);
      expectSuccess("listen", result(libc().listen(this.descriptor, backlog)), this.descriptor);
    } catch (error) {
      libc().close(this.descriptor);
      throw error;
    }
  }

  /** A new connection to it; the caller closes its end, which does not block. @throws {SystemError} */
  connect(): number {
    const client = newUnixSocket(SOCK_NONBLOCK);
    const connected = result(libc().connect(client, this.#address, this.#address.length));
    if (connected < 0) libc().close(client);
    expectSuccess("connect", connected, client);
    return client;
  }

  [Symbol.dispose](): void {
    libc().close(this.descriptor);
  }
}

function ownAddress(descriptor: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(SOCKADDR_BYTES);
  const length = new Uint32Array([SOCKADDR_BYTES]);
  const bytes = new Uint8Array(length.buffer);
  expectSuccess("getsockname", result(libc().getsockname(descriptor, address, bytes)), descriptor);
  return address.slice(0, length[0]);
}
