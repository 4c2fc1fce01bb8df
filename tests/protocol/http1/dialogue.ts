/**
 * A client's bytes against one connection, and what came of them as lines of text.
 *
 * In: pieces, and the end of the stream. Out: the transcript, the same for every arrival: `GET /path`,
 * `data …` (neighbours joined), `end`, `closed`, `error CODE STATUS`. Each piece is given in a
 * buffer that is overwritten afterwards, so that whatever should have been retained shows.
 */
import { ByteBuffer } from "../../../protocol/byte_buffer.ts";
import { NEED_DATA, ProtocolError } from "../../../protocol/errors.ts";
import { HTTP1_LIMITS, type Http1Limits } from "../../../protocol/limits.ts";
import {
  CLOSED,
  DATA,
  DateField,
  END_OF_MESSAGE,
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

/** How a dialogue goes. */
export interface DialogueOptions {
  /** Instead of the defaults. */
  readonly limits?: Partial<Http1Limits> | undefined;
  /** Whether requests are answered as soon as they are complete; default true. */
  readonly answers?: boolean;
}

/** Feeds a connection and writes down what happens. */
export class Dialogue {
  /** What happened so far. */
  readonly transcript: string[] = [];
  /** Owning copies of all heads, in order. */
  readonly heads: RequestHead[] = [];
  /** The connection that is spoken to. */
  readonly connection: Http1Connection;
  /** What the connection sent. */
  readonly out: ByteBuffer = new ByteBuffer();
  /** What the last call of `next()` answered; -1 after an error. */
  last = NEED_DATA;
  readonly #answers: boolean;

  constructor(options: DialogueOptions = {}) {
    const limits = { ...HTTP1_LIMITS, ...options.limits };
    const date = new DateField(TEST_TIME);
    this.connection = new Http1Connection({ head: new RequestHead(), limits, date });
    this.#answers = options.answers ?? true;
  }

  /** Gives one piece, takes all events, and spoils the bytes. */
  feed(piece: Uint8Array): void {
    // Not at the start of its buffer and not up to the end: offsets have to be heeded.
    const buffer = new Uint8Array(piece.length + 7).fill(POISON);
    buffer.set(piece, 3);
    this.connection.receive(buffer, 3, 3 + piece.length);
    this.takeEvents();
    this.connection.retain();
    buffer.fill(POISON);
  }

  /** Tells of the end of the stream, and takes all events. */
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

  /** The transcript with what is awaited at its end, where that is anything. */
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
