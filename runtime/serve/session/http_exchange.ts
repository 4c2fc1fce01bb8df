/**
 * One request and the answer to it, as a handler sees them; reused for the next of its connection.
 *
 * In: the session begins it with a request. Out: bytes of one answer in the outbox, a count by class
 * of status, and `answered` to the session. Answering twice, or after the connection is gone, does
 * nothing: a slow handler cannot know that its client has left.
 */

import {
  type ByteBuffer,
  type Http1Connection,
  type PreparedResponse,
  type RequestHead,
  type ResponseHead,
} from "../../../protocol/mod.ts";
import type { Transport, WriteOptions } from "../../net/mod.ts";
import { COLUMN, type Column } from "../../ring/mod.ts";
import { type ShortAnswer, TEXT_PLAIN } from "../answers/mod.ts";
import { clientOf, schemeOf } from "./client_address.ts";
import type { SessionContext } from "./context.ts";
import { RequestBody } from "./request_body.ts";
import type { BodyPart, Exchange } from "./route.ts";

/** A longer body goes to the socket from where it lies, instead of through the outbox. */
const COPIED_BODY = 16 * 1024;

const COPIED: WriteOptions = {};
const CONSTANT: WriteOptions = { constant: true };
const CONSTANT_AND_MORE: WriteOptions = { constant: true, more: true };

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
  /** The answer is in the outbox or on its way. */
  answered(): void;
}

/** The present exchange of a connection. */
export class HttpExchange implements Exchange {
  /** The worker's scratch, or a copy where the request outlives its turn. */
  request: RequestHead;
  readonly body: RequestBody;
  /** Whether the present request has its answer; true before the first one. */
  isAnswered = true;
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
    const length = end - start;
    const out = this.#begin(response.status, length);
    if (out === null) return;
    if (length > COPIED_BODY && response.contentLength === length) {
      this.#http.sendResponse(out, response);
      this.#sendOutside({ source: bytes, start, end }, COPIED);
      return this.#endOutside();
    }
    this.#http.sendWhole(out, response, bytes, start, end);
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
    const out = this.#begin(prepared.status, prepared.bodyLength);
    if (out === null) return;
    this.#http.sendPrepared(out, prepared);
    this.#end();
  }

  respondConstant(response: ResponseHead, body: Uint8Array): void {
    if (body.length <= COPIED_BODY) return this.respond(response, body, 0, body.length);
    const out = this.#begin(response.status, body.length);
    if (out === null) return;
    this.#http.sendResponse(out, response);
    this.#sendOutside({ source: body, start: 0, end: body.length }, CONSTANT);
    this.#endOutside();
  }

  respondPreparedPart(prepared: PreparedResponse, part: BodyPart): void {
    const out = this.#begin(prepared.status, part.end - part.start);
    if (out === null) return;
    this.#http.sendPreparedHead(out, prepared);
    this.#sendOutside(part, CONSTANT);
    this.#endOutside();
  }

  respondParts(response: ResponseHead, parts: readonly BodyPart[]): void {
    const bodyLength = parts.reduce((sum, { start, end }) => sum + end - start, 0);
    const out = this.#begin(response.status, bodyLength);
    if (out === null) return;
    this.#http.sendResponse(out, response);
    parts.forEach((part, i) => {
      this.#sendOutside(part, i < parts.length - 1 ? CONSTANT_AND_MORE : CONSTANT);
    });
    this.#endOutside();
  }

  /** What was gathered goes first: with `MSG_MORE`, so that head and body share their packets. */
  #sendOutside({ source, start, end }: BodyPart, options: WriteOptions): void {
    // Of nothing nothing follows: the kernel would wait for it.
    if (start === end || !this.#http.sendDataOutside(end - start)) return;
    this.#context.outbox.flush(true);
    if (source instanceof Uint8Array) {
      this.#transport.write(source, start, end, options);
    } else {
      this.#transport.writeFile(source, start, end);
    }
  }

  #endOutside(): void {
    this.#http.sendEnd(this.#context.outbox.claim(this.#transport));
    this.#end();
  }

  #begin(status: number, bodyLength: number): ByteBuffer | null {
    if (this.isAnswered || this.#transport.closed) return null;
    this.isAnswered = true;
    this.status = status;
    this.bodyLength = this.request.method === "HEAD" ? 0 : bodyLength;
    countResponse(this.#context, status);
    return this.#context.outbox.claim(this.#transport);
  }

  #end(): void {
    this.body.clear();
    this.#owner.answered();
  }
}
