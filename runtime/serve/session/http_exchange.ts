/**
 * One request and its answer, as a handler sees them; reused for the next request of the connection.
 *
 * In: a request, from the session. Out: one answer in the connection's outgoing queue, a count by class of
 * status, and a call of the session's `answered`. A second answer, or one after the connection was closed,
 * is ignored: a slow handler cannot know that its client has disconnected. An invalid answer, for example
 * with a line end in a field, throws before any byte is queued, and the request stays unanswered.
 */

import {
  type Http1Connection,
  type PreparedResponse,
  type RequestHead,
  type ResponseHead,
} from "../../../protocol/mod.ts";
import { OutgoingPart, type Transport } from "../../net/mod.ts";
import { COLUMN, type Column } from "../../ring/mod.ts";
import { type ShortAnswer, TEXT_PLAIN } from "../answers/mod.ts";
import { clientOf, schemeOf } from "./client_address.ts";
import type { SessionContext } from "./context.ts";
import { RequestBody } from "./request_body.ts";
import { HttpAnswerStream } from "./answer_stream.ts";
import type {
  AnswerStream,
  AppExchange,
  BegunAnswer,
  BodyListener,
  BodyPart,
  StreamListener,
  WebSocketHandler,
  WholeListener,
} from "./route.ts";

/** A longer body is sent without a copy into the queue's own memory. */
const COPIED_BODY = 16 * 1024;

const RESPONSE_COLUMNS: readonly Column[] = [
  COLUMN.responses1xx,
  COLUMN.responses2xx,
  COLUMN.responses3xx,
  COLUMN.responses4xx,
  COLUMN.responses5xx,
];

/** Of answers that go on from the server before. */
const RESUMED_STATUS = 200;

const encoder = new TextEncoder();

/** Counts a response by the class of its status. */
export function countResponse(context: SessionContext, status: number): void {
  const column = RESPONSE_COLUMNS[Math.trunc(status / 100) - 1];
  if (column === undefined) throw new RangeError(`no such status: ${status}`);
  context.counters.add(column, 1);
}

/** The session that owns an exchange. */
export interface ExchangeOwner {
  /** Called when the whole answer is queued or sent. */
  answered(): void;
  /** Called after that if the answer was a stream, which may end at any time. */
  streamEnded(): void;
  /** As in {@link AppExchange}. */
  readonly turn: number;
  /** As in {@link AppExchange}. */
  readBody(listener: BodyListener): void;
  /** As in {@link AppExchange}. */
  readWhole(listener: WholeListener): void;
  /** As in {@link AppExchange}. */
  resumeBody(): void;
  /** As in {@link AppExchange}. */
  upgrade(handler: WebSocketHandler, fields: ResponseHead["fields"]): boolean;
  /** As in {@link AppExchange}. */
  onLeft(callback: (() => void) | null): void;
  /** As in {@link AppExchange}. */
  setTimeout(milliseconds: number): void;
}

/** The current exchange of a connection. */
export class HttpExchange implements AppExchange, BegunAnswer {
  /** The worker's shared head, or a copy if the request outlives its turn. */
  request: RequestHead;
  readonly body: RequestBody;
  /** Whether the answer to the current request has begun; true before the first one. */
  isAnswered = true;
  /** Whether the answer is complete too; if not, an exception interrupted it. */
  isWhole = true;
  /** Status of the answer to the current request, once it has one. */
  status = 0;
  /** Bytes of its body; to HEAD none are sent. */
  bodyLength = 0;
  readonly #context: SessionContext;
  readonly #http: Http1Connection;
  readonly #owner: ExchangeOwner;
  #transport: Transport;
  #isDetached = false;
  // The client's subject, of a request that outlives its turn.
  #subject: string | null = null;
  #stream: HttpAnswerStream | null = null;

