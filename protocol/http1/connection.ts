/**
 * The server side of one HTTP/1.1 connection, without I/O.
 *
 * In: received bytes, and responses. Out: events (`next()`), and the bytes to send, appended to a
 * ByteBuffer. Called by the session that owns the socket:
 * ```
 * receive(bytes, start, end) → next() until NEED_DATA, PAUSED, SWITCHED_PROTOCOL or CLOSED → retain()
 * ```
 * Requests are handled one at a time and answered in order: until the response to a request is finished,
 * `next()` reads no further request (PAUSED) and the caller stops receiving. If the peer violates the
 * protocol, `next()` throws a ProtocolError, which the caller answers with `sendError()` if no response
 * has started; after it, received bytes are ignored and `next()` returns CLOSED. Misuse throws TypeError
 * or RangeError before anything is sent. Events return views. Data is valid until the next call of
 * `next()`; a head until any connection of the worker parses another; both at most until `receive()` or
 * `retain()`.
 *
 * Longer than 400 lines because each kind of response looks at the same states.
 */
import { latin1Bytes } from "../ascii.ts";
import type { ByteBuffer } from "../byte_buffer.ts";
import { ProtocolError } from "../errors.ts";
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
import { RequestReader, type RequestReaderOptions } from "./request_reader.ts";
import { CHUNKED, COUNTED, DROPPED, ResponseBody, UNTIL_CLOSE } from "./response_body.ts";
import {
  CLOSES,
  encodeResponseHead,
  IN_CHUNKS,
  KEEPS_ALIVE,
  KEEPS_ALIVE_EXPLICIT,
  type ResponseFields,
  type ResponseForm,
  type ResponseHead,
  UNFRAMED,
} from "./response_encoder.ts";

/** Options, shared by all connections of a worker. */
export interface Http1ConnectionOptions extends RequestReaderOptions {
  /** The worker's date, which its timer sets once a second. */
  readonly date: DateField;
}

const NO_FIELDS: ResponseFields = [];
const CONTINUE_BYTES = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");
const TEXT_FIELD = ["Content-Type", "text/plain; charset=utf-8"] as const;
const UTF8 = new TextEncoder();

/** The server side of a connection. */
export class Http1Connection {
  /** The request's head after REQUEST. It is the worker's scratch: `clone()` it to keep it. */
  readonly head: RequestHead;
  /** The date of the responses. */
  readonly date: DateField;
  readonly #reader: RequestReader;
  readonly #state = new ConnectionState();
  readonly #form: ResponseForm;
  readonly #body = new ResponseBody();

  /** @param options one object for all connections of a worker */
  constructor(options: Http1ConnectionOptions) {
    this.head = options.head;
    this.date = options.date;
    this.#reader = new RequestReader(options);
    this.#form = { date: options.date, contentLength: UNFRAMED, persistence: KEEPS_ALIVE };
  }

  /** Back to the state of a new connection, to serve another one; nothing of the last one is kept. */
  reset(): void {
    this.#reader.reset();
    this.#state.reset();
    this.#body.begin(DROPPED, 0);
    this.#form.contentLength = UNFRAMED;
    this.#form.persistence = KEEPS_ALIVE;
  }

  /** The array with the data of a DATA event. */
  get data(): Uint8Array {
    return this.#reader.data;
  }

  /** The offset of the first byte of the data. */
  get dataStart(): number {
    return this.#reader.dataStart;
  }

  /** The offset after the last byte of the data. */
  get dataEnd(): number {
    return this.#reader.dataEnd;
  }

  /** The client's state, by name. */
  get clientState(): ClientState {
    return this.#state.clientName;
  }

  /** The server's state, by name. */
  get serverState(): ServerState {
    return this.#state.serverName;
  }

  /** Whether the request's body is incomplete. */
  get awaitsBody(): boolean {
    return this.#state.client === CLIENT.SEND_BODY;
  }

  /** Whether a response may start: none has started since the last request, or since the connection's start. */
  get mayRespond(): boolean {
    return this.#state.server === SERVER.IDLE || this.#state.server === SERVER.SEND_RESPONSE;
  }

  /** Whether the connection stays open after the current response. */
  get keepAlive(): boolean {
    return this.#state.keepAlive;
  }

  /** Bytes received and not consumed. The caller limits them: it does not read while PAUSED. */
  get buffered(): number {
    return this.#reader.input.end - this.#reader.input.start;
  }

  /** Whether {@link receiveEof} was called. */
  get ended(): boolean {
    return this.#reader.eof;
  }

  /** Passes received bytes: a view that the caller owns, used until {@link retain}. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state.client === CLIENT.ERROR || this.#state.client === CLIENT.CLOSED) return;
    this.#reader.input.receive(bytes, start, end);
  }

  /** Reports that the peer will send no more. It may still read (half-closed connection). */
  receiveEof(): void {
    this.#reader.eof = true;
  }

  /** Releases the view given to {@link receive}; bytes that are not consumed are copied. */
  retain(): void {
    this.#reader.retain();
  }

