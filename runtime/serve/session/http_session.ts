/**
 * One HTTP/1.1 connection: requests in, routed, answered in order, until it ends or becomes a WebSocket.
 *
 * In: bytes from a transport. Out: bytes to it, lines to the log, counts. The protocol says what is
 * legal (protocol/http1), the routes say what is answered; this file brings them together and sets
 * the deadlines. A request is handled when its head is there, or with its body if the route wants
 * it; what is pipelined behind it waits, and so does everything while answers wait for the peer.
 */

import {
  DATA,
  END_OF_MESSAGE,
  Http1Connection,
  HTTP_CLOSED,
  ProtocolError,
  REQUEST,
} from "../../../protocol/mod.ts";
import type { Deferred, Session, Transport } from "../../net/mod.ts";
import { escapeText, LogLabel } from "../../observe/log/mod.ts";
import { COLUMN } from "../../ring/mod.ts";
import type { SessionContext } from "./context.ts";
import type { Guard, Verdict } from "./guard.ts";
import { countResponse, HttpExchange } from "./http_exchange.ts";
import { BODY, HANDLER, HEAD, HttpWait, IDLE } from "./http_wait.ts";
import { countLimit } from "./limit_columns.ts";
import { RequestTrace } from "./request_trace.ts";
import { FAILED, NOT_FOUND, otherMethod, statusLine } from "./responses.ts";
import type { Route } from "./route.ts";
import { acceptUpgrade, asksForWebSocket } from "./upgrade.ts";
import { WebSocketSession } from "./websocket_session.ts";

/** One connection before an upgrade. */
export class HttpSession implements Session, Deferred {
  readonly #context: SessionContext;
  readonly #http: Http1Connection;
  readonly #transport: Transport;
  readonly #exchange: HttpExchange;
  #route: Route | null = null;
  #label: LogLabel | null = null;
  #collecting = false;
  #handlerPending = false;
  #pumping = false;
  #upgraded = false;
  // The log already tells that the present request was received.
  #receiptLogged = false;
  #inputEnded = false;
  readonly #wait: HttpWait;
  // More requests lie in the buffer than this turn may handle.
  #deferred = false;
  readonly #trace: RequestTrace | null;
  // Follows what a guard said of the present request, in the batch after it has spoken.
  #afterVerdict: (() => void) | null = null;

  constructor(context: SessionContext, transport: Transport) {
    this.#context = context;
    this.#transport = transport;
    this.#http = new Http1Connection(context.http);
    this.#exchange = new HttpExchange(context, { http: this.#http, transport, owner: this });
    this.#wait = new HttpWait(context.loop.now);
    const { observer } = context;
    this.#trace = observer && new RequestTrace(observer, transport, this.#wait.since);
    this.#setDeadline();
  }

