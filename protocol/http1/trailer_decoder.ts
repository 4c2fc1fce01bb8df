/**
 * Decoder of the trailer section after a chunked body, RFC 9112 section 7.1.2.
 *
 * In: bytes, in pieces of any size. Out: whether the section has ended. Called by the chunked decoder. It
 * checks field lines against the same grammar as the head parser, limits their number and bytes, and
 * drops them: RFC 9110 section 6.5.1 forbids merging a trailer into the head unless its definition allows
 * it, and no trailer is used here. So forbidden trailers are ignored like all others. A byte-level state
 * machine rather than the head parser, because nothing needs to be stored.
 */
import { COLON, CR, FIELD_TEXT, LF, TOKEN } from "../ascii.ts";
import type { Http1Limits } from "../limits.ts";
import { http1Error } from "./errors.ts";
import { badName, badValue } from "./field_lines.ts";

// What the decoder waits for. A line passes through the states in this order.
const LINE = 0;
const NAME = 1;
const VALUE = 2;
const LINE_LF = 3;
const LAST_LF = 4;
const ENDED = 5;

/** Checks trailers and drops them. */
export class TrailerDecoder {
  /** The offset after the last byte consumed by {@link decode}. */
  position = 0;
  #state = LINE;
  #count = 0;
  #bytes = 0;
  readonly #limits: Http1Limits;

  /** @param limits `fieldCount` and `headBytes` limit the section as they limit a head */
  constructor(limits: Http1Limits) {
    this.#limits = limits;
  }

  /** Starts a section. */
  begin(): void {
    this.#state = LINE;
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Consumes bytes from `start` on; returns true if the section has ended, at {@link position}. */
  decode(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    while (at < end && this.#state !== ENDED) {
      if (++this.#bytes > this.#limits.headBytes) throw http1Error("HTTP_TRAILERS_TOO_LARGE");
      this.#take(bytes[at]!);
      at++;
    }
    this.position = at;
    return this.#state === ENDED;
  }

  #take(byte: number): void {
    switch (this.#state) {
      case LINE:
        return this.#takeFirst(byte);
      case NAME:
        return this.#takeName(byte);
      case VALUE:
        return this.#takeValue(byte);
      default:
        return this.#takeLineFeed(byte);
    }
  }

  #takeFirst(byte: number): void {
    if (byte === CR) {
      this.#state = LAST_LF;
      return;
    }
    if (++this.#count > this.#limits.fieldCount) throw http1Error("HTTP_TRAILERS_TOO_LARGE");
    if (TOKEN[byte] === 0) throw badName(byte, true);
    this.#state = NAME;
  }

  #takeName(byte: number): void {
    if (byte === COLON) this.#state = VALUE;
    else if (TOKEN[byte] === 0) throw badName(byte, false);
  }

  #takeValue(byte: number): void {
    if (byte === CR) this.#state = LINE_LF;
    else if (FIELD_TEXT[byte] === 0) throw badValue(byte);
  }

  #takeLineFeed(byte: number): void {
    if (byte !== LF) throw http1Error("HTTP_BARE_CR");
    this.#state = this.#state === LAST_LF ? ENDED : LINE;
  }
}
