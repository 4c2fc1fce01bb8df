/**
 * The HTTP sessions of one worker that serve no connection now.
 *
 * In: sessions whose connection is over. Out: sessions for new connections, the last one first, as its memory is
 * still in the processor's cache. A session is a dozen objects: a connection that comes, asks once and goes would
 * leave all of them as garbage. The session resets itself, and it does not come back if a handler, a guard or the
 * loop may still call it.
 */

import type { HttpSession } from "./http_session.ts";

/**
 * Sessions that are kept. Connections that ask once are over before the next few are taken; after a crowd of
 * others has left, its sessions are garbage.
 */
const MAX_SPARES = 64;

/** Spare sessions of one context. */
export class HttpSessionPool {
  readonly #spares: HttpSession[] = [];

  /** A spare session, if there is one; the caller attaches it to a connection. */
  take(): HttpSession | undefined {
    return this.#spares.pop();
  }

  /** Takes back a session to which nothing refers any more. */
  give(session: HttpSession): void {
    if (this.#spares.length < MAX_SPARES) this.#spares.push(session);
  }
}
