/**
 * Which coding to send, remembered by what was asked: clients say one of a handful of things.
 *
 * In: the value of Accept-Encoding and the codings at hand, as bits. Out: a coding, or NOT_ACCEPTABLE.
 * What is remembered is bounded in bytes, and the oldest goes first: a client that thinks up new values costs a
 * parse each, and what others say is remembered again at their next request.
 */

import { type ContentCoding, NOT_ACCEPTABLE, preferredCoding } from "../../../protocol/mod.ts";

/**
 * In our order: what is sent if a client wants several equally. Brotli makes the smallest of text; zstd
 * is faster to make and not as small.
 */
const CODINGS: readonly ContentCoding[] = ["br", "zstd", "gzip", "identity"];
/** Bytes of values that are remembered for each of the 16 sets of codings: some 45 of browsers' values. */
const REMEMBERED_BYTES = 4 * 1024;
/** What an entry takes beside its text. */
const ENTRY_BYTES = 64;
/** Longer values are not remembered: no browser has one. */
const LONGEST = 256;

type Choice = ContentCoding | typeof NOT_ACCEPTABLE;

/** Chooses codings. */
export class CodingChooser {
  /** The bits of a file that has no coding. */
  readonly identityAlone: number = this.maskOf(["identity"]);
  // One for each set of codings, so that a look-up makes no key.
  readonly #known: Memory[] = Array.from({ length: 1 << CODINGS.length }, () => new Memory());

  /** Bytes that the remembered values take, about. */
  get memoryBytes(): number {
    return this.#known.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Codings as bits. */
  maskOf(codings: readonly ContentCoding[]): number {
    return codings.reduce((mask, coding) => mask | 1 << CODINGS.indexOf(coding), 0);
  }

  /** The same bits but for that of one coding. */
  without(mask: number, coding: ContentCoding): number {
    return mask & ~this.maskOf([coding]);
  }

  /** Whether the choice for this value is remembered. */
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
    if (acceptEncoding.length <= LONGEST) known.remember(acceptEncoding, chosen);
    return chosen;
  }
}

/** Choices by value, for one set of codings. */
class Memory {
  // In the order of insertion, as Maps are.
  readonly choices = new Map<string, Choice>();
  bytes = 0;

  remember(value: string, chosen: Choice): void {
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
