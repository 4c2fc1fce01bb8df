/**
 * The session of one HTTP/1.1 connection: routes requests and answers them in order, until the connection
 * ends or becomes a WebSocket.
 *
 * In: bytes from a transport. Out: bytes to it, lines to the log, counts. The protocol decides what is
 * valid (protocol/http1), the routes decide what is answered; this file connects them and sets the
 * deadlines. A request is handled when its head is complete, or with its body if the route needs it; an app
 * is asked first, and reads the body itself (app_turn.ts). Pipelined requests wait for it, and nothing is handled while the peer has answers to read.
 *
 * While a promise of a handler or a guard is pending nothing else happens to its request: data that
 * arrives stays in the input, and the next step runs together with the settling of the promise. No
 * exception of a handler, a route or a guard leaves this file: it is answered 500, or ends the
 * connection if a part of an answer was sent.
 *
 * At the end of its connection a session goes back to the worker's pool (http_session_pool.ts), and serves
 * another one later.
 *
 * Longer than 400 lines because each step of a request looks at the same dozen fields.
 */

import {
  acceptDeflate,
  DATA,
  END_OF_MESSAGE,
  Http1Connection,
  HTTP_CLOSED,
  ProtocolError,
  REQUEST,
  type RequestHead,
  type ResponseHead,
} from "../../../protocol/mod.ts";
import type { Deferred, MovedSession, Session, Transport, Unmoved } from "../../net/mod.ts";
import { errorText, escapeText, LogLabel } from "../../observe/log/mod.ts";
import { COLUMN } from "../../ring/mod.ts";
import type { Following, Router, SessionContext } from "./context.ts";
import type { Guard, JudgedClient, Verdict } from "./guard.ts";
import { noteAppFault } from "./app_fault.ts";
import { AppTurn } from "./app_turn.ts";
import { countResponse, type ExchangeOwner, HttpExchange } from "./http_exchange.ts";
import { BODY, HANDLER, HEAD, HttpWait, IDLE } from "./http_wait.ts";
import { wholeRequest } from "./held_request.ts";
import { countLimit } from "./limit_columns.ts";
import type { LeftConnection } from "./moved_session.ts";
import { NO_TRANSPORT } from "./no_transport.ts";
import { RequestTrace } from "./request_trace.ts";
import {
  FAILED,
  MEMORY_TEXT,
  NOT_FOUND,
  otherMethod,
  RETRY_AFTER,
  SHORT_OF_MEMORY,
  statusLine,
  TIMED_OUT,
} from "./responses.ts";
import type {
  AppResult,
  AppRoute,
  BodyListener,
  Route,
  WebSocketHandler,
  WholeListener,
} from "./route.ts";
import { asksForWebSocket, judgeUpgrade } from "./upgrade.ts";
import { WebSocketSession } from "./websocket_session.ts";

const NOTHING = new Uint8Array(0);
/** Between two requests there is nothing to know. */
const IDLE_SESSION: MovedSession = {
  kind: "idle",
  endpoint: "",
  windowBits: 0,
  state: NOTHING,
  unread: NOTHING,
};
/** Ends an answer that nobody goes on with. */
const NOBODY = { left() {}, stopping() {} };
const BODY_REFUSED = "The answer began before the body was read: the client does not send it";

/** One connection before an upgrade. */
export class HttpSession implements Session, Deferred, JudgedClient, ExchangeOwner {
  readonly #context: SessionContext;
  readonly #http: Http1Connection;
  // Made for each connection: see attach.
  #exchange!: HttpExchange;
  readonly #wait = new HttpWait();
  readonly #trace: RequestTrace | null;
  #transport: Transport = NO_TRANSPORT;
  // What answers the current request; null: the app, or it is not known yet.
  #route: Route | null = null;
  #label: LogLabel | null = null;
  // The body goes to the route's handler, when it is whole, or to the app.
  #collecting = false;
  #handlerPending = false;
  // Nothing may be handled now: a promise is pending, or the app does not take the body now.
  #blocked = false;
  // The app's part in the current request; null: no app was asked on this connection.
  #app: AppTurn | null = null;
  // Bytes of the body that the app's reader holds, as the message pool counts them.
  #appBytes = 0;
  #pumping = false;
  #upgraded = false;
  // The log already has a line that the current request was received.
  #receiptLogged = false;
  #inputEnded = false;
  // The next request waits, in the kernel: the server hands over what it is about.
  #isFrozen = false;
  // What handles the current request, which waits for the same reason: it was not known before. Null: it does not wait.
  #held: (() => void) | null = null;
  // The buffer has more requests than this turn may handle.
  #deferred = false;
  // The step after a settled promise; runs first in the next batch.
  #afterPromise: (() => void) | null = null;
  // The promise of the app's handler that is pending.
  #following: Following | null = null;
  // A promise was followed: its handler, or its guard, may still refer to this session or its exchange.
  #wasFollowed = false;