  /** Drops what was received and is not consumed: the socket is gone, or nothing more is read. */
  dispose(): void {
    this.#reader.input.drop();
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

  /** Makes the current request the last one, for example if the server stops. */
  mustClose(): void {
    this.#state.disableKeepAlive();
  }

  /** After SWITCHED_PROTOCOL: a copy of the bytes received after the request. Call it once. */
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
   * Sends 100 (Continue) if the client may be waiting for it. Returns false, and sends nothing, if the
   * client does not expect it, or a response or the body has started (RFC 9110 section 10.1.1).
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

  /**
   * In place of {@link sendResponse}: the head was sent already, before this object was made, and said that the body has no known length. It
   * is the connection's last. The request's own body was read by then.
   */
  resumeResponse(): void {
    if (this.#state.client === CLIENT.SEND_BODY) this.#state.receive(RECEIVED.EndOfMessage);
    this.#concludeRequest();
    this.#state.disableKeepAlive();
    this.#state.send(SENT.Response);
    this.#body.begin(this.#reader.isHttp10 ? UNTIL_CLOSE : CHUNKED, 0);
  }

  /** Sends a piece of the body. It is dropped if the response has no body: HEAD, 204, 304. */
  sendData(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): void {
    this.#state.mustAllow(SENT.Data);
    this.#body.append(out, bytes, start, end);
    this.#state.send(SENT.Data);
  }

  /**
   * Counts bytes of the body that the caller sends itself, for example with sendfile. Returns false if
   * the response has no body and the caller must send nothing. Not for chunked bodies.
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
   * Sends head, body and end in one call. A `contentLength` of -1 means the length of `body`; in an answer
   * to HEAD it may be the length that GET would have.
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
    // A dropped body has no count to check; any other was sent whole.
    this.#state.send(SENT.EndOfMessage);
  }

  /** Sends a complete prepared response. */
  sendPrepared(out: ByteBuffer, prepared: PreparedResponse): void {
    if (prepared.bytesOutside > 0) {
      throw new TypeError("Cannot send a prepared head without its body");
    }
    this.#sendPrepared(out, prepared);
    this.#state.send(SENT.EndOfMessage);
  }

  /** Sends a prepared head; {@link sendDataOutside} and {@link sendEnd} follow. */
  sendPreparedHead(out: ByteBuffer, prepared: PreparedResponse): void {
    this.#sendPrepared(out, prepared);
    const dropped = this.#reader.isHead || hasNoBody(prepared.status);
    this.#body.begin(dropped ? DROPPED : COUNTED, prepared.bytesOutside);
  }

  /**
   * Sends 101 and leaves HTTP: the next event is SWITCHED_PROTOCOL. Allowed after a request with
   * `head.upgrade` whose body has been read. Adds `Connection: Upgrade` to the Upgrade field.
   */
  switchProtocol(out: ByteBuffer, response: ResponseHead): void {
    if (response.status !== 101) {
      throw new TypeError(`Cannot switch protocols with status ${response.status}`);
    }
    // A request without a body is complete, even if `next()` has not returned END_OF_MESSAGE yet.
    if (this.#state.client === CLIENT.SEND_BODY && this.#reader.hasNoBody) {
      this.#state.receive(RECEIVED.EndOfMessage);
    }
    this.#state.mustAllow(SENT.Switch);
    this.#form.contentLength = UNFRAMED;
    this.#form.persistence = KEEPS_ALIVE;
    encodeResponseHead(out, response, this.#form);
    this.#state.send(SENT.Switch);
  }

  /**
   * Answers a ProtocolError with a short text and closes the connection. Allowed only if no response has
   * started ({@link mayRespond}).
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
    this.#concludeRequest();
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
    this.#concludeRequest();
    const noBody = hasNoBody(response.status);
    const untilClose = contentLength < 0 && this.#reader.isHttp10 && !noBody;
    // RFC 9112 section 6.1: no Transfer-Encoding in answers to HTTP/1.0; the close ends the body.
    if (untilClose) this.#state.disableKeepAlive();
    // RFC 9110 section 8.6: no Content-Length in 204; in 304 it could only be that of the 200.
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

  /** Decides what the request means for the connection, before a head states keep-alive or close. */
  #concludeRequest(): void {
    this.#state.mustAllow(SENT.Response);
    // If the request head was not read or is invalid, this response is the last one.
    if (this.#state.server === SERVER.IDLE) this.#state.disableKeepAlive();
    if (this.#reader.awaitsContinue) this.#refuseBody();
  }

  #persistence(): number {
    if (!this.#state.keepAlive) return CLOSES;
    return this.#reader.isHttp10 ? KEEPS_ALIVE_EXPLICIT : KEEPS_ALIVE;
  }

  /**
   * RFC 9110 section 10.1.1: after a final response without 100, the client may or may not send the body,
   * unless it has already started. The next bytes could be the body or a request, so nothing more is read.
   */
  #refuseBody(): void {
    this.#reader.awaitsContinue = false;
    if (this.buffered > 0 || this.#state.client !== CLIENT.SEND_BODY) return;
    this.#state.receive(RECEIVED.BodyRefused);
  }
}
