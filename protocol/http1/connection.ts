/**
 * One HTTP/1.1 connection, the server's side of it, without any I/O.
 *
 * In: received bytes, and responses. Out: events (`next()`), and the bytes to send, appended to a
 * ByteBuffer. Fed by the session that has the socket:
 * ```
 * receive(bytes, start, end) → next() until NEED_DATA, PAUSED, SWITCHED_PROTOCOL or CLOSED → retain()
 * ```
 * Requests are handled one at a time and answered in order: behind a request whose response is not
 * finished nothing is read (PAUSED), and the caller stops receiving. A fault of the peer is thrown
 * by `next()` as a ProtocolError, to be answered by `sendError()` if no response has begun;
 * afterwards everything received is ignored and `next()` says CLOSED. Misuse throws TypeError or
 * RangeError before anything was sent. What an event gives are views: data until the next call of
 * `next()`, a head until any connection of the worker reads another; both at most until `receive()`
 * or `retain()`.
 */
import { latin1Bytes } from "../ascii.ts";
import type { ByteBuffer } from "../byte_buffer.ts";
import { ProtocolError } from "../errors.ts";
import type { Http1Limits } from "../limits.ts";
import {
  CLIENT,
  type ClientState,
  ConnectionState,
  RECEIVED,
  SENT,
  SERVER,
  type ServerState,
} from "./connection_state.ts";
import type { DateField } from "./date_field.ts";
import { CLOSED, DATA, END_OF_MESSAGE, PAUSED, REQUEST, SWITCHED_PROTOCOL } from "./events.ts";
import { hasNoBody, type PreparedResponse } from "./prepared_response.ts";
import type { RequestHead } from "./request_head.ts";
import { RequestReader } from "./request_reader.ts";
import { CHUNKED, COUNTED, DROPPED, ResponseBody, UNTIL_CLOSE } from "./response_body.ts";
import {
  CLOSES,
  encodeResponseHead,
  GOES_ON,
  GOES_ON_SAID,
  IN_CHUNKS,
  type ResponseFields,
  type ResponseForm,
  type ResponseHead,
  UNFRAMED,
} from "./response_encoder.ts";

/** What all connections of one worker share. */
export interface Http1ConnectionOptions {
  /** The worker's scratch head: every connection parses into it. */
  readonly head: RequestHead;
  /** Bounds on what the peer sends. */
  readonly limits: Http1Limits;
  /** The worker's date, which somebody sets once a second. */
  readonly date: DateField;
}

const NO_FIELDS: ResponseFields = [];
const CONTINUE_BYTES = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");
const TEXT_FIELD = ["Content-Type", "text/plain; charset=utf-8"] as const;
const UTF8 = new TextEncoder();

/** The server's side of a connection. */
export class Http1Connection {
  /** The request's head at REQUEST; the worker's scratch, so `clone()` it to keep it. */
  readonly head: RequestHead;
  /** The date that responses carry. */
  readonly date: DateField;
  readonly #reader: RequestReader;
  readonly #state = new ConnectionState();
  readonly #form: ResponseForm;
  readonly #body = new ResponseBody();

  /** @param options one object serves all connections of a worker */
  constructor(options: Http1ConnectionOptions) {
    this.head = options.head;
    this.date = options.date;
    this.#reader = new RequestReader(options.head, options.limits);
    this.#form = { date: options.date, contentLength: UNFRAMED, persistence: GOES_ON };
  }

  /** Where the data of a DATA event is. */
  get data(): Uint8Array {
    return this.#reader.data;
  }

  /** The first byte of the data. */
  get dataStart(): number {
    return this.#reader.dataStart;
  }

  /** Behind the last byte of the data. */
  get dataEnd(): number {
    return this.#reader.dataEnd;
  }

  /** Where the client stands, by name. */
  get clientState(): ClientState {
    return this.#state.clientName;
  }

  /** Where we stand, by name. */
  get serverState(): ServerState {
    return this.#state.serverName;
  }

  /** Whether the request's body has not come to its end. */
  get awaitsBody(): boolean {
    return this.#state.client === CLIENT.SEND_BODY;
  }

  /** Whether a response may begin: none has since the last request, or there was no request yet. */
  get mayRespond(): boolean {
    return this.#state.server === SERVER.IDLE || this.#state.server === SERVER.SEND_RESPONSE;
  }

  /** Whether the connection goes on after the current response. */
  get keepAlive(): boolean {
    return this.#state.keepAlive;
  }

  /** Bytes received and not consumed; the caller bounds them by not reading while PAUSED. */
  get buffered(): number {
    return this.#reader.input.end - this.#reader.input.start;
  }

  /** Whether the peer's end of the stream was told. */
  get ended(): boolean {
    return this.#reader.eof;
  }

  /** Gives received bytes, a view that stays the caller's and is let go of by {@link retain}. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state.client === CLIENT.ERROR || this.#state.client === CLIENT.CLOSED) return;
    this.#reader.input.receive(bytes, start, end);
  }

  /** Tells that the peer will send no more; it may still be reading (a half-closed connection). */
  receiveEof(): void {
    this.#reader.eof = true;
  }

