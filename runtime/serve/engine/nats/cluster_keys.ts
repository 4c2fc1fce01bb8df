/**
 * Idempotency keys in a cluster of NATS servers.
 *
 * In: the newest record of a channel, and the key of a publication that is to follow it. Out: the offset of the publication that had
 * the key before, if there is one.
 *
 * In a cluster the ids of messages keep the records of a channel in order, so they cannot be the keys. A record has the key of its own
 * publication instead. Whoever writes the next record notes that key in a stream of its own first: so when a record is stored, the keys of all
 * before it are noted, and its own is in itself. A writer that knows the newest record therefore misses none, and if another record
 * comes between, it is not stored and looks again.
 */
import { KEEP_KEY_MS } from "../kept_times.ts";
import type { NatsLink } from "./nats_link.ts";
import type { NatsNames } from "./names.ts";
import type { ChannelRecord } from "./records.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** What is about to be written. */
export interface KeyUse {
  /** Behind which record; undefined: there is none. */
  readonly newest: { readonly record: ChannelRecord; readonly time: number } | undefined;
  /** In which epoch. */
  readonly epoch: string;
  /** In hexadecimal digits; undefined: it has none. */
  readonly key: string | undefined;
}

/** The keys. */
export class ClusterKeys {
  readonly #names: NatsNames;

  constructor(names: NatsNames) {
    this.#names = names;
  }

  /** Returns the offset of the publication that had the key, 0 if it had none; undefined: the key is new. @throws what the link does */
  async use(
    link: NatsLink,
    channel: string,
    { newest, epoch, key }: KeyUse,
  ): Promise<number | undefined> {
    const last = newest?.record;
    if (last === undefined || last.epoch !== epoch) return undefined;
    const isFresh = Date.now() - newest!.time < KEEP_KEY_MS;
    if (isFresh && last.key !== "") {
      const offset = last.kind === "p" ? last.offset : 0;
      if (last.key === key) return offset;
      await link.store(this.#names.key(channel, last.key), ENCODER.encode(`${epoch} ${offset}`));
    }
    if (key === undefined) return undefined;
    const noted = await link.newest(this.#names.stream("keys"), this.#names.key(channel, key));
    if (noted === undefined) return undefined;
    const [whose, offset] = DECODER.decode(noted.data).split(" ");
    return whose === epoch ? Number(offset) : undefined;
  }
}
