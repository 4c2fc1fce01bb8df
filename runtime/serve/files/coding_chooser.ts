/**
 * Which coding to send, remembered by what was asked: clients say one of a handful of things.
 *
 * In: the value of Accept-Encoding and the codings at hand, as bits. Out: a coding, or NOT_ACCEPTABLE.
 * At most so many different values are remembered: a client that thinks up new ones costs a parse each.
 */

import { type ContentCoding, NOT_ACCEPTABLE, preferredCoding } from "../../../protocol/mod.ts";

/**
 * In our order: what is sent where a client wants several equally. Brotli is the smallest for text;
 * zstd comes where somebody made it.
 */
const CODINGS: readonly ContentCoding[] = ["br", "zstd", "gzip", "identity"];
const REMEMBERED = 64;

/** Chooses codings. */
export class CodingChooser {
  /** The bits of a file that has no coding. */
  readonly identityAlone: number = this.maskOf(["identity"]);
  readonly #known: Map<string, ContentCoding | typeof NOT_ACCEPTABLE>[] = Array.from(
    { length: 1 << CODINGS.length },
    () => new Map(),
  );

  /** Codings as bits. */
  maskOf(codings: readonly ContentCoding[]): number {
    return codings.reduce((mask, coding) => mask | 1 << CODINGS.indexOf(coding), 0);
  }

  /** The same bits but for that of one coding. */
  without(mask: number, coding: ContentCoding): number {
    return mask & ~this.maskOf([coding]);
  }

  /** The best of the codings in `mask` for this value of Accept-Encoding. */
  choose(
    acceptEncoding: string | undefined,
    mask: number,
  ): ContentCoding | typeof NOT_ACCEPTABLE {
    const known = this.#known[mask];
    if (known === undefined) throw new RangeError(`no such codings: ${mask}`);
    if (acceptEncoding === undefined) return preferredCoding(undefined, available(mask));
    const found = known.get(acceptEncoding);
    if (found !== undefined) return found;
    const chosen = preferredCoding(acceptEncoding, available(mask));
    if (known.size < REMEMBERED) known.set(acceptEncoding, chosen);
    return chosen;
  }
}

function available(mask: number): readonly ContentCoding[] {
  return CODINGS.filter((_, bit) => (mask & 1 << bit) !== 0);
}
