/**
 * The receiving half of a connection: parses bytes into heads and pieces of bodies.
 *
 * In: received bytes and the end of the stream. Out: the events of one request after another, and the
 * properties of the current request that the response depends on. Called by the connection, which knows
 * the states of both sides and asks for a head or a body; this class knows only framing.
 * Memory: at most one incomplete head, or what the caller receives without asking for events.
 */
import { LF } from "../ascii.ts";
import { NEED_DATA } from "../errors.ts";
import type { Http1Limits } from "../limits.ts";
import { ChunkedDecoder } from "./chunked_decoder.ts";
import { http1Error } from "./errors.ts";
import { CLOSED, DATA, END_OF_MESSAGE, REQUEST } from "./events.ts";
import { FixedLengthDecoder } from "./fixed_length_decoder.ts";
import { type HeadCache, NO_SLOT } from "./head_cache.ts";
import type { MemoryLedger } from "../message_buffer_pool.ts";
import { InputBuffer } from "./input_buffer.ts";
import type { RequestHead } from "./request_head.ts";
import { EMPTY_LINES_BYTES, isEmptyLines, parseRequestHead } from "./request_parser.ts";

// How the request's body is framed.
const NO_BODY = 0;
const BY_LENGTH = 1;
const BY_CHUNKS = 2;

const NO_BYTES = new Uint8Array(0);
const CRLF_LENGTH = 2;
/** Of the heads that were not repeated, this many are kept for comparison, and then one of this many. */
const KEPT_AT_FIRST = 4;
const KEPT_ONE_OF = 16;

/** Options, shared by all connections of a worker. */
export interface RequestReaderOptions {
  /** The worker's scratch head: every connection parses into it. */
  readonly head: RequestHead;
  /** Limits on what the peer sends. */
  readonly limits: Http1Limits;
  /** Counts the memory of input that connections keep; absent: nobody does. */
  readonly ledger?: MemoryLedger;
  /** Heads that clients repeat; absent: every head is parsed. */
  readonly heads?: HeadCache;
}

/** Reads requests. */
export class RequestReader {
  /** Bytes that are not consumed. */
  readonly input: InputBuffer;
  /** Whether no more bytes will arrive. */
  eof = false;
  /** The array with the data of the last DATA event. */
  data: Uint8Array = NO_BYTES;
  /** The offset of the first byte of the data. */
  dataStart = 0;
  /** The offset after the last byte of the data. */
  dataEnd = 0;
  // Of the current request. Copied from the head, which is scratch that other connections overwrite.
  /** Whether its method is HEAD. */
  isHead = false;
  /** Whether its version is HTTP/1.0. */
  isHttp10 = false;
  /** Whether the client may be waiting for 100 (Continue) before it sends the body. */
  awaitsContinue = false;

  readonly #head: RequestHead;
  readonly #limits: Http1Limits;
  #framing = NO_BODY;
  readonly #fixed = new FixedLengthDecoder();
  #chunked: ChunkedDecoder | undefined = undefined;
  // How many bytes of an incomplete head were parsed, and at how many bytes it is parsed again even if no
  // further LF has arrived.
  #tried = 0;
  #tryAt = 0;
  // The last head in the worker's cache, and how many heads since the last repeated one were parsed.
  readonly #heads: HeadCache | undefined;
  #slot = NO_SLOT;
  #parsed = 0;

  constructor({ head, limits, ledger, heads }: RequestReaderOptions) {
    this.#head = head;
    this.#limits = limits;
    this.#heads = heads;
    this.input = new InputBuffer(ledger);
  }

  /** Back to the state of a new connection; nothing of the last one is kept. */
  reset(): void {
    this.input.drop();
    this.eof = false;
    this.data = NO_BYTES;
    this.dataStart = 0;
    this.dataEnd = 0;
    this.isHead = false;
    this.isHttp10 = false;
    this.awaitsContinue = false;
    this.#framing = NO_BODY;
    this.#fixed.begin(0);
    this.#chunked = undefined;
    this.#tried = 0;
    this.#tryAt = 0;
    this.#slot = NO_SLOT;
    this.#parsed = 0;
  }

  /** Whether the current request has no body. */
  get hasNoBody(): boolean {
    return this.#framing === NO_BODY;
  }

  /** Drops the last data and releases the caller's view. */
  retain(): void {
    this.data = NO_BYTES;
    this.dataStart = 0;
    this.dataEnd = 0;
    this.input.retain();
  }