  /** Lets go of the view given to {@link receive}, by copying what is not consumed. */
  retain(): void {
    this.#reader.retain();
  }

  /**
   * The next event, or NEED_DATA.
   *
   * @throws ProtocolError with the HTTP status to answer with
   */
  next(): number {
    try {
      return this.#next();
    } catch (error) {
      if (error instanceof ProtocolError) {
        this.#state.receive(RECEIVED.Error);
        this.#reader.input.drop();
      }
      throw error;
    }
  }

  /** Lets no request follow the current one, as when the server stops. */
  mustClose(): void {
    this.#state.disableKeepAlive();
  }

  /** After SWITCHED_PROTOCOL: a copy of what was received behind the request, once. */
  takeTrailing(): Uint8Array<ArrayBuffer> {
    if (this.#state.client !== CLIENT.SWITCHED_PROTOCOL) {
      throw new TypeError("Cannot take trailing bytes: the protocol was not switched");
    }
    const input = this.#reader.input;
    const trailing = new Uint8Array(input.bytes.subarray(input.start, input.end));
    input.drop();
    return trailing;
  }

  /**
   * Sends 100 if the client may be waiting for it, and says whether it did: not when none is
   * expected, nor when a response or the body has begun (RFC 9110 section 10.1.1).
   */
  sendContinue(out: ByteBuffer): boolean {
    if (!this.#reader.awaitsContinue) return false;
    this.#reader.awaitsContinue = false;
    if (this.buffered > 0 || this.#state.client !== CLIENT.SEND_BODY) return false;
    this.#state.send(SENT.Informational);
    out.append(CONTINUE_BYTES);
    return true;
  }

  /** Sends a head; {@link sendData} and {@link sendEnd} follow. */
  sendResponse(out: ByteBuffer, response: ResponseHead): void {
    this.#begin(out, response, response.contentLength);
  }

  /** Sends a piece of the body. Dropped where the response has none: HEAD, 204, 304. */
  sendData(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): void {
    this.#state.mustAllow(SENT.Data);
    this.#body.append(out, bytes, start, end);
    this.#state.send(SENT.Data);
  }

  /**
   * Counts bytes of the body that the caller sends itself, as by sendfile; false where the response
   * has no body and nothing is to be sent. Not for bodies in chunks.
   */
  sendDataOutside(count: number): boolean {
    this.#state.mustAllow(SENT.Data);
    const wanted = this.#body.count(count);
    this.#state.send(SENT.Data);
    return wanted;
  }

  /** Ends the response. */
  sendEnd(out: ByteBuffer): void {
    this.#state.mustAllow(SENT.EndOfMessage);
    this.#body.end(out);
    this.#state.send(SENT.EndOfMessage);
  }

  /**
   * Sends head, body and end in one go. A `contentLength` of -1 stands for the body's own length; to
   * HEAD it may tell the length of the body that GET would get.
   */
  sendWhole(
    out: ByteBuffer,
    response: ResponseHead,
    body: Uint8Array,
    start: number,
    end: number,
  ): void {
    const length = response.contentLength >= 0 ? response.contentLength : end - start;
    const dropped = this.#reader.isHead || hasNoBody(response.status);
    if (!dropped && length !== end - start) {
      throw new RangeError(`Cannot send ${end - start} bytes with Content-Length: ${length}`);
    }
    this.#begin(out, response, length);
    this.#body.append(out, body, start, end);
    // Of a dropped body nothing is counted; of another everything was sent.
    this.#state.send(SENT.EndOfMessage);
  }

  /** Sends a whole response that was encoded before. */
  sendPrepared(out: ByteBuffer, prepared: PreparedResponse): void {
    if (prepared.bytesOutside > 0) throw new TypeError("Cannot send a body that is elsewhere");
    this.#sendPrepared(out, prepared);
    this.#state.send(SENT.EndOfMessage);
  }

  /** Sends a head that was encoded before; {@link sendDataOutside} and {@link sendEnd} follow. */
  sendPreparedHead(out: ByteBuffer, prepared: PreparedResponse): void {
    this.#sendPrepared(out, prepared);
    const dropped = this.#reader.isHead || hasNoBody(prepared.status);
    this.#body.begin(dropped ? DROPPED : COUNTED, prepared.bytesOutside);
  }

  /**
   * Sends 101 and leaves HTTP: the next event is SWITCHED_PROTOCOL. Possible after a request with
   * `head.upgrade`, when its body is read. `Connection: Upgrade` is added to the Upgrade field.
   */
  switchProtocol(out: ByteBuffer, response: ResponseHead): void {
    if (response.status !== 101) {
      throw new TypeError(`Cannot switch protocols with status ${response.status}`);
    }
    // A request without a body is complete, whether END_OF_MESSAGE was asked for or not.
    if (this.#state.client === CLIENT.SEND_BODY && this.#reader.hasNoBody) {
      this.#state.receive(RECEIVED.EndOfMessage);
    }
    this.#state.mustAllow(SENT.Switch);
    this.#form.contentLength = UNFRAMED;
    this.#form.persistence = GOES_ON;
    encodeResponseHead(out, response, this.#form);
    this.#state.send(SENT.Switch);
  }

  /**
   * Answers a ProtocolError: a short text, and the end of the connection. Only when no response has
   * begun ({@link mayRespond}).
   */
  sendError(
    out: ByteBuffer,
    error: ProtocolError,
    text: string = error.message + "\n",
    fields: ResponseFields = NO_FIELDS,
  ): void {
    this.#state.mustAllow(SENT.Response);
    this.mustClose();
    const body = UTF8.encode(text);
    const response = { status: error.status, fields: [TEXT_FIELD, ...fields], contentLength: -1 };
    this.sendWhole(out, response, body, 0, body.length);
  }

  #sendPrepared(out: ByteBuffer, prepared: PreparedResponse): void {
    this.#settleRequest();
    if (prepared.closes) this.#state.disableKeepAlive();
    out.append(prepared.bytesFor(this.#reader.isHead, this.#persistence()));
    this.#state.send(SENT.Response);
  }

  #next(): number {
    this.#state.startNextCycle();
    switch (this.#state.client) {
      case CLIENT.IDLE:
        return this.#nextHead();
      case CLIENT.SEND_BODY:
        return this.#nextOfBody();
      case CLIENT.SWITCHED_PROTOCOL:
        return SWITCHED_PROTOCOL;
      case CLIENT.DONE:
      case CLIENT.MIGHT_SWITCH_PROTOCOL:
        return PAUSED;
      case CLIENT.MUST_CLOSE:
        return this.#state.server === SERVER.MUST_CLOSE ? this.#close() : PAUSED;
      default:
        return CLOSED;
    }
  }

  #nextHead(): number {
    const event = this.#reader.nextHead();
    if (event === CLOSED) return this.#close();
    if (event === REQUEST) {
      this.#state.receiveRequest(this.head.upgrade);
      if (!this.head.keepAlive) this.#state.disableKeepAlive();
    }
    return event;
  }

  #nextOfBody(): number {
    const event = this.#reader.nextOfBody();
    if (event === DATA) this.#state.receive(RECEIVED.Data);
    else if (event === END_OF_MESSAGE) this.#state.receive(RECEIVED.EndOfMessage);
    return event;
  }

  #close(): number {
    this.#state.receive(RECEIVED.Close);
    if (this.#state.server === SERVER.MUST_CLOSE) this.#state.send(SENT.Close);
    this.#reader.input.drop();
    return CLOSED;
  }

  #begin(out: ByteBuffer, response: ResponseHead, contentLength: number): void {
    if (response.status < 200) {
      throw new RangeError(`Cannot end a request with status ${response.status}`);
    }
    this.#settleRequest();
    const noBody = hasNoBody(response.status);
    const untilClose = contentLength < 0 && this.#reader.isHttp10 && !noBody;
    // RFC 9112 section 6.1: no Transfer-Encoding to HTTP/1.0, so that the close ends the body.
    if (untilClose) this.#state.disableKeepAlive();
    // RFC 9110 section 8.6: no Content-Length in 204, and in 304 only that of the 200 it spares.
    const unframed = noBody || untilClose;
    this.#form.contentLength = unframed ? UNFRAMED : contentLength < 0 ? IN_CHUNKS : contentLength;
    this.#form.persistence = this.#persistence();
    if (encodeResponseHead(out, response, this.#form)) this.#state.disableKeepAlive();
    this.#state.send(SENT.Response);
    if (noBody || this.#reader.isHead) this.#body.begin(DROPPED, 0);
    else if (untilClose) this.#body.begin(UNTIL_CLOSE, 0);
    else if (contentLength < 0) this.#body.begin(CHUNKED, 0);
    else this.#body.begin(COUNTED, contentLength);
  }

  /** What has to be decided about the request before a head can say how the connection goes on. */
  #settleRequest(): void {
    this.#state.mustAllow(SENT.Response);
    // A response to a head that was not or could not be read is the last one.
    if (this.#state.server === SERVER.IDLE) this.#state.disableKeepAlive();
    if (this.#reader.awaitsContinue) this.#refuseBody();
  }

  #persistence(): number {
    if (!this.#state.keepAlive) return CLOSES;
    return this.#reader.isHttp10 ? GOES_ON_SAID : GOES_ON;
  }

  /**
   * RFC 9110 section 10.1.1: a final answer without 100 leaves it open whether the client will send
   * the body, unless that has begun to come. What follows could be either, so nothing is read.
   */
  #refuseBody(): void {
    this.#reader.awaitsContinue = false;
    if (this.buffered > 0 || this.#state.client !== CLIENT.SEND_BODY) return;
    this.#state.receive(RECEIVED.BodyRefused);
  }
}
