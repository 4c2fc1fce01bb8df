/**
 * The positions of a stream in its channels, as one text: the `id:` of its events, and what `Last-Event-ID` brings back.
 *
 * In: names, epochs, offsets. Out: the text, and back; text that is none of ours gives positions that no channel has. Pure.
 *
 *   1k5zqe.1z141z3-4.17,9x0b2f.1z141z3-7.3
 *   └─┬──┘ └───┬───┘ └┬ offset
 *   hash    epoch of the channel
 *   of the name
 *
 * The name itself would make each event longer. Two names of one stream with the same hash (of 32 bits) do no harm: the epoch belongs
 * to one channel alone. An entry has at most 40 bytes with its comma, so that those of 128 channels fit into one field of a request.
 */

/** Where a stream is in a channel. */
export interface ChannelPosition {
  /** As clients get it; empty: a position that no channel has. */
  readonly epoch: string;
  readonly offset: number;
}

const RADIX = 36;
const SEPARATOR = ",";
const ENTRY = /^([0-9a-z]{1,7})\.([0-9a-z]{1,7}-[0-9a-z]{1,7})\.(\d{1,16})$/;
/** No channel has it. */
const UNKNOWN: ChannelPosition = { epoch: "", offset: 0 };

/** What stands in front of the offset, in the entry of a channel. */
export function positionPrefix(name: string, epoch: string): string {
  return `${hashOf(name).toString(RADIX)}.${epoch}.`;
}

/** The text of several positions, each a prefix with its offset. */
export function joinPositions(entries: readonly string[]): string {
  return entries.join(SEPARATOR);
}

/** The positions that may be this channel's; none: the text says nothing about it. */
export type PositionFinder = (name: string) => readonly ChannelPosition[];

/** Reads a text. An empty one says nothing about any channel; one that is none of ours gives all of them a position that is lost. */
export function readPositions(text: string): PositionFinder {
  if (text === "") return () => [];
  const byHash = new Map<string, ChannelPosition[]>();
  for (const entry of text.split(SEPARATOR)) {
    const [, hash, epoch, offset] = ENTRY.exec(entry) ?? [];
    if (hash === undefined || epoch === undefined) return () => [UNKNOWN];
    const position = { epoch, offset: Number(offset) };
    const others = byHash.get(hash);
    if (others === undefined) byHash.set(hash, [position]);
    else others.push(position);
  }
  return (name) => byHash.get(hashOf(name).toString(RADIX)) ?? [];
}

/** FNV-1a over the units of UTF-16. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
