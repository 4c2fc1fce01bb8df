/**
 * Later messages of streams that nothing can be done with yet, because a server hands over to another one.
 *
 * In: messages, each with its session, which is on its way from here or to here. Out: those of a session, in their order, once it has
 * arrived or stays. They are few, and short: what has no room is refused.
 */

import type { HeldBytes } from "./held_bytes.ts";

/** What holding a message costs, beside its bytes. */
const OVERHEAD = 64;

/** The messages of one worker. */
export class WaitingMessages {
  readonly #held: HeldBytes;
  readonly #bySession = new Map<string, Uint8Array[]>();

  /** @param held the bound */
  constructor(held: HeldBytes) {
    this.#held = held;
  }

  /** The sessions that have some. */
  get sessions(): readonly string[] {
    return [...this.#bySession.keys()];
  }

  /** One more message, which belongs to this from now on. Returns false if there is no room for it. */
  add(session: string, message: Uint8Array): boolean {
    if (!this.#held.hold(message.length + OVERHEAD)) return false;
    const others = this.#bySession.get(session);
    if (others === undefined) this.#bySession.set(session, [message]);
    else others.push(message);
    return true;
  }

  /** Takes those of a session: they wait no more. */
  take(session: string): readonly Uint8Array[] {
    const messages = this.#bySession.get(session) ?? [];
    this.#bySession.delete(session);
    for (const { length } of messages) this.#held.release(length + OVERHEAD);
    return messages;
  }
}
