/**
 * What an operator sees of one channel who watches it: what its history has, and what goes to its subscribers.
 *
 * In: the store of channels, as the main thread has it, and the name of a channel, which need not be there yet. Out: what is new at each
 * look, as plain data for JSON. Called a few times a second by channel_watchers.ts. It changes nothing: it is no subscriber, and a
 * publication that has neither a history nor a subscriber is only counted.
 */

import {
  type ChannelStore,
  type Entry,
  ENTRY_KIND,
  type FeedReader,
  type Position,
} from "../../channels/mod.ts";

/** Publications of one look, and their bytes. */
const READ = { limit: 50, maxBytes: 256 * 1024 } as const;
/** Publications that are shown at first. */
const RECENT = 20;
/** Characters of a publication that are shown. */
const SHOWN = 4_096;
/** Entries of all channels that one look reads in the feed: a few milliseconds. What comes later is for the next one. */
const MOST_ENTRIES = 2 ** 16;

const decoder = new TextDecoder();

/** A publication, as it is shown. */
interface SeenPublication {
  /** 0: it has none, and is in no history. */
  readonly offset: number;
  readonly data: string;
}

/** A look at a channel. */
export interface ChannelReading {
  /** Oldest first. */
  readonly publications: readonly SeenPublication[];
  /** Publications since the last look that nobody could see here. */
  readonly unseen: number;
}

/** What the history has of a channel. */
interface Kept {
  /** Where the next look begins. */
  readonly position: Position & { readonly epoch: number };
  /** Behind this offset everything is new. */
  readonly from: number;
  readonly publications: readonly SeenPublication[];
}

const NOTHING: ChannelReading = { publications: [], unseen: 0 };

/** See the top of the file. */
export class ChannelWatch {
  readonly #store: Pick<ChannelStore, "history">;
  readonly #name: Uint8Array;
  readonly #feed: FeedReader;
  #hasBegun = false;
  /** Undefined: the channel was not there. */
  #position: Kept["position"] | undefined = undefined;
  /** What has gone to subscribers and was not shown, in its order. */
  #live: SeenPublication[] = [];

  constructor(store: Pick<ChannelStore, "history" | "watchFeed">, name: Uint8Array) {
    this.#store = store;
    this.#name = name;
    this.#feed = store.watchFeed();
  }

  /** What was published since the last look; at the first one, the newest publications of the history. */
  look(): ChannelReading {
    const kept = this.#readHistory();
    if (kept === "busy") return NOTHING;
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    if (this.#position?.epoch !== kept?.position.epoch) this.#live = [];
    this.#position = kept?.position;
    // Behind the history: what that has not is in the feed by now, if it is there at all.
    this.#readFeed(kept?.position.epoch);
    if (kept === undefined) return NOTHING;
    return isFirst ? this.#begin(kept) : this.#merge(kept);
  }

  /** What has come before is in the history or is not shown. */
  #begin({ position, publications }: Kept): ChannelReading {
    this.#live = this.#live.filter(({ offset }) => offset > position.offset);
    return { publications, unseen: 0 };
  }

  #merge({ position, from, publications }: Kept): ChannelReading {
    const known = new Set(publications.map(({ offset }) => offset));
    const live = this.#live.filter(({ offset }) => offset <= position.offset);
    this.#live = this.#live.filter(({ offset }) => offset > position.offset);
    const numbered = live.filter(({ offset }) => offset > from && !known.has(offset));
    const all = [...publications, ...numbered].sort((a, b) => a.offset - b.offset);
    const unnumbered = live.filter(({ offset }) => offset === 0);
    return {
      publications: [...all, ...unnumbered],
      unseen: position.offset - from - all.length,
    };
  }

  #readFeed(wanted: number | undefined): void {
    this.#feed.poll({
      wants: (epoch) => epoch === wanted,
      entry: (entry) => {
        if (entry.kind === ENTRY_KIND.publication) this.#live.push(seen(entry));
        if (this.#live.length > READ.limit) this.#live.shift();
      },
      // The offsets tell.
      missed: () => {},
    }, MOST_ENTRIES);
  }

  /** Undefined: there is no such channel. */
  #readHistory(): Kept | "busy" | undefined {
    const since = this.#position;
    const publications: SeenPublication[] = [];
    const sink = { entry: (entry: Entry) => void publications.push(seen(entry)) };
    if (since !== undefined) {
      const { status, epoch, offset } = this.#store.history(this.#name, { ...READ, since }, sink);
      if (status === "busy") return "busy";
      const last = publications.at(-1)?.offset ?? since.offset;
      const isNext = publications.length === 0
        ? offset === since.offset
        : publications[0]!.offset === since.offset + 1;
      if (status === "read" && epoch === since.epoch && isNext) {
        return { position: { offset: last, epoch }, from: since.offset, publications };
      }
      publications.length = 0;
    }
    const query = { ...READ, limit: RECENT, reverse: true };
    const { status, epoch, offset } = this.#store.history(this.#name, query, sink);
    if (status === "missing") return undefined;
    if (status !== "read") return "busy";
    const from = since?.epoch === epoch ? since.offset : 0;
    const fresh = publications.reverse().filter((one) => one.offset > from);
    return { position: { offset, epoch }, from, publications: fresh };
  }
}

function seen({ offset, data }: Entry): SeenPublication {
  return { offset, data: decoder.decode(data).slice(0, SHOWN) };
}
