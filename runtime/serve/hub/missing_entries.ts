/**
 * What one subscriber lacks that comes from another process.
 *
 * In: entries of its channel, of the feed or of a history, in their order. Out: one message of those that it has not got, without a gap.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { type Entry, ENTRY_KIND, type EntrySink } from "../../channels/mod.ts";
import type { ChannelIdentity, Subscriber } from "./face.ts";

/** Collects them. */
export class MissingEntries implements EntrySink {
  /** The offset up to which nothing is missing. */
  position: number;
  readonly #channel: ChannelIdentity;
  readonly #subscriber: Subscriber;
  readonly #out = new ByteBuffer(0);
  #count = 0;

  /** @param since the offset of the last publication that the subscriber has */
  constructor(channel: ChannelIdentity, subscriber: Subscriber, since: number) {
    this.#channel = channel;
    this.#subscriber = subscriber;
    this.position = since;
  }

  entry(entry: Entry): void {
    if (entry.kind === ENTRY_KIND.lost) return;
    // What has no offset was published here, and nobody was passed it there.
    if (entry.offset > 0) {
      if (entry.offset !== this.position + 1) return;
      this.position = entry.offset;
    }
    this.#subscriber.face.append(this.#out, this.#channel, entry);
    this.#count++;
  }

  /** Sends them. */
  deliver(): void {
    if (this.#out.length === 0) return;
    const { face } = this.#subscriber;
    const message = face.seal(this.#out);
    face.delivers?.(this.#count, this.#out.length, 1);
    this.#subscriber.receive(message);
  }
}
