/**
 * How long a peer's input is read and dropped after our last byte, so that the peer can read that.
 *
 * In: when our last byte was sent, and what came since. Out: whether to read now, later or no more. A
 * socket that is closed over unread input resets the connection, and with that the peer may lose an
 * answer that it has not read yet: an upload that was answered 413 has megabytes on their way. Used by
 * both transports and for the connections that the acceptor refused.
 *
 * The bounds: until the peer ends, has been silent for 5 s, or 30 s have passed, as nginx has it
 * (lingering_timeout, lingering_time). The first 16 MiB are read at once: the buffers of both kernels,
 * 4 and 6 MiB by default on Linux, so that a peer that stops sending is never kept from its answer.
 * Whoever goes on sending is read from at 16 MiB a second, some thousandths of a core.
 */

/** Milliseconds of silence. */
export const LINGER_SILENCE = 5_000;
/** Milliseconds in all. */
export const LINGER_TIME = 30_000;
/** Milliseconds that are left when the server stops. */
const LAST = 1_000;
/** Bytes that are read at once. */
export const LINGER_BURST = 16 * 1024 * 1024;
/** Bytes per millisecond after them. */
export const LINGER_RATE = 16 * 1024;

/** The end of one connection. Times are milliseconds of a clock that is never set back. */
export class Linger {
  #since: number;
  #heard: number;
  #received = 0;
  #latest = Infinity;

  /** @param now when our last byte was sent */
  constructor(now: number) {
    this.#since = now;
    this.#heard = now;
  }

  /** Our last byte was sent only now: its time begins anew. */
  restart(now: number): void {
    this.#since = now;
    this.#heard = now;
    this.#received = 0;
  }

  /** `count` bytes were read and dropped. */
  received(count: number, now: number): void {
    this.#received += count;
    this.#heard = now;
  }

  /** The server stops: it ends soon, whatever still comes. */
  hasten(now: number): void {
    this.#latest = Math.min(this.#latest, now + LAST);
  }

  /** When it is over if nothing more comes. */
  get end(): number {
    return Math.min(this.#since + LINGER_TIME, this.#heard + LINGER_SILENCE, this.#latest);
  }

  /** When more may be read; not after `now`: at once. */
  get readableAt(): number {
    return this.#since + (this.#received - LINGER_BURST) / LINGER_RATE;
  }
}
