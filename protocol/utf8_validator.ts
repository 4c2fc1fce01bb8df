/**
 * UTF-8 judged as it arrives (RFC 3629; Unicode table 3-7), for text messages and close reasons.
 *
 * In: bytes in pieces of any size, cut anywhere, also inside a character. Out: whether what came
 * so far can still become UTF-8; the first byte that makes it impossible is the one that fails.
 * Nothing is kept but one small integer, and no bytes are copied or changed.
 */

/** Between characters: the only state in which a text may end. */
const ACCEPT = 0;
const ONE_MORE = 1;
const TWO_MORE = 2;
const THREE_MORE = 3;
/** The second byte is narrowed after four leads: overlong forms, surrogates, above U+10FFFF. */
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;
/** No UTF-8 any more, whatever comes. */
const REJECT = 8;

/** Unicode table 3-7 as rows: in this state, a byte of first–last leads to the next state. */
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

/** Next state at `state * 256 + byte`; what no row names is REJECT. */
const NEXT = new Uint8Array((REJECT + 1) * 256).fill(REJECT);
for (const [state, first, last, next] of ROWS) {
  NEXT.fill(next, state * 256 + first, state * 256 + last + 1);
}

/** Judges one text that comes in pieces. */
export class Utf8Validator {
  #state = ACCEPT;

  /**
   * Takes the next piece of the text, `bytes[start, end)`.
   *
   * @returns false when the text cannot be UTF-8 any more, and from then on until {@link reset}
   */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    this.#state = advance(this.#state, bytes, start, end);
    return this.#state !== REJECT;
  }

  /** Whether the text may end here, that is not inside a character. Changes nothing. */
  finish(): boolean {
    return this.#state === ACCEPT;
  }

  /** Begins a new text. */
  reset(): void {
    this.#state = ACCEPT;
  }
}

/** Whether `bytes[start, end)` is UTF-8 by itself. */
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
    // `state` is at most REJECT, so the index is within the table.
    state = NEXT[(state << 8) | bytes[at]!]!;
    if (state === REJECT) return REJECT;
    at++;
  }
  return state;
}

/** The first offset from `at` that holds no ASCII, or `end`. Eight bytes a step: most text is. */
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
