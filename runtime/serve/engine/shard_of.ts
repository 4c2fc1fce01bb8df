/**
 * Which of several servers of the engine has a channel: the one with the highest weight, which depends on the channel and on the place of
 * the server in the list. So a further server at the end takes its share of the channels from all others, and no other channel moves.
 *
 * In: the name of a channel, and the number of servers. Out: an index. Pure. All nodes, of all versions, must agree: the
 * numbers are part of the format.
 */

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** 2^32 divided by the golden ratio: the starts of neighbours differ in many bits. */
const STEP = 0x9e3779b9;

/** The index of the server. What servers tell each other, in channels without a namespace before the `:`, is at the first. */
export function shardOf(channel: string, count: number): number {
  if (count === 1 || channel.startsWith(":")) return 0;
  let hash = FNV_OFFSET;
  for (let i = 0; i < channel.length; i++) {
    hash = Math.imul(hash ^ channel.charCodeAt(i), FNV_PRIME);
  }
  let best = 0;
  let highest = -1;
  for (let i = 0; i < count; i++) {
    const weight = mixed(hash + Math.imul(i, STEP));
    if (weight > highest) [best, highest] = [i, weight];
  }
  return best;
}

/** Every bit depends on every bit: the last step of MurmurHash3. */
function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
