/**
 * Decoder of the chunked transfer coding, RFC 9112 section 7.1.
 *
 * In: bytes, in pieces of any size. Out: views of the chunk data in them, one per call, and the end of
 * the body. Called by the request reader. A byte-level state machine: it keeps a state and a few counters
 * but no bytes, so it never buffers anything.
 * ```abnf
 * chunked-body = *chunk last-chunk trailer-section CRLF
 * chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 * chunk-size   = 1*HEXDIG
 * last-chunk   = 1*("0") [ chunk-ext ] CRLF
 * chunk-ext    = …                                      ; chunk_extension.ts
 * ```
 */
import { CR, HEX_VALUE, LF, NOT_HEX } from "../ascii.ts";
import { NEED_DATA, type ProtocolError } from "../errors.ts";
import type { Http1Limits } from "../limits.ts";
import {
  AFTER_SIZE,
  BEFORE_FIRST,
  LINE_ENDED,
  nextInExtension,
  REFUSED,
} from "./chunk_extension.ts";
import { http1Error } from "./errors.ts";
import { DATA as DATA_EVENT, END_OF_MESSAGE } from "./events.ts";
import { TrailerDecoder } from "./trailer_decoder.ts";

// What the decoder waits for. A chunk passes through the states in this order.
const SIZE = 0;
const MORE_SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILERS = 7;

/** Decodes a chunked body. */
export class ChunkedDecoder {
  /** The offset after the last byte consumed by {@link decode}. */
  position = 0;
  /** Where the data of a DATA event starts in the bytes of the last call; it ends at {@link position}. */
  dataStart = 0;
  #state = SIZE;
  #extension = AFTER_SIZE;
  #lineBytes = 0;
  // Bytes of the current chunk that have not arrived; while its size is read, the size so far.
  #chunk = 0;
  // Bytes that further chunks may still declare.
  #allowed = 0;
  readonly #limits: Http1Limits;
  readonly #trailers: TrailerDecoder;

  /** @param limits the limits of bodies, chunk-size lines and trailers */
  constructor(limits: Http1Limits) {
    this.#limits = limits;
    this.#trailers = new TrailerDecoder(limits);
  }

  /** Starts a body. */
  begin(): void {
    this.#state = SIZE;
    this.#lineBytes = 0;
    this.#chunk = 0;
    this.#allowed = Math.min(this.#limits.bodyBytes, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Consumes bytes from `start` to the end of the next piece of data. Never call it between
   * END_OF_MESSAGE and {@link begin}.
   *
   * @returns DATA, END_OF_MESSAGE or NEED_DATA; {@link position} is the offset after the consumed bytes
   * @throws ProtocolError with 400, 413 or 431
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.position = start;
    while (this.position < end) {
      if (this.#state === DATA) return this.#takeData(end);
      if (this.#state === TRAILERS) return this.#takeTrailers(bytes, end);
      this.#take(bytes[this.position]!);
      this.position++;
    }
    return NEED_DATA;
  }

  #take(byte: number): void {
    switch (this.#state) {
      case SIZE:
        return this.#takeFirstDigit(byte);
      case MORE_SIZE:
        return this.#takeDigit(byte);
      case EXTENSION:
        return this.#takeExtension(byte);
      case SIZE_LF:
        return this.#takeSizeEnd(byte);
      case DATA_CR:
        return this.#takeDataEnd(byte, CR, DATA_LF);
      default:
        return this.#takeDataEnd(byte, LF, SIZE);
    }
  }

  #takeFirstDigit(byte: number): void {
    this.#chunk = 0;
    this.#lineBytes = 0;
    if (HEX_VALUE[byte] === NOT_HEX) throw http1Error("HTTP_BAD_CHUNK_SIZE", byte);
    this.#state = MORE_SIZE;
    this.#takeDigit(byte);
  }

  #takeDigit(byte: number): void {
    const digit = HEX_VALUE[byte]!;
    if (digit === NOT_HEX) {
      this.#state = EXTENSION;
      this.#extension = AFTER_SIZE;
      return this.#takeExtension(byte);
    }
    this.#countLineByte();
    this.#chunk = this.#chunk * 16 + digit;
    // Checked at each digit: the limit applies before the data arrives, and the number stays exact.
    if (this.#chunk > this.#allowed) throw http1Error("HTTP_BODY_TOO_LARGE");
  }

  /** RFC 9112 section 7.1.1: unknown extensions are ignored, and their length must be limited. */
  #takeExtension(byte: number): void {
    const next = nextInExtension(this.#extension, byte);
    if (next === LINE_ENDED) {
      this.#state = SIZE_LF;
      return;
    }
    this.#countLineByte();
    if (next === REFUSED) throw badSizeLine(this.#extension, byte);
    this.#extension = next;
  }

  #takeSizeEnd(byte: number): void {
    if (byte !== LF) throw http1Error("HTTP_BARE_CR");
    if (this.#chunk === 0) {
      this.#trailers.begin();
      this.#state = TRAILERS;
      return;
    }
    this.#allowed -= this.#chunk;
    this.#state = DATA;
  }

  #takeData(end: number): number {
    const count = Math.min(end - this.position, this.#chunk);
    this.#chunk -= count;
    if (this.#chunk === 0) this.#state = DATA_CR;
    this.dataStart = this.position;
    this.position += count;
    return DATA_EVENT;
  }

  /** The data must be followed by exactly CRLF; any other byte means that the chunk size was wrong. */
  #takeDataEnd(byte: number, wanted: number, next: number): void {
    if (byte !== wanted) throw http1Error("HTTP_BAD_CHUNK_END", byte);
    this.#state = next;
  }

  #takeTrailers(bytes: Uint8Array, end: number): number {
    const ended = this.#trailers.decode(bytes, this.position, end);
    this.position = this.#trailers.position;
    return ended ? END_OF_MESSAGE : NEED_DATA;
  }

  #countLineByte(): void {
    this.#lineBytes++;
    if (this.#lineBytes > this.#limits.chunkLineBytes) {
      throw http1Error("HTTP_CHUNK_LINE_TOO_LONG");
    }
  }
}

/** The error if `byte` cannot continue a chunk-size line. White space must not pad the size. */
function badSizeLine(extension: number, byte: number): ProtocolError {
  const isAfterSize = extension === AFTER_SIZE || extension === BEFORE_FIRST;
  return http1Error(isAfterSize ? "HTTP_BAD_CHUNK_SIZE_END" : "HTTP_BAD_CHUNK_EXTENSION", byte);
}
