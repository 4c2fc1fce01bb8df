/**
 * The deltas that subscribers of one worker have recovered lately: after a broken connection many recover the same ones.
 *
 * In: a publication and the one before it in its history. Out: its delta, made once for all who ask while it is kept; also that there is
 * none is kept. Bounded by the number of deltas and by their bytes; the oldest one goes first.
 */

import type { Entry } from "../../channels/mod.ts";

const MOST_DELTAS = 512;
const MOST_BYTES = 1024 * 1024;

/** The deltas. */
export class DeltaCache {
  readonly #encode: (before: Entry, now: Entry) => Uint8Array | undefined;
  readonly #deltas = new Map<string, Uint8Array | undefined>();
  #bytes = 0;

  /** @param encode makes a delta; undefined: there is none */
  constructor(encode: (before: Entry, now: Entry) => Uint8Array | undefined) {
    this.#encode = encode;
  }

  /** The bytes that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The delta of a publication; undefined: there is none. */
  get(before: Entry, now: Entry): Uint8Array | undefined {
    // Publications of an engine have no epoch of this store.
    if (now.epoch === 0 || before.epoch !== now.epoch || before.offset !== now.offset - 1) {
      return this.#encode(before, now);
    }
    const key = `${now.epoch}:${now.offset}`;
    const kept = this.#deltas.get(key);
    if (kept !== undefined || this.#deltas.has(key)) return kept;
    const delta = this.#encode(before, now);
    const length = delta?.length ?? 0;
    if (length > MOST_BYTES) return delta;
    // Encoders give views of longer memory.
    this.#deltas.set(key, delta?.slice());
    this.#bytes += length;
    for (const [oldest, freed] of this.#deltas) {
      if (this.#deltas.size <= MOST_DELTAS && this.#bytes <= MOST_BYTES) break;
      this.#deltas.delete(oldest);
      this.#bytes -= freed?.length ?? 0;
    }
    return delta;
  }
}
