/**
 * Who gets what happens in a channel, and how it is encoded for them.
 *
 * In: entries of the feed, from the hub. Out: messages, each encoded once for all subscribers of one kind. A face is a kind
 * of subscriber: a protocol with what it negotiates. All subscribers with the same face object share its messages.
 */

import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { Entry } from "../../channels/mod.ts";

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

/** One subscription of one connection. */
export interface Subscriber<Message = unknown> {
  /** How it is encoded for. */
  readonly face: Face<Message>;
  /** Sends a message. May leave the channel, also that of others. */
  receive(message: Message): void;
  /** Publications were lost, and cannot be recovered: it is subscribed no more. */
  lost(): void;
}
