/**
 * The name of a route in the event log, with the prepared lines of a request.
 *
 * In: the label, `/ (index)`. Out: for a number of digits and an outcome, the three lines of a request that is received, routed and answered
 * in one turn: nearly every one is, so its lines are written together; or the first two, if the answer comes later.
 */

import type { LineStamp } from "./line_stamp.ts";
import { descriptorPlace, ReadyLines } from "./ready_lines.ts";

/** A route's name in the event log. */
export class LogLabel {
  /** The text after `route=`. */
  readonly text: string;
  readonly #lines: (ReadyLines | undefined)[] = [];
  readonly #receivedLines: (ReadyLines | undefined)[] = [];

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

  /** The first two of them. */
  receivedLines(digits: number, clock: LineStamp): ReadyLines {
    const kept = this.#receivedLines[digits];
    if (kept !== undefined && kept.fits(clock)) return kept;
    return this.#receivedLines[digits] = new ReadyLines(this.#received(digits), clock.prefixLength);
  }

  #make(digits: number, keepAlive: boolean, prefixLength: number): ReadyLines {
    return new ReadyLines([...this.#received(digits), doneLine(digits, keepAlive)], prefixLength);
  }

  #received(digits: number): string[] {
    const head = headOf(digits);
    return [`${head} recv request\n`, `${head} route=${this.text}\n`];
  }
}

/** The last line of a request. */
export function doneLine(digits: number, keepAlive: boolean): string {
  return `${headOf(digits)} done, ${keepAlive ? "keep-alive" : "closing"}\n`;
}

function headOf(digits: number): string {
  return `[HTTP] fd=${descriptorPlace(digits)}`;
}
