/**
 * Channels that may have missed something which no history has, until the feed shows whether it still brings it.
 *
 * In: a channel after a part of the feed was lost, the offset that it should have, and the end of the feed at that moment. Out: once
 * the feed was read up to there, whether the channel has all. A channel without a history of which nothing was in the lost part
 * is whole then; until then nobody knows.
 */

import type { HubChannel } from "./hub_channel.ts";

/** What a channel waits for. */
interface Awaited {
  /** What was published up to here. */
  readonly offset: number;
  /** It is in the feed before this. */
  readonly mark: number;
}

/** The channels. */
export class AwaitedChannels {
  readonly #channels = new Map<HubChannel, Awaited>();

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#channels.size === 0;
  }

  /** A channel, and all of it up to an offset is in the feed before the mark. Marks never decrease. */
  add(channel: HubChannel, awaited: Awaited): void {
    this.#channels.set(channel, awaited);
  }

  /** Nothing is awaited for this channel any more. */
  delete(channel: HubChannel): void {
    this.#channels.delete(channel);
  }

  /** Passes those that have not got everything although the feed was read up to their marks; forgets all such. */
  settle(hasReached: (mark: number) => boolean, lose: (channel: HubChannel) => void): void {
    for (const [channel, { offset, mark }] of this.#channels) {
      if (!hasReached(mark)) return;
      this.#channels.delete(channel);
      if (channel.position < offset) lose(channel);
    }
  }
}
