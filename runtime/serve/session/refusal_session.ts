/**
 * The session of a connection above the connection limit: it was answered, and its input is ignored.
 *
 * In: nothing. Out: the end of the connection, at the latest at the transport's own deadlines.
 */

import type { Session, Transport } from "../../net/mod.ts";

/** Waits for the transport to finish. */
export class RefusalSession implements Session {
  readonly directBytes = new Uint8Array(0);
  readonly directStart = 0;
  readonly directEnd = 0;
  readonly heldBytes = 0;
  readonly heldSince = 0;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  receive(): void {}
  receiveEnd(): void {}
  drained(): void {}
  closed(): void {}
  receivedDirect(): void {}

  deadline(): void {
    this.#transport.abort();
  }

  drain(): void {
    this.#transport.abort();
  }

  wantsDirect(): boolean {
    return false;
  }

  shed(): void {
    this.#transport.abort();
  }
}
