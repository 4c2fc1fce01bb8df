/**
 * Connections that were answered 503, kept open until their peers have read the answer.
 *
 * In: descriptors on which the answer and the end of stream were sent. Out: closed descriptors. Closing a
 * socket before its peer has sent everything resets the connection: the peer may lose an answer that it has not
 * read yet, or fail to send the rest of its request. So its input is read and discarded for a while
 * (net/linger.ts). The number is limited: beyond the limit the oldest is closed at once.
 */

import { MAX_REFUSED } from "../config/mod.ts";
import { Linger } from "../net/mod.ts";
import { EAGAIN, type Os } from "../os/mod.ts";

/** Milliseconds between two polls: most peers have ended by the first one. */
export const POLL_INTERVAL = 20;
/** Reads of one connection per poll, so that no connection holds up the acceptor. */
const READS = 4;
const READ_BYTES = 64 * 1024;

interface Refused {
  readonly descriptor: number;
  readonly linger: Linger;
}

/** The refused connections that are not closed yet; one per acceptor. */
export class RefusedConnections {
  readonly #os: Pick<Os, "recv" | "close" | "monotonicMilliseconds">;
  readonly #scratch = new Uint8Array(READ_BYTES);
  // Oldest first.
  #open: Refused[] = [];
  #polledAt = -Infinity;

  constructor(os: Pick<Os, "recv" | "close" | "monotonicMilliseconds">) {
    this.#os = os;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.length;
  }

  /** Adds a connection whose answer and end of stream were sent. */
  add(descriptor: number): void {
    const oldest = this.#open.length < MAX_REFUSED ? undefined : this.#open.shift();
    if (oldest !== undefined) this.#close(oldest);
    this.#open.push({ descriptor, linger: new Linger(this.#os.monotonicMilliseconds()) });
  }

  /** Reads from all of them if the last poll is long enough ago, and closes those whose time is over. */
  poll(): void {
    const now = this.#os.monotonicMilliseconds();
    if (now - this.#polledAt < POLL_INTERVAL) return;
    this.#polledAt = now;
    this.#open = this.#open.filter((refused) => {
      if (this.#discardInput(refused, now) && now < refused.linger.end) return true;
      this.#os.close(refused.descriptor);
      return false;
    });
  }

  /** Closes all: the acceptor ends, or there is no descriptor left for new connections. */
  closeAll(): void {
    for (const refused of this.#open.splice(0)) this.#close(refused);
  }

  #close(refused: Refused): void {
    this.#discardInput(refused, this.#os.monotonicMilliseconds());
    this.#os.close(refused.descriptor);
  }

  /** Reads and discards; whether more input may come. */
  #discardInput({ descriptor, linger }: Refused, now: number): boolean {
    for (let i = 0; i < READS && linger.readableAt <= now; i++) {
      const received = this.#os.recv(descriptor, this.#scratch, READ_BYTES);
      if (received === -EAGAIN) return true;
      if (received <= 0) return false;
      linger.received(received, now);
    }
    return true;
  }
}
