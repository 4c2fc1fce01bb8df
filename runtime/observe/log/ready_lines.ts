/**
 * Lines of the event log as prepared bytes, in which only the time and some numbers change.
 *
 * In: their text, with places for the numbers. Out: the bytes, with the time of this turn and with these numbers. Only
 * what differs from the last call is written again: the requests of a pipeline, or the messages of one connection in
 * a turn, cost a copy each.
 */

import { writeDigits } from "../../ring/mod.ts";
import type { LineStamp } from "./line_stamp.ts";

const DESCRIPTOR = 0;
const COUNT = 1;

const encoder = new TextEncoder();

/** The place of a descriptor of so many digits in the text of {@link ReadyLines}. */
export function descriptorPlace(digits: number): string {
  return String.fromCharCode(DESCRIPTOR).repeat(digits);
}

/** The place of a count of so many digits. */
export function countPlace(digits: number): string {
  return String.fromCharCode(COUNT).repeat(digits);
}

/** Prepared lines. */
export class ReadyLines {
  /** Length of the lines in bytes. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  // The same memory, for LogBuffer.copyWords.
  readonly #words: Float64Array;
  readonly #prefixLength: number;
  readonly #starts: readonly number[];
  // The offsets after the places of the descriptor, and of the count.
  readonly #descriptorEnds: readonly number[];
  readonly #countEnds: readonly number[];
  #version = -1;
  #descriptor = -1;
  #count = -1;

  /** @param lines in ASCII, with their line ends; @param prefixLength of the clock that {@link with} gets */
  constructor(lines: readonly string[], prefixLength: number) {
    const room = "0".repeat(prefixLength);
    const bytes = encoder.encode(lines.map((line) => room + line).join(""));
    this.#prefixLength = prefixLength;
    this.#starts = startsOf(bytes);
    this.#descriptorEnds = endsOf(bytes, DESCRIPTOR);
    this.#countEnds = endsOf(bytes, COUNT);
    this.length = bytes.length;
    this.#words = new Float64Array(Math.ceil(bytes.length / Float64Array.BYTES_PER_ELEMENT));
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#bytes.set(bytes);
  }

  /** Whether they have the prefix length of this clock. */
  fits(clock: LineStamp): boolean {
    return this.#prefixLength === clock.prefixLength;
  }

  /**
   * The bytes, with the time of this turn and with numbers of as many digits as they have places: the first
   * {@link length} bytes of these words.
   */
  with(clock: LineStamp, descriptor: number, count: number): Float64Array {
    if (this.#prefixLength > 0) this.#setTime(clock);
    if (descriptor !== this.#descriptor) {
      this.#descriptor = descriptor;
      for (const end of this.#descriptorEnds) writeDigits(this.#bytes, descriptor, end);
    }
    if (count !== this.#count) {
      this.#count = count;
      for (const end of this.#countEnds) writeDigits(this.#bytes, count, end);
    }
    return this.#words;
  }

  #setTime(clock: LineStamp): void {
    const prefix = clock.prefix();
    if (clock.version === this.#version) return;
    this.#version = clock.version;
    for (const start of this.#starts) this.#bytes.set(prefix, start);
  }
}

/** Offsets of the first byte of each line. */
function startsOf(bytes: Uint8Array): number[] {
  const ends = endsOf(bytes, NEWLINE);
  return [0, ...ends.slice(0, -1)];
}

/** Offsets after each run of this byte. */
function endsOf(bytes: Uint8Array, byte: number): number[] {
  const ends: number[] = [];
  bytes.forEach((found, at) => {
    if (found === byte && bytes[at + 1] !== byte) ends.push(at + 1);
  });
  return ends;
}

const NEWLINE = 0x0a;
