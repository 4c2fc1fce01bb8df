/**
 * How much of other workers' sessions one worker passes on in a second.
 *
 * In: each message, with its session and the time. Out: whether it may be passed on. What is passed on is in the feed of all workers:
 * one session must not fill it, and all of them together must not either.
 */

const SECOND = 1_000;

/** The bounds, for one second. */
export interface TransferBounds {
  /** Messages of one session. */
  readonly messages: number;
  /** Bytes of one session; one message may have more. */
  readonly sessionBytes: number;
  /** Bytes of all sessions; one message may have more. */
  readonly bytes: number;
}

interface Count {
  messages: number;
  bytes: number;
}

/** The rate of one worker. */
export class TransferRate {
  readonly #bounds: TransferBounds;
  /** Those of this second: at most as many as messages were passed on in it. */
  readonly #bySession = new Map<string, Count>();
  #since = -Infinity;
  #bytes = 0;

  constructor(bounds: TransferBounds) {
    this.#bounds = bounds;
  }

  /** Counts a message at `now`, in milliseconds, unless it is too much. */
  admit(session: string, bytes: number, now: number): boolean {
    if (now - this.#since >= SECOND) {
      this.#since = now;
      this.#bytes = 0;
      this.#bySession.clear();
    }
    const before = this.#bySession.get(session) ?? { messages: 0, bytes: 0 };
    const { messages, sessionBytes, bytes: all } = this.#bounds;
    const isFirst = before.messages === 0;
    if (before.messages >= messages || (!isFirst && before.bytes + bytes > sessionBytes)) {
      return false;
    }
    if (this.#bytes > 0 && this.#bytes + bytes > all) return false;
    this.#bytes += bytes;
    this.#bySession.set(session, { messages: before.messages + 1, bytes: before.bytes + bytes });
    return true;
  }
}
