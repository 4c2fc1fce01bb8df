/**
 * Listens to sharded publish/subscribe channels at one master of a cluster, and notices when it does not any more: a server that gives a slot
 * away ends what listens to its channels.
 *
 * In: a connection of the client that is used for nothing else. Out: listening, and which channels were dropped. The client says that
 * something was dropped and not what: so its own list is compared with that of what was asked for.
 */
import type { Redis } from "ioredis";

/** Milliseconds in which what is dropped is told together: a slot ends with a message for each of its channels. */
const GATHER_MS = 10;

/** The listener. */
export class ShardedListener {
  readonly #redis: Redis;
  readonly #dropped: (channels: readonly string[]) => void;
  readonly #channels = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param dropped these are listened to no more, and nobody here wanted that */
  constructor(redis: Redis, dropped: (channels: readonly string[]) => void) {
    this.#redis = redis;
    this.#dropped = dropped;
    redis.on("moved", () => this.#lookSoon());
    redis.on("end", () => clearTimeout(this.#timer));
  }

  /** Listens to a channel. */
  async subscribe(channel: string): Promise<void> {
    await this.#redis.ssubscribe(channel);
    this.#channels.add(channel);
  }

  /** Listens no more. */
  async unsubscribe(channel: string): Promise<void> {
    this.#channels.delete(channel);
    await this.#redis.sunsubscribe(channel);
  }

  #lookSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, GATHER_MS);
  }

  #look(): void {
    const subscriber = this.#redis.condition?.subscriber;
    const kept = new Set(subscriber ? subscriber.channels("ssubscribe") : []);
    const dropped = [...this.#channels].filter((channel) => !kept.has(channel));
    for (const channel of dropped) this.#channels.delete(channel);
    if (dropped.length > 0) this.#dropped(dropped);
  }
}
