/**
 * The newest messages for the subscriptions of one slow client: each takes the place of the one before.
 *
 * In: messages that were not sent, because the client has not read what was sent before. Out: the newest of each subscription, once
 * the client has read. Messages are shared by many clients, and kept by reference; they count with their whole length for each.
 * Made only for a client that was slow once.
 */

import type { Sized } from "./client_link.ts";
import type { HeldBytes } from "./held_bytes.ts";
import type { Subscription } from "./subscription.ts";

/** The messages of one client. */
export class NewestMessages {
  readonly #bytes: HeldBytes;
  readonly #all: HeldBytes;
  readonly #messages = new Map<Subscription, Sized>();

  /**
   * @param bytes the bound of this client
   * @param all the bound of all clients of the worker
   */
  constructor(bytes: HeldBytes, all: HeldBytes) {
    this.#bytes = bytes;
    this.#all = all;
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  /** Keeps a message instead of the one before. Returns false if there is no room: then none is kept. */
  keep(subscription: Subscription, message: Sized): boolean {
    this.drop(subscription);
    const { length } = message;
    if (!this.#bytes.hold(length)) return false;
    if (!this.#all.hold(length)) {
      this.#bytes.release(length);
      return false;
    }
    this.#messages.set(subscription, message);
    subscription.isBehind = true;
    return true;
  }

  /** Forgets the message of a subscription, if there is one. */
  drop(subscription: Subscription): void {
    const message = this.#messages.get(subscription);
    if (message === undefined) return;
    this.#messages.delete(subscription);
    subscription.isBehind = false;
    this.#bytes.release(message.length);
    this.#all.release(message.length);
  }

  /** The client has read: all are passed to it again, the one that waits longest first. */
  send(): void {
    for (const [subscription, message] of [...this.#messages]) {
      // Sending one may have ended the client.
      if (!this.#messages.has(subscription)) continue;
      this.drop(subscription);
      subscription.receive(message);
    }
  }
}
