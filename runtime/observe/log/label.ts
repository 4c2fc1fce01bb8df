/**
 * The name of a route in the event log, with the prepared lines of an answered request.
 *
 * In: the label, `/ (index)`. Out: for a number of digits and an outcome, the three lines of a request as bytes,
 * with the time of this turn, room for the descriptor's digits, and their offsets. Nearly every request is
 * received, routed and answered in one turn, so its lines are one copy and a few digits. The time is written
 * into them once a turn.
 */

import { type LineClock } from "./line_clock.ts";

const encoder = new TextEncoder();

/** Prepared lines as bytes, with room for numbers. */
export class ReadyLines {
  /** Each line with its line end, after room for the prefix. */
  readonly bytes: Uint8Array;
  readonly #starts: readonly number[];
  readonly #prefixLength: number;
  #version = -1;

  /** @param lines with their line ends; @param prefixLength of the clock that {@link at} gets */
  constructor(lines: readonly string[], prefixLength: number) {
    this.#prefixLength = prefixLength;
    const room = "0".repeat(prefixLength);
    this.bytes = encoder.encode(lines.map((line) => room + line).join(""));
    let at = 0;
    this.#starts = lines.map((line) =>
      (at += prefixLength + line.length) - prefixLength - line.length
    );
  }

  /** Whether they have the prefix length of this clock. */
  fits(clock: LineClock): boolean {
    return this.#prefixLength === clock.prefixLength;
  }

  /** The bytes, with the time of this turn. */
  at(clock: LineClock): Uint8Array {
    if (this.#prefixLength === 0) return this.bytes;
    const prefix = clock.prefix();
    if (clock.version !== this.#version) {
      this.#version = clock.version;
      for (const start of this.#starts) this.bytes.set(prefix, start);
    }
    return this.bytes;
  }
}

/** The three lines of one request; the digits of the descriptor end at each of `ends`. */
export interface RequestLines {
  /** `[HTTP] fd=00 recv request\n[HTTP] fd=00 route=…\n[HTTP] fd=00 done, …\n` */
  readonly lines: ReadyLines;
  /** The offsets after the places of the three descriptors. */
  readonly ends: readonly [number, number, number];
}

/** A route's name in the event log. */
export class LogLabel {
  /** The text after `route=`. */
  readonly text: string;
  readonly #lines: (RequestLines | undefined)[] = [];

  /** @param text safe to log: see escape.ts */
  constructor(text: string) {
    this.text = text;
  }

  /** The lines for a descriptor of `digits` digits whose connection is kept alive or closed. */
  lines(digits: number, keepAlive: boolean, clock: LineClock): RequestLines {
    const at = digits * 2 + (keepAlive ? 1 : 0);
    const kept = this.#lines[at];
    if (kept !== undefined && kept.lines.fits(clock)) return kept;
    return this.#lines[at] = this.#make(digits, keepAlive, clock.prefixLength);
  }

  #make(digits: number, keepAlive: boolean, prefixLength: number): RequestLines {
    const head = `[HTTP] fd=${"0".repeat(digits)}`;
    const first = `${head} recv request\n`;
    const second = `${head} route=${this.text}\n`;
    const third = `${head} done, ${keepAlive ? "keep-alive" : "closing"}\n`;
    const end = prefixLength + head.length;
    const next = prefixLength + first.length;
    const last = next + prefixLength + second.length;
    return {
      lines: new ReadyLines([first, second, third], prefixLength),
      ends: [end, next + end, last + end],
    };
  }
}
