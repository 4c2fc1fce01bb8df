/**
 * What one subscriber lacks that comes from another process.
 *
 * In: entries of its channel, of the feed or of a history, in their order. Out: one message of those that it has not got, without a gap.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { type Entry, ENTRY_KIND, type EntrySink } from "../../channels/mod.ts";
import type { ChannelIdentity, Face, Subscriber } from "./face.ts";

/** Collects them. */
export class MissingEntries implements EntrySink {
  /** The offset up to which nothing is missing. */
  position: number;
  readonly #channel: ChannelIdentity;
  readonly #subscriber: Subscriber;
  readonly #face: Face<unknown>;
  readonly #end: number;
  readonly #out = new ByteBuffer(0);
  #count = 0;

  /**
   * @param to who gets them, and how they are encoded
   * @param range the offsets of the last publication that the subscriber has, and of the last one that it lacks here
   */
  constructor(
    channel: ChannelIdentity,
    { subscriber, face }: { readonly subscriber: Subscriber; readonly face: Face<unknown> },
    { since, end }: { readonly since: number; readonly end: number },
  ) {
    this.#channel = channel;
    this.#subscriber = subscriber;
    this.#face = face;
    this.#end = end;
    this.position = since;
  }

  entry(entry: Entry): void {
    if (entry.kind === ENTRY_KIND.lost) return;
    // What has no offset was published here, and nobody was passed it there.
    if (entry.offset > 0) {
      if (entry.offset !== this.position + 1 || entry.offset > this.#end) return;
      this.position = entry.offset;
    }
    this.#face.append(this.#out, this.#channel, entry);
    this.#count++;
  }

  /** Sends them. */
  deliver(): void {
    if (this.#out.length === 0) return;
    const message = this.#face.seal(this.#out);
    this.#face.delivers?.(this.#count, this.#out.length, 1);
    this.#subscriber.receive(message);
  }
}
