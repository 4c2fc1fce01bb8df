/**
 * Connections that were told 503, until their peers have read it.
 *
 * In: descriptors to which everything was said. Out: their ends. A socket that is closed before the peer has sent
 * all is reset, and with that the peer may lose the answer that it has not read yet, or fail to send the rest
 * of its request; so what comes is read away, for a while (net/linger.ts). Bounded: beyond so many the oldest
 * goes at once.
 */

import { Linger } from "../net/mod.ts";
import { EAGAIN, type Os } from "../os/mod.ts";

/** Connections that are listened to at once. */
export const MOST_REFUSED = 256;
/** Milliseconds between two looks at them: most are gone by the first. */
export const LOOK = 20;
/** Reads of one connection in one look, so that none of them keeps the acceptor. */
const READS = 4;
const READ_BYTES = 64 * 1024;

interface Refused {
  readonly descriptor: number;
  readonly linger: Linger;
}

/** What the acceptor has refused and not closed yet. */
export class RefusedConnections {
  readonly #os: Pick<Os, "recv" | "close" | "monotonicMilliseconds">;
  readonly #scratch = new Uint8Array(READ_BYTES);
  // Oldest first.
  #open: Refused[] = [];
  #lookedAt = -Infinity;

  constructor(os: Pick<Os, "recv" | "close" | "monotonicMilliseconds">) {
    this.#os = os;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.length;
  }

  /** One more: what it was to be told is sent, and its end too. */
  add(descriptor: number): void {
    const oldest = this.#open.length < MOST_REFUSED ? undefined : this.#open.shift();
    if (oldest !== undefined) this.#close(oldest);
    this.#open.push({ descriptor, linger: new Linger(this.#os.monotonicMilliseconds()) });
  }

  /** Looks at all if the last look is long enough ago, and closes those whose time is over. */
  look(): void {
    const now = this.#os.monotonicMilliseconds();
    if (now - this.#lookedAt < LOOK) return;
    this.#lookedAt = now;
    this.#open = this.#open.filter((refused) => {
      if (this.#readAway(refused, now) && now < refused.linger.end) return true;
      this.#os.close(refused.descriptor);
      return false;
    });
  }

  /** Closes all: there is nobody to look at them any more, or no descriptor left for others. */
  closeAll(): void {
    for (const refused of this.#open.splice(0)) this.#close(refused);
  }

  #close(refused: Refused): void {
    this.#readAway(refused, this.#os.monotonicMilliseconds());
    this.#os.close(refused.descriptor);
  }

  /** Whether more may come. */
  #readAway({ descriptor, linger }: Refused, now: number): boolean {
    for (let i = 0; i < READS && linger.readableAt <= now; i++) {
      const received = this.#os.recv(descriptor, this.#scratch, READ_BYTES);
      if (received === -EAGAIN) return true;
      if (received <= 0) return false;
      linger.received(received, now);
    }
    return true;
  }
}
