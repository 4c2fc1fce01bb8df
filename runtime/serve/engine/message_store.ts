/**
 * What gets the messages of a channel by which servers talk, in the place of the store: they are carried out, and not kept.
 *
 * In: what the follower of a channel does to its store. Out: calls of a receiver: each message once and in order, or the news that some are
 * missing.
 */
import { decodeUtf8 } from "../../../protocol/basics.ts";
import type { FollowingStore } from "./followed_entry.ts";

/** Gets the messages. */
export interface MessageReceiver {
  /** Messages come from now on; called again if the channel begins in a new epoch. */
  begun(): void;
  /** A message. The bytes are the receiver's own. */
  receive(word: string, data: Uint8Array): void;
  /** Messages are missing, or may be. */
  lost(): void;
}

/** The place of a channel's store. */
export class MessageStore implements FollowingStore {
  readonly #receiver: MessageReceiver;

  constructor(receiver: MessageReceiver) {
    this.#receiver = receiver;
  }

  follow(): "followed" {
    this.#receiver.begun();
    return "followed";
  }

  replicate(_name: Uint8Array, entry: Parameters<FollowingStore["replicate"]>[1]): "stored" {
    const { fields, data } = entry;
    // Nobody joins or leaves such a channel.
    if (fields !== undefined) this.#receiver.receive(decodeUtf8(fields), data);
    return "stored";
  }

  lose(): "lost" {
    this.#receiver.lost();
    return "lost";
  }

  unfollow(): "used" {
    return "used";
  }

  subscriberCount(): number {
    return 1;
  }

  removeHistory(): boolean {
    return true;
  }
}
