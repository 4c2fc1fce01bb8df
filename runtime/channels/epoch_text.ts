/**
 * Epochs as clients see them: a text that is different in each run of the server.
 *
 * In: the number that identifies a channel in this store, and the store's random part. Out: `<random>-<number>` in base 36,
 * and back. Two runs have the same random part once in 2^32 times, so that a client of the last run is told that
 * its position is lost.
 */

/** Texts that a thread keeps, by the last bits of the number: `toString` costs more than the rest of an answer. */
const KEPT_TEXTS = 64;

const PATTERN = /^([0-9a-z]{1,7})-([0-9a-z]{1,7})$/;
const RADIX = 36;

/** The text of an epoch. */
function epochText(base: number, epoch: number): string {
  return `${(base >>> 0).toString(RADIX)}-${epoch.toString(RADIX)}`;
}

/** The texts of one store, as one thread needs them. */
export class EpochTexts {
  readonly #prefix: string;
  readonly #epochs = new Float64Array(KEPT_TEXTS).fill(-1);
  readonly #texts: string[] = new Array<string>(KEPT_TEXTS).fill("");

  /** @param base the store's random part */
  constructor(base: number) {
    this.#prefix = epochText(base, 0).slice(0, -1);
  }

  /** The text of an epoch. */
  of(epoch: number): string {
    const slot = epoch % KEPT_TEXTS;
    if (this.#epochs[slot] !== epoch) {
      this.#epochs[slot] = epoch;
      this.#texts[slot] = this.#prefix + epoch.toString(RADIX);
    }
    return this.#texts[slot]!; // every number has a slot
  }
}

/** The epoch of a text, or 0, which no channel has, if it is not one of this store. */
export function epochOfText(base: number, text: string): number {
  const match = PATTERN.exec(text);
  if (match === null || parseInt(match[1]!, RADIX) !== base >>> 0) return 0;
  const epoch = parseInt(match[2]!, RADIX);
  // Another spelling of the number is not our text.
  return epochText(base, epoch) === text ? epoch : 0;
}
