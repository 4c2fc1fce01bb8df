/**
 * Who gets what happens in a channel, and how it is encoded for them.
 *
 * In: entries of the feed, from the hub. Out: messages, each encoded once for all subscribers of one kind. A face is a kind
 * of subscriber: a protocol with what it negotiates. All subscribers with the same face object share its messages.
 */

import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry } from "../../channels/mod.ts";
import type { Chain } from "./chain.ts";

/** What identifies a channel to its subscribers. */
export interface ChannelIdentity {
  readonly name: string;
  /** Stands for the name: unique among the channels of this worker, and not used again. */
  readonly number: number;
}

/** Encodes for one kind of subscribers. */
export interface Face<Message> {
  /** Appends one entry to what is sent together, or nothing if these subscribers do not get it. */
  append(out: ByteBuffer, channel: ChannelIdentity, entry: Entry): void;
  /** Makes the message of what was appended, with a copy of the bytes. */
  seal(out: ByteBuffer): Message;
  /** What was sealed, so many entries and bytes, goes to so many subscribers; for counts. Numbers, so that nothing is allocated. */
  delivers?(entries: number, bytes: number, subscribers: number): void;
}

/** Encodes what has changed since the publication before, for subscribers that have got that one. */
export interface ChainedFace<Message> extends Face<Message> {
  /** Appends a publication as its difference to the last one of the chain, or whole; returns how many bytes that saves. */
  appendChange(out: ByteBuffer, channel: ChannelIdentity, entry: Entry, chain: Chain): number;
  /** So many of the entries that were delivered were differences, and saved so many bytes, for each of so many subscribers. */
  deliversChanges(changes: number, savedBytes: number, subscribers: number): void;
}

/** Whether a face is a {@link ChainedFace}. */
export function isChained<Message>(face: Face<Message>): face is ChainedFace<Message> {
  return "appendChange" in face;
}

/** One subscription of one connection. */
export interface Subscriber<Message = unknown> {
  /** How it is encoded for. */
  readonly face: Face<Message>;
  /** With a {@link ChainedFace}: whether it has the publication of the offset that it joins from. Default: false. */
  readonly hasLatest?: boolean;
  /** The same: whether it did not send the last message, but keeps it. Default: false. */
  readonly isBehind?: boolean;
  /**
   * Sends a message. May leave the channel, also that of others.
   *
   * @param newest if the message builds on what was sent before: makes one of the newest publication alone, which does not
   */
  receive(message: Message, newest?: () => Message): void;
  /** Publications were lost, and cannot be recovered: it is subscribed no more. */
  lost(): void;
}
