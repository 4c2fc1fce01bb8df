/**
 * Chooses the coding to send and caches the choice: clients send only a few different values.
 *
 * In: the value of Accept-Encoding and the available codings, as bits. Out: a coding, or NOT_ACCEPTABLE. The
 * cache is bounded in bytes and evicts the oldest value first: a client that invents new values costs one
 * parse for each, and evicted values of other clients are cached again at their next request.
 */

import { type ContentCoding, NOT_ACCEPTABLE, preferredCoding } from "../../../protocol/mod.ts";

/**
 * In our order of preference, for clients that weigh several codings equally. Brotli makes text smallest;
 * zstd compresses faster, but less.
 */
const CODINGS: readonly ContentCoding[] = ["br", "zstd", "gzip", "identity"];
/** Bytes of cached values for each of the 16 sets of codings: room for some 45 values of browsers. */
const REMEMBERED_BYTES = 4 * 1024;
/** Bytes of an entry besides its text. */
const ENTRY_BYTES = 64;
/** Longer values are not cached: no browser sends one. */
const LONGEST = 256;

type Choice = ContentCoding | typeof NOT_ACCEPTABLE;

/** Chooses codings. */
export class CodingChooser {
  /** The bits of a file without encoded variants. */
  readonly identityAlone: number = this.maskOf(["identity"]);
  // One cache for each set of codings, so that a look-up need not build a key.
  readonly #known: ChoiceCache[] = Array.from(
    { length: 1 << CODINGS.length },
    () => new ChoiceCache(),
  );

  /** Bytes that the cached values take, about. */
  get memoryBytes(): number {
    return this.#known.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Codings as bits. */
  maskOf(codings: readonly ContentCoding[]): number {
    return codings.reduce((mask, coding) => mask | 1 << CODINGS.indexOf(coding), 0);
  }

  /** The same bits without that of one coding. */
  without(mask: number, coding: ContentCoding): number {
    return mask & ~this.maskOf([coding]);
  }

  /** Whether the choice for this value is cached. */
  remembers(acceptEncoding: string, mask: number): boolean {
    return this.#known[mask]?.choices.has(acceptEncoding) ?? false;
  }

  /** The best of the codings in `mask` for this value of Accept-Encoding. */
  choose(acceptEncoding: string | undefined, mask: number): Choice {
    const known = this.#known[mask];
    if (known === undefined) throw new RangeError(`no such codings: ${mask}`);
    if (acceptEncoding === undefined) return preferredCoding(undefined, available(mask));
    const found = known.choices.get(acceptEncoding);
    if (found !== undefined) return found;
    const chosen = preferredCoding(acceptEncoding, available(mask));
    if (acceptEncoding.length <= LONGEST) known.add(acceptEncoding, chosen);
    return chosen;
  }
}

/** Choices by value, for one set of codings. */
class ChoiceCache {
  // Oldest first: a Map keeps the order of insertion.
  readonly choices = new Map<string, Choice>();
  bytes = 0;

  add(value: string, chosen: Choice): void {
    this.choices.set(value, chosen);
    this.bytes += bytesOf(value);
    for (const oldest of this.choices.keys()) {
      if (this.bytes <= REMEMBERED_BYTES) return;
      this.choices.delete(oldest);
      this.bytes -= bytesOf(oldest);
    }
  }
}

function bytesOf(value: string): number {
  return value.length + ENTRY_BYTES;
}

function available(mask: number): readonly ContentCoding[] {
  return CODINGS.filter((_, bit) => (mask & 1 << bit) !== 0);
}
