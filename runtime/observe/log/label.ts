/**
 * The name of a route in the event log, with the prepared lines of an answered request.
 *
 * In: the label, `/ (index)`. Out: for a number of digits and an outcome, the three lines of a request. Nearly every
 * request is received, routed and answered in one turn, so its lines are written together.
 */

import type { LineStamp } from "./line_stamp.ts";
import { descriptorPlace, ReadyLines } from "./ready_lines.ts";

/** A route's name in the event log. */
export class LogLabel {
  /** The text after `route=`. */
  readonly text: string;
  readonly #lines: (ReadyLines | undefined)[] = [];

  /** @param text safe to log: see escape.ts */
  constructor(text: string) {
    this.text = text;
  }

  /** The lines for a descriptor of `digits` digits whose connection is kept alive or closed. */
  lines(digits: number, keepAlive: boolean, clock: LineStamp): ReadyLines {
    const at = digits * 2 + (keepAlive ? 1 : 0);
    const kept = this.#lines[at];
    if (kept !== undefined && kept.fits(clock)) return kept;
    return this.#lines[at] = this.#make(digits, keepAlive, clock.prefixLength);
  }

  #make(digits: number, keepAlive: boolean, prefixLength: number): ReadyLines {
    const head = `[HTTP] fd=${descriptorPlace(digits)}`;
    return new ReadyLines([
      `${head} recv request\n`,
      `${head} route=${this.text}\n`,
      `${head} done, ${keepAlive ? "keep-alive" : "closing"}\n`,
    ], prefixLength);
  }
}
