/**
 * What the log says of a route, with the whole lines of an answered request kept as bytes.
 *
 * In: the label, `/ (index)`. Out: for a descriptor of so many digits and an outcome, the three
 * lines of a request with room for the digits, and where these go. Nearly every request is received,
 * routed and answered in one go, so its lines are one copy and a few digits.
 */

const encoder = new TextEncoder();

/** The lines of one request; the digits of the descriptor belong before each of `ends`. */
export interface RequestLines {
  /** `[HTTP] fd=00 recv request\n[HTTP] fd=00 route=…\n[HTTP] fd=00 done, …\n` */
  readonly bytes: Uint8Array;
  /** The offsets right behind the places of the three descriptors. */
  readonly ends: readonly [number, number, number];
}

/** A route's name in the log. */
export class LogLabel {
  /** The text as it stands behind `route=`. */
  readonly text: string;
  readonly #lines: (RequestLines | undefined)[] = [];

  /** @param text safe to log: see escape.ts */
  constructor(text: string) {
    this.text = text;
  }

  /** The lines for a descriptor of `digits` digits whose connection is kept alive or closed. */
  lines(digits: number, keepAlive: boolean): RequestLines {
    const at = digits * 2 + (keepAlive ? 1 : 0);
    return this.#lines[at] ??= this.#make(digits, keepAlive);
  }

  #make(digits: number, keepAlive: boolean): RequestLines {
    const head = `[HTTP] fd=${"0".repeat(digits)}`;
    const first = `${head} recv request\n`;
    const second = `${head} route=${this.text}\n`;
    const third = `${head} done, ${keepAlive ? "keep-alive" : "closing"}\n`;
    const end = head.length;
    const ends = [end, first.length + end, first.length + second.length + end] as const;
    return { bytes: encoder.encode(first + second + third), ends };
  }
}