  constructor(
    context: SessionContext,
    parts: { http: Http1Connection; transport: Transport; owner: ExchangeOwner },
  ) {
    this.request = context.head;
    this.body = new RequestBody(context.messages);
    this.#context = context;
    this.#http = parts.http;
    this.#transport = parts.transport;
    this.#owner = parts.owner;
  }

  /** The connection is gone, and `transport` is a closed one in its place: nothing is answered any more. */
  detach(transport: Transport): void {
    this.#isDetached = true;
    this.#transport = transport;
    this.request = this.#context.head;
    this.body.clear();
    this.isAnswered = true;
    this.#stream = null;
  }

  /** The answer whose body is still being sent; null: there is none. */
  get stream(): HttpAnswerStream | null {
    return this.#stream;
  }

  /** The request in the worker's shared head is the current one. */
  begin(): void {
    this.request = this.#context.head;
    this.#subject = null;
    this.isAnswered = false;
    this.isWhole = false;
  }

  /** The shared head is about to be reused, and this request is still needed. */
  keep(): void {
    if (this.request === this.#context.head) this.request = this.request.clone();
    this.#subject ??= this.clientSubject; // later the descriptor may be another client's
    this.body.keep();
  }

  get clientAddress(): string {
    return clientOf(this.request, this.#transport.peerAddress, this.#context.config.proxy);
  }

  get clientPort(): number {
    const { peerAddress, peerPort } = this.#transport;
    return this.clientAddress === peerAddress ? peerPort : 0;
  }

  get isSecure(): boolean {
    const { proxy, tls } = this.#context.config;
    const scheme = schemeOf(this.request, this.#transport.peerAddress, proxy);
    return scheme === undefined ? tls.cert !== undefined : scheme === "https";
  }

  get clientSubject(): string {
    const { clientSubjectOf } = this.#context;
    return this.#subject ??
      (clientSubjectOf === null ? "" : clientSubjectOf(this.#transport.descriptor));
  }

  get bodyBytes(): Uint8Array {
    return this.body.bytes;
  }

  get bodyStart(): number {
    return this.body.start;
  }

  get bodyEnd(): number {
    return this.body.end;
  }

  respond(response: ResponseHead, bytes: Uint8Array, start: number, end: number): void {
    // A copy beyond the end would send old bytes of the queue's memory.
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`there are no bytes ${start} to ${end} to answer with`);
    }
    if (!this.#mayAnswer) return;
    const { out } = this.#transport;
    const length = end - start;
    if (length > COPIED_BODY && response.contentLength === length) {
      this.#http.sendResponse(out, response);
      this.#begun(response.status, length);
      if (this.#http.sendDataOutside(length)) out.write(bytes, start, end);
      return this.#endOutside();
    }
    this.#http.sendWhole(out, response, bytes, start, end);
    this.#begun(response.status, length);
    this.#end();
  }

  respondText(status: number, text: string, fields: ResponseHead["fields"] = []): void {
    this.respondShort({ status, fields: [TEXT_PLAIN, ...fields], body: encoder.encode(text) });
  }

  /** Answers with one of the short answers. */
  respondShort(answer: ShortAnswer): void {
    const { status, fields, body } = answer;
    this.respond({ status, fields, contentLength: body.length }, body, 0, body.length);
  }

  respondPrepared(prepared: PreparedResponse): void {
    if (!this.#mayAnswer) return;
    this.#http.sendPrepared(this.#transport.out, prepared);
    this.#begun(prepared.status, prepared.bodyLength);
    this.#end();
  }

  respondConstant(response: ResponseHead, body: Uint8Array): void {
    if (body.length <= COPIED_BODY) return this.respond(response, body, 0, body.length);
    this.respondParts(response, [{ source: body, start: 0, end: body.length }]);
  }

  respondPreparedPart(prepared: PreparedResponse, { source, start, end }: BodyPart): void {
    if (!this.#mayAnswer) return;
    const part = new OutgoingPart(source, start, end);
    this.#http.sendPreparedHead(this.#transport.out, prepared);
    this.#begun(prepared.status, part.length);
    this.#sendPart(part);
    this.#endOutside();
  }

  respondParts(response: ResponseHead, bodyParts: readonly BodyPart[]): void {
    if (!this.#mayAnswer) return;
    const parts = bodyParts.map(({ source, start, end }) => new OutgoingPart(source, start, end));
    this.#http.sendResponse(this.#transport.out, response);
    this.#begun(response.status, parts.reduce((sum, { length }) => sum + length, 0));
    for (const part of parts) this.#sendPart(part);
    this.#endOutside();
  }

  respondStream(response: ResponseHead, listener: StreamListener): AnswerStream | null {
    if (!this.#mayAnswer) return null;
    const transport = this.#transport;
    this.#http.sendResponse(transport.out, response);
    this.#begun(response.status, 0);
    this.#context.streamsGoOn = true;
    if (this.request.method === "HEAD") {
      this.#endOutside();
      return null;
    }
    return this.#openStream(listener);
  }

  /** The head was sent by the server before, which has counted the answer. */
  goOn(listener: StreamListener): AnswerStream {
    this.isAnswered = true;
    this.status = RESUMED_STATUS;
    this.bodyLength = 0;
    return this.#openStream(listener);
  }

  #openStream(listener: StreamListener): AnswerStream {
    return this.#stream = new HttpAnswerStream({
      http: this.#http,
      transport: this.#transport,
      listener,
      outgoing: this.#context.outgoing,
      queuedBytes: this.#context.config.limits.queuedBytes,
      sent: (bytes) => {
        this.bodyLength += bytes;
        this.#context.streamsGoOn = true;
      },
      ended: () => this.#streamEnded(),
    });
  }

  get turn(): number {
    return this.#isDetached ? -1 : this.#owner.turn;
  }

  readBody(listener: BodyListener): void {
    if (!this.#isGone) return this.#owner.readBody(listener);
    listener.failed(new Deno.errors.ConnectionReset("The client has left"));
  }

  readWhole(listener: WholeListener): void {
    if (!this.#isGone) return this.#owner.readWhole(listener);
    listener.failed(new Deno.errors.ConnectionReset("The client has left"));
  }

  resumeBody(): void {
    if (!this.#isGone) this.#owner.resumeBody();
  }

  upgrade(handler: WebSocketHandler, fields: ResponseHead["fields"] = []): boolean {
    return !this.#isGone && this.#owner.upgrade(handler, fields);
  }

  onLeft(callback: (() => void) | null): void {
    if (this.#isGone) callback?.();
    else this.#owner.onLeft(callback);
  }

  setTimeout(milliseconds: number): void {
    if (!this.#isGone) this.#owner.setTimeout(milliseconds);
  }

  /** The connection is a WebSocket now: nothing is answered any more. */
  upgraded(): void {
    this.isAnswered = true;
    this.isWhole = true;
    this.status = 101;
  }

  /** The owner may serve another connection already. */
  get #isGone(): boolean {
    return this.#transport.closed;
  }

  #streamEnded(): void {
    this.#stream = null;
    this.#end();
    this.#owner.streamEnded();
  }

  get #mayAnswer(): boolean {
    return !this.isAnswered && !this.#transport.ended;
  }

  #sendPart(part: OutgoingPart): void {
    if (this.#http.sendDataOutside(part.length)) this.#transport.out.appendPart(part);
  }

  #endOutside(): void {
    this.#http.sendEnd(this.#transport.out);
    this.#end();
  }

  /** The head is queued: no other answer is possible from now on. */
  #begun(status: number, bodyLength: number): void {
    this.isAnswered = true;
    this.status = status;
    this.bodyLength = this.request.method === "HEAD" ? 0 : bodyLength;
    countResponse(this.#context, status);
  }

  #end(): void {
    this.isWhole = true;
    this.#owner.answered();
  }
}
