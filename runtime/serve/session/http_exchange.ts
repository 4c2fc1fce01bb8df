/**
 * One request and the answer to it, as a handler sees them; reused for the next of its connection.
 *
 * In: the session begins it with a request. Out: one answer in the connection's outgoing queue, a count by
 * class of status, and `answered` to the session. Answering twice, or after the connection is gone, does
 * nothing: a slow handler cannot know that its client has left. An answer that cannot be sent, as with a
 * line end in a field, throws before anything of it is queued, and the request is still unanswered.
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
import type { BodyPart, Exchange } from "./route.ts";

/** A longer body goes to the socket from where it lies, instead of through the queue's own memory. */
const COPIED_BODY = 16 * 1024;

const RESPONSE_COLUMNS: readonly Column[] = [
  COLUMN.responses1xx,
  COLUMN.responses2xx,
  COLUMN.responses3xx,
  COLUMN.responses4xx,
  COLUMN.responses5xx,
];

const encoder = new TextEncoder();

/** Counts a response by the class of its status. */
export function countResponse(context: SessionContext, status: number): void {
  const column = RESPONSE_COLUMNS[Math.trunc(status / 100) - 1];
  if (column === undefined) throw new RangeError(`no such status: ${status}`);
  context.counters.add(column, 1);
}

/** Who wants to know that the answer is complete. */
export interface ExchangeOwner {
  /** The answer is queued or on its way. */
  answered(): void;
}

/** The present exchange of a connection. */
export class HttpExchange implements Exchange {
  /** The worker's scratch, or a copy where the request outlives its turn. */
  request: RequestHead;
  readonly body: RequestBody;
  /** Whether the answer to the present request has begun; true before the first one. */
  isAnswered = true;
  /** Whether it is complete too: if not, an exception came in the middle of it. */
  isWhole = true;
  /** Status of the answer to the present request, once it has one. */
  status = 0;
  /** Bytes of its body; to HEAD none are sent. */
  bodyLength = 0;
  readonly #context: SessionContext;
  readonly #http: Http1Connection;
  readonly #transport: Transport;
  readonly #owner: ExchangeOwner;

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

  /** The request in the worker's scratch is the present one. */
  begin(): void {
    this.request = this.#context.head;
    this.isAnswered = false;
    this.isWhole = false;
  }

  /** The scratch is about to be reused, and this request is still needed. */
  keep(): void {
    if (this.request === this.#context.head) this.request = this.request.clone();
    this.body.keep();
  }

  get clientAddress(): string {
    return clientOf(this.request, this.#transport.peerAddress, this.#context.config.proxy);
  }

  get isSecure(): boolean {
    const { proxy, tls } = this.#context.config;
    const scheme = schemeOf(this.request, this.#transport.peerAddress, proxy);
    return scheme === undefined ? tls.cert !== undefined : scheme === "https";
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
    // Beyond the end a copy would be of whatever was in the queue's memory before.
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

  /** The head is queued: from now on there is no other answer. */
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