  /** Reads a head: returns REQUEST, NEED_DATA, or CLOSED if the stream ended between two requests. */
  nextHead(): number {
    this.isHead = false;
    this.isHttp10 = false;
    this.awaitsContinue = false;
    const input = this.input;
    if (input.start === input.end) return this.eof ? CLOSED : NEED_DATA;
    const repeated = this.#findRepeated();
    if (repeated > 0) return this.#begin(repeated);
    if (!this.#mayBeComplete()) {
      this.#tried = input.end - input.start;
      return NEED_DATA;
    }
    const taken = parseRequestHead(input.bytes, input.start, input.end, this.#head, this.#limits);
    if (taken === NEED_DATA) return this.#needMoreOfHead();
    this.#keepHead(taken);
    return this.#begin(taken);
  }

  /** Continues with the body: returns DATA, END_OF_MESSAGE or NEED_DATA. */
  nextOfBody(): number {
    if (this.#framing === NO_BODY) return END_OF_MESSAGE;
    if (this.#framing === BY_LENGTH && this.#fixed.remaining === 0) return END_OF_MESSAGE;
    const input = this.input;
    if (input.start === input.end) return this.#needMoreOfBody();
    this.awaitsContinue = false;
    return this.#framing === BY_LENGTH ? this.#nextByLength() : this.#nextByChunks();
  }

  /** The length of the input's first head if that is the same as the last one, which is in {@link #head} then; otherwise 0. */
  #findRepeated(): number {
    if (this.#slot === NO_SLOT || this.#heads === undefined) return 0;
    const { bytes, start, end } = this.input;
    const length = this.#heads.find(this.#slot, bytes, start, end, this.#head);
    if (length > 0) this.#parsed = 0;
    return length;
  }

  /** Keeps the parsed head, to compare the next one. Not the first one: most connections have only one. */
  #keepHead(length: number): void {
    const parsed = this.#parsed++;
    if (this.#heads === undefined || parsed === 0) return;
    if (parsed > KEPT_AT_FIRST && parsed % KEPT_ONE_OF !== 0) return;
    const { bytes, start } = this.input;
    this.#slot = this.#heads.keep(this.#head, bytes, start, start + length);
  }

  /** Begins the request whose head is the first `length` bytes of the input. */
  #begin(length: number): number {
    this.input.start += length;
    this.#tried = 0;
    this.#tryAt = 0;
    this.#beginBody(this.#head);
    return REQUEST;
  }

  #beginBody(head: RequestHead): void {
    this.isHead = head.method === "HEAD";
    this.isHttp10 = head.minorVersion === 0;
    this.awaitsContinue = head.expectContinue;
    if (head.chunked) {
      this.#framing = BY_CHUNKS;
      this.#chunked ??= new ChunkedDecoder(this.#limits);
      this.#chunked.begin();
    } else if (head.contentLength > 0) {
      this.#framing = BY_LENGTH;
      this.#fixed.begin(head.contentLength);
    } else {
      // RFC 9112 section 6.3 rule 7: a request with neither field has no body.
      this.#framing = NO_BODY;
    }
  }

  /** Whether an incomplete head should be parsed again: an LF has arrived, or a limit is reached. */
  #mayBeComplete(): boolean {
    const { bytes, start, end } = this.input;
    // At the end of the stream, the incomplete last line is checked too.
    if (this.eof || end - start >= this.#tryAt) return true;
    for (let at = start + this.#tried; at < end; at++) {
      if (bytes[at] === LF) return true;
    }
    return false;
  }

  #needMoreOfHead(): number {
    const { bytes, start, end } = this.input;
    if (this.eof) {
      if (isEmptyLines(bytes, start, end)) return CLOSED;
      throw http1Error("HTTP_INCOMPLETE");
    }
    this.#tried = end - start;
    this.#tryAt = this.#nextTry(end - start);
    return NEED_DATA;
  }

  /**
   * The number of bytes at which an incomplete head of `tried` bytes is parsed again even without a new LF:
   * when the request line reaches its limit, and when the head does. The parser then refuses it. This adds
   * only a few attempts, whatever the client sends.
   */
  #nextTry(tried: number): number {
    const headFull = this.#limits.headBytes;
    const lineFull = this.#limits.requestLineBytes + CRLF_LENGTH;
    if (tried < lineFull) return Math.min(lineFull, headFull);
    // Empty lines may precede the request line, which then reaches its limit that many bytes later.
    return tried < lineFull + EMPTY_LINES_BYTES ? tried + 1 : headFull;
  }

  #needMoreOfBody(): number {
    // RFC 9112 section 8: a request whose body ends early is incomplete.
    if (this.eof) throw http1Error("HTTP_INCOMPLETE");
    return NEED_DATA;
  }

  #nextByLength(): number {
    const input = this.input;
    const start = input.start;
    input.start += this.#fixed.take(input.end - start);
    return this.#giveData(start, input.start);
  }

  #nextByChunks(): number {
    const input = this.input;
    const decoder = this.#chunked!;
    const event = decoder.decode(input.bytes, input.start, input.end);
    input.start = decoder.position;
    if (event === DATA) return this.#giveData(decoder.dataStart, decoder.position);
    return event === NEED_DATA ? this.#needMoreOfBody() : event;
  }

  #giveData(start: number, end: number): number {
    this.data = this.input.bytes;
    this.dataStart = start;
    this.dataEnd = end;
    return DATA;
  }
}
