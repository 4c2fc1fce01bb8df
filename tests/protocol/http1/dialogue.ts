/**
 * Feeds a client's bytes to one connection and records the events as lines of text.
 *
 * In: pieces, and the end of the stream. Out: the transcript, which does not depend on the pieces:
 * `GET /path`, `data …` (adjacent ones joined), `end`, `closed`, `error CODE STATUS`. Each piece is passed
 * in a buffer that is overwritten afterwards, so bytes that were not retained are noticed.
 */
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { NEED_DATA, ProtocolError } from "../../../protocol/errors.ts";
import { HTTP1_LIMITS, type Http1Limits } from "../../../protocol/limits.ts";
import {
  CLOSED,
  DATA,
  DateField,
  END_OF_MESSAGE,
  type HeadCache,
  Http1Connection,
  PAUSED,
  REQUEST,
  RequestHead,
} from "../../../protocol/http1/mod.ts";
import { textOf } from "../../support/protocol_cases.ts";

/** The time of the Date field in all tests: the one of RFC 9110 section 5.6.7. */
export const TEST_TIME = 784_111_777_000;

const NOTHING = new Uint8Array(0);
const POISON = 0xaa;

/** Options of a dialogue. */
export interface DialogueOptions {
  /** Override the default limits. */
  readonly limits?: Partial<Http1Limits> | undefined;
  /** Whether requests are answered as soon as they are complete; default true. */
  readonly answers?: boolean;
  /** Heads that clients repeat; absent: every head is parsed. */
  readonly heads?: HeadCache;
}

/** Feeds a connection and records its events. */
export class Dialogue {
  /** The events so far. */
  readonly transcript: string[] = [];
  /** Owning copies of all heads, in order. */
  readonly heads: RequestHead[] = [];
  /** The connection under test. */
  readonly connection: Http1Connection;
  /** The bytes that the connection sent. */
  readonly out: ByteBuffer = new ByteBuffer();
  /** The result of the last call of `next()`; -1 after an error. */
  last = NEED_DATA;
  readonly #answers: boolean;

  constructor(options: DialogueOptions = {}) {
    const limits = { ...HTTP1_LIMITS, ...options.limits };
    const date = new DateField(TEST_TIME);
    const { heads } = options;
    this.connection = new Http1Connection({
      head: new RequestHead(),
      limits,
      date,
      ...(heads === undefined ? {} : { heads }),
    });
    this.#answers = options.answers ?? true;
  }

  /** Passes one piece, takes all events, and overwrites the bytes. */
  feed(piece: Uint8Array): void {
    // The piece is in the middle of its buffer, so that wrong offsets are noticed.
    const buffer = new Uint8Array(piece.length + 7).fill(POISON);
    buffer.set(piece, 3);
    this.connection.receive(buffer, 3, 3 + piece.length);
    this.takeEvents();
    this.connection.retain();
    buffer.fill(POISON);
  }

  /** Reports the end of the stream and takes all events. */
  end(): void {
    this.connection.receiveEof();
    this.takeEvents();
  }

  /** Takes events until there is none. */
  takeEvents(): void {
    if (this.last < 0) return;
    try {
      while (this.#takeEvent(this.connection.next())) { /* all is done in the condition */ }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.last = -1;
      this.transcript.push(`error ${error.code} ${error.status}`);
    }
  }

  /** The transcript; if the connection waits for something, its last line says so. */
  close(): string[] {
    if (this.last === NEED_DATA) return [...this.transcript, "need data"];
    return this.last === PAUSED ? [...this.transcript, "paused"] : this.transcript;
  }

  #takeEvent(event: number): boolean {
    const { connection, transcript } = this;
    const closedBefore = this.last === CLOSED;
    this.last = event;
    switch (event) {
      case REQUEST:
        this.heads.push(connection.head.clone());
        transcript.push(`${connection.head.method} ${connection.head.target}`);
        return true;
      case DATA:
        this.#addData(connection.data.subarray(connection.dataStart, connection.dataEnd));
        return true;
      case END_OF_MESSAGE:
        transcript.push("end");
        if (this.#answers) this.#answer();
        return true;
      case CLOSED:
        if (!closedBefore) transcript.push("closed");
        return false;
      default:
        return false;
    }
  }

  #addData(data: Uint8Array): void {
    const last = this.transcript.length - 1;
    const text = textOf(data);
    if (this.transcript[last]?.startsWith("data ")) this.transcript[last] += text;
    else this.transcript.push(`data ${text}`);
  }

  #answer(): void {
    const response = { status: 200, fields: [], contentLength: 0 };
    this.connection.sendWhole(this.out, response, NOTHING, 0, 0);
  }
}