  // Session: what the transport calls.

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#http.receive(bytes, start, end);
    this.#pump();
  }

  receiveEnd(): void {
    this.#inputEnded = true;
    this.#http.receiveEof();
    this.#pump();
  }

  drained(): void {
    // While answers waited nothing was read: that time was not the peer's.
    this.#wait.since = this.#context.loop.now;
    this.#pump();
  }

  closed(): void {
    if (!this.#exchange.isAnswered) this.#trace?.left(this.#exchange.request);
    this.#exchange.body.clear();
  }

  drain(): void {
    this.#http.mustClose();
    if (this.#wait.phase !== IDLE) return;
    // A first request may be on its way: it has a moment. For a further one the time is over.
    if (this.#wait.requests > 0) return this.#end(false);
    this.#wait.since = this.#context.loop.now;
    this.#setDeadline();
  }

  deadline(): void {
    this.#context.counters.add(this.#wait.timeoutColumn(), 1);
    if (this.#wait.phase === IDLE) return this.#end(false);
    const message = "The request did not come in time";
    this.#refuse(new ProtocolError("HTTP_REQUEST_TIMEOUT", message, { status: 408 }));
  }

  wantsDirect(): boolean {
    return this.#collecting && this.#exchange.body.directRoom > 0;
  }

  get directBytes(): Uint8Array {
    return this.#exchange.body.bytes;
  }

  get directStart(): number {
    return this.#exchange.body.end;
  }

  get directEnd(): number {
    return this.#exchange.body.end + this.#exchange.body.directRoom;
  }

  receivedDirect(count: number): void {
    const { bytes, end } = this.#exchange.body;
    this.receive(bytes, end, end + count);
  }

  // ExchangeOwner: what the exchange calls.

  answered(): void {
    const { descriptor } = this.#transport;
    const { keepAlive } = this.#http;
    const { log } = this.#context;
    if (this.#receiptLogged) log.requestDone(descriptor, keepAlive);
    else if (this.#label !== null) log.request(descriptor, this.#label, keepAlive);
    // Answered after its handler gave way: the batch that it came in is long over. The next request
    // waits for the handler's end all the same, so that there is one handler at a time.
    const { request, status, bodyLength } = this.#exchange;
    this.#trace?.answered(request, status, bodyLength);
    if (!this.#pumping) this.#context.outbox.flush();
  }

  // Deferred: what the loop calls.

  onTurn(): void {
    this.#deferred = false;
    this.#pump();
  }

  // The work.

  #pump(): void {
    // Answers and failed writes within the loop below lead back here: it goes on by itself.
    if (this.#pumping || this.#upgraded || this.#transport.closed) return;
    this.#pumping = true;
    this.#context.refreshDate();
    this.#context.outbox.claim(this.#transport);
    try {
      this.#handleEvents();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    } finally {
      this.#pumping = false;
    }
    if (!this.#upgraded) this.#rest();
  }

  #handleEvents(): void {
    const { outbox, loop, config } = this.#context;
    this.#afterVerdict?.();
    if (this.#upgraded) return;
    const last = this.#wait.requests + config.limits.pipelined;
    // What the peer does not read, it gets no more of: its next request waits in our buffer.
    while (this.#mayHandle()) {
      if (this.#wait.requests >= last && this.#http.buffered > 0) {
        this.#deferred = true;
        return loop.defer(this);
      }
      const event = this.#http.next();
      if (event === REQUEST) this.#beginRequest();
      else if (event === DATA) this.#receiveBody();
      else if (event === END_OF_MESSAGE) this.#endRequest();
      else if (event === HTTP_CLOSED) return this.#finish();
      else return; // NEED_DATA, PAUSED, SWITCHED_PROTOCOL
      if (this.#upgraded) return;
      if (outbox.full) {
        outbox.flush();
        outbox.claim(this.#transport);
      }
    }
  }

  #mayHandle(): boolean {
    return this.#transport.queuedBytes === 0 && !this.#handlerPending && !this.#deferred &&
      !this.#transport.closed;
  }

  /** The batch is done: keeps what is incomplete, and decides what is waited for. The loop sends. */
  #rest(): void {
    if (this.#transport.closed) return;
    this.#http.retain();
    if (!this.#exchange.isAnswered) this.#keepRequest();
    this.#wait.settle(this.#currentPhase(), this.#context.loop.now);
    this.#transport.setReading(this.#mayRead());
    this.#setDeadline();
  }

  #keepRequest(): void {
    this.#exchange.keep();
    if (this.#receiptLogged || this.#label === null) return;
    this.#receiptLogged = true;
    this.#context.log.requestReceived(this.#transport.descriptor, this.#label);
  }

  #currentPhase(): number {
    if (this.#handlerPending) return HANDLER;
    if (this.#http.awaitsBody) return BODY;
    return this.#http.buffered > 0 ? HEAD : IDLE;
  }

  /** Whatever is read now is kept: so nothing is, while there is something kept that cannot be handled. */
  #mayRead(): boolean {
    if (this.#inputEnded || this.#deferred) return false;
    if (this.#http.buffered === 0) return true;
    return this.#wait.phase === HEAD && this.#transport.queuedBytes === 0;
  }

  #setDeadline(): void {
    const { config: { limits }, draining } = this.#context;
    this.#transport.setDeadline(this.#wait.deadline(limits, draining));
  }

  #beginRequest(): void {
    const { counters, loop, router } = this.#context;
    counters.add(COLUMN.requests, 1);
    this.#wait.beginRequest(loop.now);
    this.#trace?.begin(loop.now);
    this.#receiptLogged = false;
    this.#exchange.begin();
    if (this.#context.draining) this.#http.mustClose();
    if (router.guard !== undefined) return this.#judge(router.guard);
    this.#dispatch();
  }

  /** Whether it may be answered at all: for the next request to come the guard's word is waited for. */
  #judge(guard: Guard): void {
    const { request } = this.#exchange;
    const verdict = guard.judge(request);
    if (!(verdict instanceof Promise)) return this.#obey(guard, verdict);
    this.#label = labelOf(request.path, "credentials");
    this.#follow(verdict.then((word) => {
      // By this guard: with a config that was read anew meanwhile there may be none.
      this.#afterVerdict = () => this.#obey(guard, word);
    }));
  }

  #obey(guard: Guard, verdict: Verdict): void {
    this.#afterVerdict = null;
    if (typeof verdict !== "string") {
      this.#trace?.admitted(verdict.user);
      return this.#dispatch();
    }
    this.#label = labelOf(this.#exchange.request.path, "credentials");
    guard.refuse(this.#exchange, verdict);
  }

  #dispatch(): void {
    const { router } = this.#context;
    const head = this.#exchange.request;
    const route = router.find(head.path);
    if (route === undefined) return this.#answerNotFound(head.path);
    this.#label = route.label;
    if (route.methods !== null && !route.methods.includes(head.method)) {
      return this.#exchange.respondShort(otherMethod(head.method, route.methods));
    }
    if (route.webSocket !== null && asksForWebSocket(head)) return this.#upgrade(route);
    if (!route.wantsBody) return this.#handle(route);
    this.#route = route;
    this.#collecting = true;
    this.#exchange.body.begin(head.contentLength);
    if (head.expectContinue) this.#http.sendContinue(this.#context.outbox.buffer);
  }

  #answerNotFound(path: string): void {
    this.#label = labelOf(path, "not found");
    this.#exchange.respondShort(NOT_FOUND);
  }

  #receiveBody(): void {
    const { data, dataStart, dataEnd } = this.#http;
    this.#wait.receivedBody(dataEnd - dataStart);
    // A body that nobody wants is read past: its end is where the next request begins.
    if (this.#collecting) this.#exchange.body.add(data, dataStart, dataEnd);
  }

  #endRequest(): void {
    if (!this.#collecting || this.#route === null) return;
    this.#collecting = false;
    this.#handle(this.#route);
  }

  #handle(route: Route): void {
    try {
      const promise = route.handle(this.#exchange);
      if (promise !== undefined) this.#follow(promise);
      else this.#requireAnswer();
    } catch (error) {
      this.#fail(error);
    }
  }

  #follow(promise: Promise<void>): void {
    this.#handlerPending = true;
    this.#keepRequest();
    const resume = () => {
      this.#handlerPending = false;
      if (this.#afterVerdict === null) this.#requireAnswer();
      this.#pump();
    };
    this.#context.follow(promise, resume, (reason) => {
      this.#fail(reason);
      resume();
    });
  }

  #requireAnswer(): void {
    if (this.#exchange.isAnswered || this.#transport.closed) return; // who has left is owed none
    this.#fail(new TypeError("the handler gave no answer"));
  }

  /** A handler failed: the client gets 500 if it got nothing yet, the log gets the reason. */
  #fail(error: unknown): void {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#context.counters.add(COLUMN.handlerErrors, 1);
    this.#context.log.note("HTTP", `fd=${this.#transport.descriptor} handler failed: ${text}`);
    this.#context.warnings.say("handler", `an endpoint failed: ${escapeText(text)}`);
    this.#http.mustClose();
    if (this.#exchange.isAnswered) return;
    if (this.#context.router.answerFailure?.(this.#exchange) !== true) {
      this.#exchange.respondShort(FAILED);
    }
  }

  #upgrade(route: Route): void {
    const { outbox, log } = this.#context;
    const accept = acceptUpgrade(this.#exchange, this.#context.config.origins);
    if (accept === null) return;
    if (route.webSocket === null) throw new TypeError("a route without WebSocket cannot upgrade");
    const fields = [["Upgrade", "websocket"], ["Sec-WebSocket-Accept", accept]] as const;
    this.#http.switchProtocol(outbox.buffer, { status: 101, fields, contentLength: -1 });
    countResponse(this.#context, 101);
    this.#trace?.answered(this.#exchange.request, 101, 0);
    log.requestReceived(this.#transport.descriptor, route.label);
    this.#upgraded = true;
    const session = new WebSocketSession(this.#context, route.webSocket);
    session.open(this.#transport, this.#http.takeTrailing());
  }

  /** The peer broke the protocol, or was too slow: it is told, if its turn to be told is now. */
  #refuse(error: ProtocolError): void {
    const { counters, log, outbox } = this.#context;
    counters.add(COLUMN.protocolErrors, 1);
    countLimit(counters, error.code);
    log.requestRefused(this.#transport.descriptor, error.status, error.code);
    if (this.#http.mayRespond) {
      countResponse(this.#context, error.status);
      const text = `${statusLine(error.status)}: ${error.message}\n`;
      this.#http.sendError(outbox.claim(this.#transport), error, text);
      this.#noteRefusal(error.status, text.length);
    }
    this.#end(true);
  }

  /** What was refused is the present request, or could not even be read as one. */
  #noteRefusal(status: number, bytes: number): void {
    const { isAnswered, request } = this.#exchange;
    this.#exchange.isAnswered = true;
    if (isAnswered) this.#trace?.refused(status, bytes, this.#wait.since);
    else this.#trace?.answered(request, status, bytes);
  }

  /** The protocol says that nothing more follows. */
  #finish(): void {
    this.#end(!this.#inputEnded && (this.#http.buffered > 0 || this.#http.awaitsBody));
  }

  /** Ends the connection behind what was said; `lingering` as in Transport. */
  #end(lingering: boolean): void {
    this.#context.outbox.flush();
    this.#transport.finish(lingering);
  }
}

function labelOf(path: string, what: string): LogLabel {
  return new LogLabel(`${escapeText(path)} (${what})`);
}
