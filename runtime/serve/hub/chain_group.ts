/**
 * Subscribers that get what has changed since the publication before.
 *
 * In: entries in their order, and the channel's chain. Out: one message of what was appended. A face has two such groups in a channel: that
 * of the subscribers which have got the last publication of the chain, and a fresh one of those which have not, whose messages
 * begin with a whole publication. Then they change places, unless they have kept the message for later: what
 * comes instead of it must be whole as well.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import type { Chain } from "./chain.ts";
import type { ChainedFace, ChannelIdentity, Subscriber } from "./face.ts";
import { Group } from "./group.ts";

/** The subscribers, and what they get next. */
export class ChainGroup extends Group {
  declare readonly face: ChainedFace<unknown>;
  /** Whether they have not got the last publication. */
  readonly isFresh: boolean;
  readonly #chain: Chain;
  #moving: Subscriber[] = [];
  // Of the message that is being encoded.
  #publications = 0;
  #changes = 0;
  #savedBytes = 0;
  // Of the message that was taken.
  #hasPublication = false;
  #newest: unknown = undefined;

  constructor(face: ChainedFace<unknown>, chain: Chain, isFresh: boolean) {
    super(face);
    this.#chain = chain;
    this.isFresh = isFresh;
  }

  override append(channel: ChannelIdentity, entry: Entry): number {
    if (entry.kind !== ENTRY_KIND.publication) return super.append(channel, entry);
    const isWhole = !entry.asDelta || (this.isFresh && this.#publications === 0);
    this.#publications++;
    if (isWhole) return super.append(channel, entry);
    const out = this.buffer;
    const saved = this.face.appendChange(out, channel, entry, this.#chain);
    this.entries++;
    if (saved > 0) this.#changes++;
    this.#savedBytes += saved;
    return out.length;
  }

  override take(): unknown {
    const message = super.take();
    this.#hasPublication = this.#publications > 0;
    this.#newest = undefined;
    if (this.#changes > 0) {
      this.face.deliversChanges(this.#changes, this.#savedBytes, this.size);
    }
    this.#publications = this.#changes = this.#savedBytes = 0;
    return message;
  }

  /** What makes a message of the newest publication alone, for who does not send the one that was taken; undefined: that one will do. */
  newestOf(channel: ChannelIdentity): (() => unknown) | undefined {
    if (this.isFresh || !this.#hasPublication) return undefined;
    return () => this.#newest ??= this.#encodeNewest(channel);
  }

  /** The subscriber has got the message that was taken, or keeps another one for later. */
  note(subscriber: Subscriber): void {
    if (this.#hasPublication && (subscriber.isBehind === true) !== this.isFresh) {
      this.#moving.push(subscriber);
    }
  }

  /** Those that belong into the other group of the face. */
  get moving(): readonly Subscriber[] {
    return this.#moving;
  }

  /** The same, once. */
  takeMoving(): Subscriber[] {
    const moving = this.#moving;
    this.#moving = [];
    return moving;
  }

  #encodeNewest(channel: ChannelIdentity): unknown {
    const out = new ByteBuffer(0);
    // It has been appended to the message that was taken.
    this.face.append(out, channel, this.#chain.last!);
    return this.face.seal(out);
  }
}