  /** It serves no connection yet: see {@link attach}. */
  constructor(context: SessionContext) {
    this.#context = context;
    this.#http = new Http1Connection(context.http);
    const { observer } = context;
    this.#trace = observer && new RequestTrace(observer, NO_TRANSPORT);
  }

  /** Serves `transport` from now on. Called by the pool, which has made this session or got it back. */
  attach(transport: Transport): void {
    const { now } = this.#context.loop;
    this.#reset(transport, now);
    this.#setDeadline();
  }

  /** Sets every field as for a new connection. */
  #reset(transport: Transport, now: number): void {
    this.#transport = transport;
    this.#http.reset();
    // A handler may have kept the last one, and must not reach another client through it.
    this.#exchange = new HttpExchange(this.#context, { http: this.#http, transport, owner: this });
    const { draining, handsOver } = this.#context;
    this.#wait.begin(now);
    this.#wait.isEnding = draining && !handsOver;
    this.#trace?.attach(transport, now);
    this.#route = null;
    this.#label = null;
    this.#collecting = false;
    this.#handlerPending = false;
    this.#blocked = false;
    this.#app = null;
    this.#pumping = false;
    this.#upgraded = false;
    this.#receiptLogged = false;
    this.#inputEnded = false;
    this.#isFrozen = false;
    this.#held = null;
    this.#deferred = false;
    this.#afterPromise = null;
    this.#following = null;
    this.#wasFollowed = false;
  }

  /**
   * Handles the request that a connection of the server before has held, or waits for its next one. Called after {@link attach}, in place of
   * the first bytes.
   */
  resumeIdle({ unread, unsent }: LeftConnection): void {
    const transport = this.#transport;
    if (!this.#sendLeft(unsent)) return;
    // It has the time of one that has asked before.
    this.#wait.requests = 1;
    if (unread.length > 0) this.receive(unread, 0, unread.length);
    else this.#setDeadline();
    if (this.#context.draining && !transport.closed) this.drain();
  }

  /** Goes on with an answer that the server before has begun. Called after {@link attach}, in place of the first bytes. */
  resume({ endpoint, state, unread, unsent }: LeftConnection): void {
    const { loop, router } = this.#context;
    const transport = this.#transport;
    if (!this.#sendLeft(unsent)) return;
    this.#pumping = true;
    try {
      this.#http.receive(unread, 0, unread.length);
      if (this.#http.next() !== REQUEST) throw new TypeError("the request is not whole");
      this.#wait.beginRequest(loop.now);
      this.#trace?.begin(loop.now);
      this.#exchange.begin();
      this.#http.resumeResponse();
      const route = router.find(endpoint);
      this.#label = route?.label ?? labelOf(endpoint, "not found");
      if (route?.resume === undefined) this.#exchange.goOn(NOBODY).end();
      else route.resume(this.#exchange, state);
      if (!this.#exchange.isAnswered) throw new TypeError("nobody goes on with the answer");
    } catch (error) {
      this.#noteFailure(error);
      transport.abort();
    } finally {
      this.#pumping = false;
    }
    if (transport.closed) return this.#dispose();
    this.#pump();
    const { draining, handsOver } = this.#context;
    // While the next server takes over, there is time.
    if (draining && !handsOver && !transport.closed) this.drain();
  }

  /** What the server before has not sent comes first. Returns false if that has ended the connection. */
  #sendLeft(unsent: Uint8Array): boolean {
    const transport = this.#transport;
    this.#context.log.note("HTTP", `fd=${transport.descriptor} goes on from the server before`);
    transport.out.append(unsent);
    transport.out.flush();
    return !transport.closed;
  }

  // Session: called by the transport.

  move(): MovedSession | Unmoved {
    const { stream, request } = this.#exchange;
    const endpoint = stream?.resumesAt;
    // A request behind it would be lost, as the connection ends with the answer.
    const isAlone = this.#http.buffered === 0 && !this.#inputEnded;
    if (this.#held !== null) return isAlone ? this.#moveHeld() : "stays";
    if (stream === null && isAlone) return this.#moveIdle();
    if (stream === null || endpoint === undefined || !isAlone) return "stays";
    if (this.#pumping || this.#handlerPending) return "busy";
    const state = stream.move();
    if (state === undefined) return this.#transport.closed ? "stays" : "busy";
    const unread = request.toBytes();
    this.#leave();
    return { kind: "stream", endpoint, windowBits: 0, state, unread, worker: stream.resumesOn };
  }

  /** The new server handles the request. */
  #moveHeld(): MovedSession | Unmoved {
    const { request, body: { bytes, start, end } } = this.#exchange;
    const unread = wholeRequest(request, bytes.subarray(start, end));
    if (unread === undefined) return "stays";
    this.#leave();
    return { ...IDLE_SESSION, unread };
  }

  #moveIdle(): MovedSession | Unmoved {
    const isIdle = this.#wait.phase === IDLE && this.#transport.queuedBytes === 0;
    if (!isIdle || this.#pumping || this.#deferred) return "busy";
    this.#leave();
    return IDLE_SESSION;
  }

  #leave(): void {
    const { descriptor } = this.#transport;
    this.#context.log.note("HTTP", `fd=${descriptor} goes on in the new server`);
    this.#dispose();
  }

  /** Whoever has asked last for what is handed over does so again. */
  freeze(): void {
    const isAbout = this.#route?.isFreezable === true ||
      this.#exchange.stream?.isFreezable === true;
    if (!isAbout || this.#upgraded || this.#transport.closed) return;
    this.#isFrozen = true;
    if (!this.#pumping) this.#transport.setReading(this.#mayRead());
  }

  get isFrozen(): boolean {
    return this.#isFrozen || this.#held !== null;
  }

  thaw(): boolean {
    if (!this.isFrozen || this.#transport.closed) return false;
    this.#isFrozen = false;
    if (this.#held !== null) this.#goOnWithHeld(this.#held);
    else if (!this.#pumping) this.#transport.setReading(this.#mayRead());
    return !this.#transport.closed;
  }

  #goOnWithHeld(step: () => void): void {
    this.#dropHeld();
    this.#afterPromise = step;
    this.#pump();
  }

  #dropHeld(): void {
    this.#held = null;
    this.#setPending(false);
  }

  /** Whether the request waits for the new server, or until this one goes on. Who holds it has said what handles it then. */
  #mustHold({ isFreezable }: Pick<Route, "isFreezable">): boolean {
    return isFreezable === true && this.#context.isFrozen();
  }

  #hold(step: () => void): void {
    this.#held = step;
    this.#setPending(true);
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#http.receive(bytes, start, end);
    this.#pump();
  }

  receiveEnd(): void {
    this.#inputEnded = true;
    this.#http.receiveEof();
    // As in nginx and Go: a client that ends its side reads no stream any more.
    this.#exchange.stream?.endByClient();
    this.#app?.left();
    this.#pump();
  }

  drained(): void {
    // While answers were queued nothing was read: that time does not count against the peer.
    this.#wait.since = this.#context.loop.now;
    if (this.#exchange.stream !== null) {
      this.#context.streamsGoOn = true;
      this.#exchange.stream.drained();
    }
    this.#pump();
  }

  closed(): void {
    this.#traceEnd();
    if (this.#app !== null) {
      this.#app.left();
      this.#endAppBody(new Deno.errors.ConnectionReset("The client has left"));
    }
    // A handler that is answering now still reads the body.
    if (this.#pumping) return;
    this.#dispose();
    this.#giveBack();
  }

  drain(): void {
    this.#http.mustClose();
    this.#wait.isEnding = true;
    const { stream } = this.#exchange;
    if (stream !== null) return stream.stop();
    if (this.#wait.phase !== IDLE) return;
    if (!this.#context.handsOver) {
      // A first request may be on its way: it gets a moment. A later one gets none.
      if (this.#wait.requests > 0) return this.#end(false);
      this.#wait.since = this.#context.loop.now;
    }
    this.#setDeadline();
  }

  deadline(): void {
    if (this.#wait.phase === HANDLER && this.#exchange.isAnswered) return; // an answer that is sent over time
    this.#context.counters.add(this.#wait.timeoutColumn(), 1);
    if (this.#wait.phase === IDLE) return this.#end(false);
    if (this.#wait.phase === HANDLER) return this.#giveUpHandler();
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

  /** The whole body of a pending handler would not be free: the handler reads it to its end. */
  get heldBytes(): number {
    if (this.#pumping || this.#upgraded) return 0;
    const isRead = this.#handlerPending && !this.#collecting;
    return this.#http.buffered + this.#appBytes + (isRead ? 0 : this.#exchange.body.heldBytes);
  }

  get heldSince(): number {
    return this.#wait.since;
  }

  shed(): void {
    if (this.#pumping || this.#upgraded || this.#transport.ended) return;
    // Between two requests an answer would be taken for that to the next one.
    if (this.#wait.phase === IDLE) return this.#end(false);
    this.#tellRefusal(new ProtocolError("HTTP_SHORT_OF_MEMORY", MEMORY_TEXT, { status: 503 }));
    this.#http.dispose();
  }

  // ExchangeOwner: called by the exchange.

  answered(): void {
    const { descriptor } = this.#transport;
    const { keepAlive } = this.#http;
    const { log } = this.#context;
    if (this.#receiptLogged) log.requestDone(descriptor, keepAlive);
    else if (this.#label !== null) log.request(descriptor, this.#label, keepAlive);
    // The answer may come long after the batch of its request. The next request waits for the end of the
    // handler, not for the answer, so that there is one handler at a time.
    const { request, status, bodyLength } = this.#exchange;
    this.#trace?.answered(request, status, bodyLength);
  }

  streamEnded(): void {
    if (this.#app !== null) this.#endAppTurn(this.#app);
    this.#pump();
  }

  get turn(): number {
    return this.#app === null ? 0 : this.#app.number;
  }

  readBody(listener: BodyListener): void {
    if (this.#beginsBody(listener)) this.#passBody();
  }

  readWhole(listener: WholeListener): void {
    const { request: { contentLength, chunked }, body } = this.#exchange;
    if (!this.#beginsBody(listener)) return;
    // A body that is here already needs no memory.
    const { buffered } = this.#http;
    const isLong = chunked || contentLength > buffered;
    if (isLong && !this.#context.memory.admits(Math.max(contentLength - buffered, 0))) {
      return this.#refuseBody();
    }
    body.begin(contentLength);
    this.#passBody();
  }

  /** Whether the app begins to read a body that is still to come; otherwise its listener knows. */
  #beginsBody(listener: BodyListener | WholeListener): boolean {
    if (this.#app === null || !this.#app.read(listener)) return false;
    // An answer that began before told a client that waits for 100 not to send the body.
    if (!this.#http.awaitsBody) {
      this.#app.fail(new TypeError(BODY_REFUSED));
      return false;
    }
    this.#route = null;
    this.#collecting = true;
    this.#settleBlocked();
    return true;
  }

  #passBody(): void {
    this.#http.sendContinue(this.#transport.out);
    if (this.#pumping) this.#passBuffered();
    else this.#pump();
  }

  /** There is no memory for a body that the app wants whole: the client is told so. */
  #refuseBody(): void {
    this.#http.mustClose();
    this.#exchange.respondShort(SHORT_OF_MEMORY);
    this.#endAppBody(new Error(MEMORY_TEXT));
  }

  /** Nothing more of the body is passed to the app. */
  #endAppBody(reason: Error): void {
    if (this.#app === null) return;
    this.#app.bodyFault ??= reason;
    this.#app.fail(reason);
    this.#dropAppBody();
    this.#settleBlocked();
  }

  #dropAppBody(): void {
    if (!this.#collecting || this.#route !== null) return;
    this.#collecting = false;
    this.#exchange.body.clear();
  }

  resumeBody(): void {
    const app = this.#app;
    if (app === null) return;
    if (!app.resume()) return this.#countBody(app);
    this.#settleBlocked();
    this.#pump();
  }

  upgrade(handler: WebSocketHandler, fields: ResponseHead["fields"]): boolean {
    const { request, isAnswered } = this.#exchange;
    if (isAnswered || this.#upgraded || this.#transport.ended) return false;
    if (!asksForWebSocket(request)) return false;
    const accept = judgeUpgrade(request, this.#context.config.origins);
    if (typeof accept !== "string") return false;
    this.#openWebSocket(handler, accept, fields);
    return true;
  }

  onLeft(callback: (() => void) | null): void {
    this.#app?.onLeft(callback);
  }

  setTimeout(milliseconds: number): void {
    if (this.#app === null) return;
    this.#app.timeout = milliseconds;
    if (this.#following === null) return; // it is set when the handler's promise is followed
    // In a promise, `now` may be as old as the wait during which that runs.
    const elapsed = this.#context.loop.os.preciseMilliseconds() - this.#wait.since;
    this.#wait.handlerTime = milliseconds === 0 ? 0 : elapsed + milliseconds;
    this.#setDeadline();
  }

  // JudgedClient: read by the guard.

  get clientAddress(): string {
    return this.#exchange.clientAddress;
  }

  get hasLeft(): boolean {
    return this.#transport.closed;
  }

  get hasEnded(): boolean {
    return this.#inputEnded;
  }

  // Deferred: called by the loop.

  onTurn(): void {
    this.#deferred = false;
    this.#pump();
  }

  #pump(): void {
    // Answers and failed writes within the loop below call this again: the loop continues by itself.
    if (this.#pumping || this.#upgraded || this.#transport.closed) return;
    this.#context.outgoing.relieve();
    this.#pumping = true;
    this.#context.refreshDate();
    try {
      this.#handleEvents();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    } finally {
      this.#pumping = false;
    }
    // Judging memory may end this connection too: then `closed` gives this session back.
    const isOver = this.#transport.closed || this.#upgraded;
    if (this.#transport.closed) this.#dispose();
    else if (!this.#upgraded) this.#rest();
    this.#context.judgeMemory();
    if (isOver) this.#giveBack();
  }

  #handleEvents(): void {
    const { loop, config } = this.#context;
    if (this.#afterPromise !== null) this.#runStep(this.#afterPromise);
    const last = this.#wait.requests + config.limits.pipelined;
    const { out } = this.#transport;
    // A peer that does not read gets no more answers: its next request waits in our buffer.
    while (this.#mayHandle()) {
      if (this.#wait.requests >= last && this.#http.buffered > 0) {
        this.#deferred = true;
        return loop.defer(this);
      }
      const event = this.#http.next();
      if (event === HTTP_CLOSED) return this.#finish();
      if (event !== REQUEST && event !== DATA && event !== END_OF_MESSAGE) return; // nothing more now
      this.#handle(event);
      if (out.isFull) out.flush();
    }
  }

  /** Handles one event; any exception here is our own fault. */
  #handle(event: number): void {
    try {
      if (event === REQUEST) this.#beginRequest();
      else if (event === DATA) this.#receiveBody();
      else this.#endRequest();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Runs the step after a promise. */
  #runStep(step: () => void): void {
    this.#afterPromise = null;
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #mayHandle(): boolean {
    return this.#transport.queuedBytes === 0 && !this.#blocked && !this.#deferred &&
      !this.#upgraded && !this.#transport.ended;
  }

  /** The batch is done: keeps incomplete input, and decides what the connection waits for. The loop sends. */
  #rest(): void {
    this.#http.retain();
    if (!this.#exchange.isWhole) this.#keepRequest();
    this.#wait.settle(this.#currentPhase(), this.#context.loop.now);
    this.#transport.setReading(this.#mayRead());
    this.#setDeadline();
  }

  #keepRequest(): void {
    this.#exchange.keep();
    if (this.#receiptLogged || this.#label === null || this.#exchange.isWhole) return;
    this.#receiptLogged = true;
    this.#context.log.requestReceived(this.#transport.descriptor, this.#label);
  }

  #currentPhase(): number {
    if (this.#handlerPending || this.#exchange.stream !== null) {
      return this.#collecting && !this.#blocked ? BODY : HANDLER;
    }
    if (this.#http.awaitsBody) return BODY;
    return this.#http.buffered > 0 ? HEAD : IDLE;
  }

  /** Input is kept in memory: so none is read while there is kept input that cannot be handled yet. */
  #mayRead(): boolean {
    if (this.#inputEnded || this.#deferred) return false;
    if (this.#isFrozen && this.#wait.phase === IDLE) return false;
    if (this.#http.buffered === 0) return true;
    return this.#wait.phase === HEAD && this.#transport.queuedBytes === 0;
  }

  #setDeadline(): void {
    this.#transport.setDeadline(this.#wait.deadline(this.#context.config.limits));
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

  /** Asks the guard whether the request may be answered; the next request waits for the verdict. */
  #judge(guard: Guard): void {
    const { request } = this.#exchange;
    const verdict = guard.judge(request, this);
    if (!(verdict instanceof Promise)) return this.#applyVerdict(guard, verdict);
    this.#label = labelOf(request.path, "credentials");
    // By this guard: after a reload of the config the router may have none.
    this.#follow(verdict, (settled) => this.#applyVerdict(guard, settled));
  }

  #applyVerdict(guard: Guard, verdict: Verdict): void {
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
    if (router.app !== undefined && router.app.isAsked(head.path)) return this.#ask(router.app);
    this.#callRoute(router, head);
  }

  #callRoute(router: Router, head: RequestHead): void {
    const route = router.find(head.path);
    if (route === undefined) return this.#answerNotFound(head.path);
    this.#label = route.label;
    if (route.methods !== null && !route.methods.includes(head.method)) {
      return this.#exchange.respondShort(otherMethod(head.method, route.methods));
    }
    if (route.webSocket !== null && asksForWebSocket(head)) return this.#upgrade(route);
    if (!route.wantsBody) return this.#callHandler(route);
    // A body that is here already needs no memory.
    const { buffered } = this.#http;
    const isLong = head.chunked || head.contentLength > buffered;
    if (isLong && !this.#context.memory.admits(Math.max(head.contentLength - buffered, 0))) {
      this.#http.mustClose();
      return this.#exchange.respondShort(SHORT_OF_MEMORY);
    }
    this.#route = route;
    this.#collecting = true;
    this.#exchange.body.begin(head.contentLength);
    if (head.expectContinue) this.#http.sendContinue(this.#transport.out);
  }

  /** Lets the app answer; it may read the body meanwhile. */
  #ask(app: AppRoute): void {
    this.#label = app.label;
    this.#app ??= new AppTurn();
    this.#app.begin(this.#exchange.request.hasBody());
    const result = app.handle(this.#exchange);
    if (result === undefined || result === "next") return this.#appHandled(result);
    this.#wait.handlerTime = this.#app.timeout ?? app.timeout ?? 0;
    this.#following = this.#follow(result, (settled) => this.#appHandled(settled));
  }

  /**
   * The app has not answered in time: the client gets 504, and the connection ends, so that a late answer reaches nobody.
   */
  #giveUpHandler(): void {
    const { method, path } = this.#exchange.request;
    const seconds = this.#wait.handlerTime / 1000;
    const what = `the app has not answered ${method} ${escapeText(path)} within ${seconds} s`;
    this.#context.warnings.say("app timeout", `${what} (--app-timeout)`);
    this.#context.log.note("APP", `fd=${this.#transport.descriptor} ${what}`);
    if (this.#following !== null) this.#context.unfollow(this.#following);
    this.#http.mustClose();
    if (this.#http.mayRespond) this.#exchange.respondShort(TIMED_OUT);
    this.#app?.left();
    this.#app?.fail(new DOMException("The app has not answered in time", "TimeoutError"));
    this.#end(this.#http.awaitsBody);
  }

  /** The app has answered, or passes the request on. */
  #appHandled(result: AppResult): void {
    if (this.#upgraded || this.#app === null) return;
    const { isAnswered, request, stream } = this.#exchange;
    // While the answer is sent as a stream, the app may still read the body.
    if (stream !== null) return this.#settleApp();
    const { wasRead } = this.#app;
    this.#endAppTurn(this.#app);
    if (result !== "next" || isAnswered || this.#transport.ended) return this.#handled();
    if (wasRead) throw new TypeError("the app has read the body of a request that it passes on");
    this.#callRoute(this.#context.router, request);
  }

  #settleApp(): void {
    this.#settleBlocked();
    this.#handled();
  }

  /** The app has no further part in the current request: what it has not read of the body is skipped. */
  #endAppTurn(app: AppTurn): void {
    this.#dropAppBody();
    app.end();
    this.#settleBlocked();
  }

  /** Passes what has arrived of the body, within the handling of an event. */
  #passBuffered(): void {
    try {
      while (this.#app?.isRead === true && !this.#transport.ended) {
        const event = this.#http.next();
        if (event !== DATA && event !== END_OF_MESSAGE) return;
        if (event === DATA) this.#receiveBody();
        else this.#endRequest();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
    }
  }

  #settleBlocked(): void {
    const app = this.#app;
    this.#blocked = this.#handlerPending ? app === null || !app.isRead : app !== null && app.isHeld;
    if (app !== null) this.#countBody(app);
  }

  #countBody({ heldBytes }: AppTurn): void {
    if (heldBytes === this.#appBytes) return;
    this.#context.messages.count(heldBytes - this.#appBytes);
    this.#appBytes = heldBytes;
  }

  #setPending(isPending: boolean): void {
    this.#handlerPending = isPending;
    this.#settleBlocked();
  }

  #answerNotFound(path: string): void {
    this.#label = labelOf(path, "not found");
    this.#exchange.respondShort(NOT_FOUND);
  }

  #receiveBody(): void {
    const { data, dataStart, dataEnd } = this.#http;
    this.#wait.receivedBody(dataEnd - dataStart);
    // A body that no handler needs is skipped: the next request begins at its end.
    if (!this.#collecting) return;
    if (this.#route !== null || this.#app?.isWhole === true) {
      return this.#exchange.body.add(data, dataStart, dataEnd);
    }
    this.#app?.data(data, dataStart, dataEnd);
    this.#settleBlocked();
  }

  #endRequest(): void {
    if (!this.#collecting) return;
    this.#collecting = false;
    if (this.#route !== null) return this.#callHandler(this.#route);
    const { body } = this.#exchange;
    this.#app?.bodyEnded(body);
    body.clear();
    this.#settleBlocked();
  }

  #callHandler(route: Route): void {
    if (this.#mustHold(route)) return this.#hold(() => this.#callHandler(route));
    const promise = route.handle(this.#exchange);
    if (promise === undefined) this.#handled();
    else this.#follow(promise, () => this.#handled());
  }

  /** The handler has ended; it may have answered long before. */
  #handled(): void {
    this.#releaseBody();
    if (this.#context.draining) this.#exchange.stream?.stop(); // it began after the others were told
    if (this.#exchange.isAnswered || this.#transport.closed) return; // no answer is due if the client has left
    this.#fail(new TypeError("the handler did not answer"));
  }

  /** Releases the body's memory, unless a pending handler may still read it. */
  #releaseBody(): void {
    if (!this.#handlerPending) this.#exchange.body.clear();
  }

  /** The connection is gone, perhaps before the request was answered, or in the middle of a stream. */
  #traceEnd(): void {
    const { isAnswered, stream, request, status, bodyLength } = this.#exchange;
    if (!isAnswered) this.#trace?.left(request);
    if (stream === null) return;
    this.#trace?.answered(request, status, bodyLength);
    stream.left();
  }

  /** The connection is gone: gives back all memory that no handler reads. */
  #dispose(): void {
    if (this.#held !== null) this.#dropHeld();
    this.#releaseBody();
    this.#http.dispose();
  }

  /**
   * The connection is gone, or is a WebSocket: another one may be served, unless something may still call this
   * session or use its exchange. What runs now may still end its work here: no connection begins meanwhile.
   */
  #giveBack(): void {
    if (this.#wasFollowed || this.#deferred) return;
    // The rest is reset when it is attached again.
    this.#transport = NO_TRANSPORT;
    this.#exchange.detach(NO_TRANSPORT);
    this.#trace?.attach(NO_TRANSPORT, 0);
    this.#context.sessions.give(this);
  }

  /** Waits for a promise; `next` runs together with its settling, so that nothing happens in between. */
  #follow<T>(promise: Promise<T>, next: (value: T) => void): Following {
    this.#setPending(true);
    this.#wasFollowed = true;
    this.#keepRequest();
    const resume = (step: () => void) => {
      this.#setPending(false);
      this.#wait.handlerTime = 0;
      this.#following = null;
      if (this.#transport.closed) return this.#releaseBody();
      this.#afterPromise = step;
      this.#pump();
    };
    return this.#context.follow(promise, (value) => resume(() => next(value)), (reason) => {
      this.#noteFailure(reason);
      resume(() => this.#answerFailure());
    });
  }

  /** A handler failed: logs the reason, and answers 500 if nothing was answered yet. */
  #fail(error: unknown): void {
    this.#noteFailure(error);
    this.#answerFailure();
  }

  #noteFailure(error: unknown): void {
    const { counters, log, warnings } = this.#context;
    if (error instanceof Error && error === this.#app?.bodyFault) {
      const { descriptor } = this.#transport;
      return log.note("APP", `fd=${descriptor} the body could not be read: ${error.message}`);
    }
    counters.add(COLUMN.handlerErrors, 1);
    if (this.#app !== null) return noteAppFault(this.#context, "fetch", error);
    const text = errorText(error);
    log.note("HTTP", `fd=${this.#transport.descriptor} handler failed: ${text}`);
    warnings.say("handler", `an endpoint failed: ${escapeText(text)}`);
  }

  #answerFailure(): void {
    this.#releaseBody();
    if (this.#app !== null) this.#endAppTurn(this.#app);
    this.#http.mustClose();
    if (!this.#exchange.isAnswered && this.#http.mayRespond) this.#answerByErrorPage();
    // The client must not take a partial answer, or a partial upgrade, for a complete one.
    if (!this.#exchange.isWhole && !this.#transport.ended) this.#transport.abort();
  }

  #answerByErrorPage(): void {
    try {
      if (this.#context.router.answerFailure?.(this.#exchange) === true) return;
    } catch (error) {
      this.#noteFailure(error);
      if (this.#exchange.isAnswered) return;
    }
    this.#exchange.respondShort(FAILED);
  }

  #upgrade(route: Route): void {
    const accept = judgeUpgrade(this.#exchange.request, this.#context.config.origins);
    if (typeof accept !== "string") return this.#exchange.respondShort(accept);
    if (route.webSocket === null) throw new TypeError("a route without WebSocket cannot upgrade");
    if (this.#mustHold(route.webSocket)) return this.#hold(() => this.#upgrade(route));
    this.#openWebSocket(route.webSocket, accept, []);
  }

  #openWebSocket(handler: WebSocketHandler, accept: string, more: ResponseHead["fields"]): void {
    const { descriptor } = this.#transport;
    const deflate = this.#context.compression === null || handler.compresses === false
      ? undefined
      : acceptDeflate(this.#exchange.request.field("sec-websocket-extensions"));
    const fields: (readonly [string, string])[] = [
      ["Upgrade", "websocket"],
      ["Sec-WebSocket-Accept", accept],
      ...more,
    ];
    if (deflate !== undefined) fields.push(["Sec-WebSocket-Extensions", deflate.answer]);
    this.#http.switchProtocol(this.#transport.out, { status: 101, fields, contentLength: -1 });
    countResponse(this.#context, 101);
    this.#trace?.answered(this.#exchange.request, 101, 0);
    if (this.#label !== null) this.#context.log.requestReceived(descriptor, this.#label);
    this.#upgraded = true;
    // An app that answers later must not reach the WebSocket.
    this.#exchange.upgraded();
    // An app may have waited, with input that could not be handled.
    this.#transport.setReading(true);
    const session = new WebSocketSession(this.#context, handler, deflate?.windowBits);
    session.open(this.#transport, this.#http.takeTrailing(), this.#exchange.request);
  }

  /** The peer violated the protocol, or was too slow: answers with the error, if an answer may be sent now. */
  #refuse(error: ProtocolError): void {
    const { counters } = this.#context;
    counters.add(COLUMN.protocolErrors, 1);
    countLimit(counters, error.code);
    this.#tellRefusal(error);
  }

  #tellRefusal(error: ProtocolError): void {
    this.#endAppBody(error);
    this.#context.log.requestRefused(this.#transport.descriptor, error.status, error.code);
    if (this.#http.mayRespond) {
      countResponse(this.#context, error.status);
      const text = `${statusLine(error.status)}: ${error.message}\n`;
      const fields = error.status === 503 ? [RETRY_AFTER] : [];
      this.#http.sendError(this.#transport.out, error, text, fields);
      this.#noteRefusal(error.status, text.length);
    }
    this.#end(true);
  }

  /** Traces a refusal: of the current request, or of input that is not a valid request. */
  #noteRefusal(status: number, bytes: number): void {
    const { isAnswered, request } = this.#exchange;
    this.#exchange.isAnswered = true;
    this.#exchange.isWhole = true;
    if (isAnswered) this.#trace?.refused(status, bytes, this.#wait.since);
    else this.#trace?.answered(request, status, bytes);
  }

  /** The protocol has ended: no request follows. */
  #finish(): void {
    this.#end(!this.#inputEnded && (this.#http.buffered > 0 || this.#http.awaitsBody));
  }

  /** Ends the connection after all queued bytes; `lingering` as in Transport. */
  #end(lingering: boolean): void {
    this.#releaseBody();
    this.#transport.finish(lingering);
  }
}

function labelOf(path: string, what: string): LogLabel {
  return new LogLabel(`${escapeText(path)} (${what})`);
}
