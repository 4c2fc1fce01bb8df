/**
 * The newest messages for the channels of one slow client: each takes the place of the one before.
 *
 * In: messages that were not sent, because the client has not read what was sent before. Out: the newest of each channel, once
 * the client has read. Messages are shared by many clients, and kept by reference; they count with their whole length for each.
 * Made only for a client that was slow once.
 */

import { NEVER } from "../../net/mod.ts";
import type { Sized } from "./client_link.ts";
import { HeldBytes } from "./held_bytes.ts";

/** Milliseconds after which it is looked whether the client has read, in case there is no event. */
const RECHECK = 1_000;

/** One channel of the client. */
export interface NewestReceiver<Message extends Sized> {
  /** Whether a message waits until the client reads. */
  isBehind: boolean;
  /** Gets it then. */
  receive(message: Message): void;
}

/** The messages of one client. */
export class NewestMessages<Message extends Sized> {
  /** When {@link onTime} is to be called, in the loop's milliseconds. */
  wakeAt = NEVER;
  readonly #bytes: HeldBytes;
  readonly #all: HeldBytes;
  readonly #messages = new Map<NewestReceiver<Message>, Message>();

  /**
   * @param slowBytes a client that has not read so many is slow
   * @param all the bound of all clients of the worker
   */
  constructor(slowBytes: number, all: HeldBytes) {
    // Half of it: so that all messages can be sent once the client has read.
    this.#bytes = new HeldBytes(slowBytes / 2);
    this.#all = all;
  }

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#messages.size === 0;
  }

  /** Keeps a message instead of the one before, now. Returns false if there is no room: then none is kept. */
  keep(receiver: NewestReceiver<Message>, message: Message, now: number): boolean {
    this.drop(receiver);
    const { length } = message;
    if (!this.#bytes.hold(length)) return false;
    if (!this.#all.hold(length)) {
      this.#bytes.release(length);
      return false;
    }
    this.#messages.set(receiver, message);
    receiver.isBehind = true;
    if (this.wakeAt === NEVER) this.wakeAt = now + RECHECK;
    return true;
  }

  /** Forgets the message of a channel, if there is one. */
  drop(receiver: NewestReceiver<Message>): void {
    const message = this.#messages.get(receiver);
    if (message === undefined) return;
    this.#messages.delete(receiver);
    receiver.isBehind = false;
    this.#bytes.release(message.length);
    this.#all.release(message.length);
  }

  /** It is {@link wakeAt}, with so many bytes queued: the client may have read without having been waited for. */
  onTime(now: number, queuedBytes: number): void {
    this.wakeAt = NEVER;
    if (queuedBytes === 0) this.send();
    if (!this.isEmpty) this.wakeAt = now + RECHECK;
  }

  /** The client has read: all are passed to it again, the one that waits longest first. */
  send(): void {
    for (const [receiver, message] of [...this.#messages]) {
      // Sending one may have ended the client.
      if (!this.#messages.has(receiver)) continue;
      this.drop(receiver);
      receiver.receive(message);
    }
  }
}
