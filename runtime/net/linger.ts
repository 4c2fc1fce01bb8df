/**
 * How long a peer's input is read and discarded after our last byte, so that the peer can read that byte.
 *
 * In: when our last byte was sent, and what was received since. Out: whether to read now, later or no more.
 * Closing a socket with unread input resets the connection, and the peer may lose an answer that it has not
 * read yet: a client whose upload was answered 413 is still sending megabytes. Used by both transports, and for
 * the connections that the acceptor refused.
 *
 * Lingering ends when the peer ends, after 5 s of silence, or after 30 s in all, as in nginx
 * (lingering_timeout, lingering_time). The first 16 MiB are read at once. That is more than the buffers of both
 * kernels hold (4 and 6 MiB by default on Linux), so a peer that stops sending always gets its answer. Beyond
 * that, input is read at 16 MiB a second, which costs some thousandths of a core.
 */

/** Milliseconds of silence after which lingering ends. */
export const LINGER_SILENCE = 5_000;
/** Milliseconds after which lingering ends in any case. */
export const LINGER_TIME = 30_000;
/** Milliseconds that are left once the server stops. */
const STOP_TIME = 1_000;
/** Bytes that are read without a rate limit. */
export const LINGER_BURST = 16 * 1024 * 1024;
/** Bytes per millisecond after the first {@link LINGER_BURST}. */
export const LINGER_RATE = 16 * 1024;

/** The end of one connection. Times are milliseconds of a clock that is never set back. */
export class Linger {
  #since: number;
  #lastReceived: number;
  #received = 0;
  #latest = Infinity;

  /** @param now when our last byte was sent */
  constructor(now: number) {
    this.#since = now;
    this.#lastReceived = now;
  }

  /** Our last byte was sent only now: the time starts again. */
  restart(now: number): void {
    this.#since = now;
    this.#lastReceived = now;
    this.#received = 0;
  }

  /** `count` bytes were read and dropped. */
  received(count: number, now: number): void {
    this.#received += count;
    this.#lastReceived = now;
  }

  /** The server stops: lingering ends soon, even if input still arrives. */
  hasten(now: number): void {
    this.#latest = Math.min(this.#latest, now + STOP_TIME);
  }

  /** When lingering ends if nothing more is received. */
  get end(): number {
    return Math.min(this.#since + LINGER_TIME, this.#lastReceived + LINGER_SILENCE, this.#latest);
  }

  /** When more may be read; a time that has passed means at once. */
  get readableAt(): number {
    return this.#since + (this.#received - LINGER_BURST) / LINGER_RATE;
  }
}
