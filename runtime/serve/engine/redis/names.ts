/**
 * The names of everything that is kept in Redis, and of the publish/subscribe channels.
 *
 * In: the prefix of this installation and the name of a channel. Out: keys. All keys of a channel, and the publish/subscribe
 * channel in which it is delivered, have the same part in braces, and so the same slot of a Redis Cluster: a
 * script may publish only within its own slot, and in another one it fails silently. So nothing else makes names.
 *
 * ```text
 * m{c} hash     e epoch, o offset, t tag of the newest publication, l life of the server, v and ve version
 * s{c} stream   the history; ids are <offset>-0; t tag, x expiry in ms, m form, f fields, d data
 * k{c}:key      "epoch offset" of an idempotency key
 * p{c} hash     "node|client" → member
 * x{c}          publish/subscribe: the channel's messages; x2{c} in database 2
 * n{prefix}     set of the nodes           l{prefix}:node   lease of a node      r{prefix}:node   who removes its members
 * q{prefix}:node   set of the channels in which it has members                   y{prefix}:node   publish/subscribe: its probe
 * ```
 * `c` is the prefix and the channel's name. Keys belong to a database and publish/subscribe channels do not: so these have
 * its number in their names. In a cluster, what is tried and probed at a master has the tag `{prefix%:number}`, with a number
 * whose slot it has; no channel's tag looks so, as behind each % there are two digits.
 */
import { hashSlot, SLOTS } from "./hash_slot.ts";

/** What keys of a channel hold. */
type ChannelKey = "m" | "s" | "p";
/** What keys of a node hold. */
type NodeKey = "l" | "r" | "q";
/** What publish/subscribe channels deliver: a channel, or the probes of a node. */
type PubSubKind = "x" | "y";

/** Numbers until one has a slot of a master that has but one: with far fewer none is likely. */
const MOST_NUMBERS = 20 * SLOTS;

const ESCAPES: Readonly<Record<string, string>> = { "%": "%25", "{": "%7B", "}": "%7D" };

/** The names of one installation. */
export class RedisNames {
  #prefix: string;
  readonly #database: string;

  /** @param prefix any text @param database the number of the database */
  constructor(prefix: string, database = 0) {
    this.#prefix = escaped(prefix);
    this.#database = database === 0 ? "" : String(database);
  }

  /** The slot of everything that a channel has; without one, of what nodes have. */
  slotOf(channel = ""): number {
    return hashSlot(this.#prefix + escaped(channel));
  }

  /** Names that no channel and no node has, for what is tried in one of some slots. @throws {Error} if there is none */
  within(hasSlot: (slot: number) => boolean): RedisNames {
    for (let number = 0; number < MOST_NUMBERS; number++) {
      const names = new RedisNames("");
      names.#prefix = `${this.#prefix}%:${number}`;
      if (hasSlot(names.slotOf())) return names;
    }
    throw new Error("the master has no slots");
  }

  /** A key of a channel. */
  ofChannel(key: ChannelKey, channel: string): string {
    return `${key}{${this.#prefix}${escaped(channel)}}`;
  }

  /** The publish/subscribe channel of a channel, or of the probes of a node. */
  ofPubSub(kind: PubSubKind, name: string): string {
    const start = `${kind}${this.#database}{${this.#prefix}`;
    return kind === "x" ? `${start}${escaped(name)}}` : `${start}}:${name}`;
  }

  /** What comes before the part in braces, in {@link ofPubSub} of a channel. */
  get pubSubStart(): string {
    return `x${this.#database}`;
  }

  /** The key of an idempotency key. */
  ofIdempotencyKey(channel: string, key: Uint8Array): Uint8Array {
    const start = new TextEncoder().encode(`k{${this.#prefix}${escaped(channel)}}:`);
    const bytes = new Uint8Array(start.length + key.length);
    bytes.set(start);
    bytes.set(key, start.length);
    return bytes;
  }

  /** A key of a node. */
  ofNode(key: NodeKey, node: string): string {
    return `${key}{${this.#prefix}}:${node}`;
  }

  /** The key of the set of all nodes. */
  get nodes(): string {
    return `n{${this.#prefix}}`;
  }

  /** The channel that is delivered in this publish/subscribe channel; undefined if it is none. */
  channelOf(name: string): string | undefined {
    const start = `x${this.#database}{${this.#prefix}`;
    if (!name.startsWith(start) || !name.endsWith("}")) return undefined;
    return unescaped(name.slice(start.length, -1));
  }
}

/** A part in braces must not have braces: Redis takes the text between the first `{` and the next `}`. */
function escaped(text: string): string {
  return /[%{}]/.test(text) ? text.replace(/[%{}]/g, (character) => ESCAPES[character]!) : text;
}

function unescaped(text: string): string {
  if (!text.includes("%")) return text;
  return text.replace(/%(25|7B|7D)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
