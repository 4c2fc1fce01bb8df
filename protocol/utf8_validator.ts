/**
 * Incremental UTF-8 validation (RFC 3629; Unicode table 3-7), for text messages and close reasons.
 *
 * In: pieces of any size, cut anywhere, even inside a character. Out: whether the bytes so far are a
 * prefix of valid UTF-8; the check fails at the first byte that makes it impossible.
 * The state is one small integer. Bytes are never copied or changed.
 */

/** Between characters: the only state in which a text may end. */
const ACCEPT = 0;
const ONE_MORE = 1;
const TWO_MORE = 2;
const THREE_MORE = 3;
/** After four lead bytes the range of the second is narrower: overlong, surrogates, above U+10FFFF. */
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;
/** Invalid, whatever follows. */
const REJECT = 8;

/** Unicode table 3-7 as rows: in `state`, a byte from `first` to `last` leads to `next`. */
const ROWS: readonly (readonly [state: number, first: number, last: number, next: number])[] = [
  [ACCEPT, 0x00, 0x7f, ACCEPT],
  [ACCEPT, 0xc2, 0xdf, ONE_MORE],
  [ACCEPT, 0xe0, 0xe0, AFTER_E0],
  [ACCEPT, 0xe1, 0xec, TWO_MORE],
  [ACCEPT, 0xed, 0xed, AFTER_ED],
  [ACCEPT, 0xee, 0xef, TWO_MORE],
  [ACCEPT, 0xf0, 0xf0, AFTER_F0],
  [ACCEPT, 0xf1, 0xf3, THREE_MORE],
  [ACCEPT, 0xf4, 0xf4, AFTER_F4],
  [AFTER_E0, 0xa0, 0xbf, ONE_MORE],
  [AFTER_ED, 0x80, 0x9f, ONE_MORE],
  [AFTER_F0, 0x90, 0xbf, TWO_MORE],
  [AFTER_F4, 0x80, 0x8f, TWO_MORE],
  [THREE_MORE, 0x80, 0xbf, TWO_MORE],
  [TWO_MORE, 0x80, 0xbf, ONE_MORE],
  [ONE_MORE, 0x80, 0xbf, ACCEPT],
];

/** Next state at `state * 256 + byte`; REJECT if no row covers it. */
const NEXT = new Uint8Array((REJECT + 1) * 256).fill(REJECT);
for (const [state, first, last, next] of ROWS) {
  NEXT.fill(next, state * 256 + first, state * 256 + last + 1);
}

/** Validates one text that arrives in pieces. */
export class Utf8Validator {
  #state = ACCEPT;

  /**
   * Takes the next piece of the text, `bytes[start, end)`.
   *
   * @returns false if the text cannot be valid UTF-8, and then always until {@link reset}
   */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    this.#state = advance(this.#state, bytes, start, end);
    return this.#state !== REJECT;
  }

  /** Whether the text may end here, outside a character. Changes nothing. */
  finish(): boolean {
    return this.#state === ACCEPT;
  }

  /** Starts a new text. */
  reset(): void {
    this.#state = ACCEPT;
  }
}

/** Whether `bytes[start, end)` is valid UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  return advance(ACCEPT, bytes, start, end) === ACCEPT;
}

function advance(state: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (state === ACCEPT && bytes[at]! < 0x80) {
      at = skipAscii(bytes, at, end);
      continue;
    }
    // `state` is at most REJECT, so the index is in bounds.
    state = NEXT[(state << 8) | bytes[at]!]!;
    if (state === REJECT) return REJECT;
    at++;
  }
  return state;
}

/** The first offset from `at` with a byte that is not ASCII, or `end`. Checks eight bytes per step. */
function skipAscii(bytes: Uint8Array, at: number, end: number): number {
  const lastStep = end - 8;
  while (at <= lastStep) {
    const all = bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]! |
      bytes[at + 4]! | bytes[at + 5]! | bytes[at + 6]! | bytes[at + 7]!;
    if (all >= 0x80) break;
    at += 8;
  }
  while (at < end && bytes[at]! < 0x80) at++;
  return at;
}
