/**
 * Delivers what the engine cannot take now, as it is away, to the subscribers of this server alone: where the config allows it.
 *
 * In: publications that are stored nowhere. Out: entries of followed channels without an offset, so no history, position or recovery
 * knows them; what the publisher is told does not change. A publication with an idempotency key is delivered once,
 * however often it is repeated. On the main thread.
 */
import type { ChannelStore } from "../../channels/mod.ts";
import type { EnginePublication } from "./driver.ts";
import { KEEP_KEY_MS } from "./kept_times.ts";

/** Idempotency keys that are kept; the oldest one goes first. */
const MOST_KEYS = 10_000;

/** The deliveries of one server. */
export class OfflineDelivery {
  readonly #store: Pick<ChannelStore, "replicate">;
  readonly #now: () => number;
  /** When each key is forgotten; the oldest one first. */
  readonly #keys = new Map<string, number>();
  #count = 0;

  /** @param now milliseconds of any clock */
  constructor(store: Pick<ChannelStore, "replicate">, now = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** How many publications were delivered so. */
  get count(): number {
    return this.#count;
  }

  /** Delivers a publication that the engine has certainly not taken, unless nobody here follows the channel. */
  deliver(name: Uint8Array, publication: EnginePublication): void {
    const { data, fields, form, idempotencyKey, version } = publication;
    // Only the engine knows whether it is older than what subscribers have.
    if (version !== undefined) return;
    const key = idempotencyKey && keyOf(name, idempotencyKey);
    if (key !== undefined && (this.#keys.get(key) ?? -Infinity) > this.#now()) return;
    const status = this.#store.replicate(name, {
      ...{ offset: 0, data, historySize: 0, historyTtlMs: 0 },
      ...(fields === undefined ? {} : { fields }),
      ...(form === undefined ? {} : { form }),
    });
    if (status !== "stored") return;
    this.#count++;
    if (key !== undefined) this.#remember(key);
  }

  #remember(key: string): void {
    const now = this.#now();
    this.#keys.delete(key);
    this.#keys.set(key, now + KEEP_KEY_MS);
    for (const [oldest, end] of this.#keys) {
      if (end > now && this.#keys.size <= MOST_KEYS) break;
      this.#keys.delete(oldest);
    }
  }
}

function keyOf(name: Uint8Array, key: Uint8Array): string {
  return `${name.length} ${String.fromCharCode(...name, ...key)}`;
}
