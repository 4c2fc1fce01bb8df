/**
 * The session of one WebSocket: passes messages to the handler and sends what the handler sends.
 *
 * In: a connection after its handshake. Out: frames, lines in the log, counts. Answers pings,
 * finishes the close handshake, pings a silent peer and aborts the connection if it stays silent. While
 * more than the limit `queuedBytes` is queued for the peer, nothing more is read from it, and the handler's
 * overflow policy decides about what the handler sends.
 *
 * Every entry (`receive`, `deadline`, a settled promise, `close` from outside) ends in `#settle`, which sets
 * the deadline and closes the socket after the close handshake. Frames are sent with the batch. While a
 * handler's promise is pending its message stays in memory, even if the peer has disconnected.
 *
 * Longer than 400 lines because each of its entries changes the same few flags and deadlines.
 */

import {
  ABNORMAL_CLOSURE,
  CLOSE,
  GOING_AWAY,
  INTERNAL_ERROR,
  MESSAGE,
  NEED_DATA,
  PING,
  POLICY_VIOLATION,
  PONG,
  ProtocolError,
  type RequestHead,
  RSV1,
  SERVICE_RESTART,
  TRY_AGAIN_LATER,
  WEBSOCKET_CLOSED,
  WebSocketConnection,
} from "../../../protocol/mod.ts";
import {
  type MovedSession,
  NEVER,
  type Session,
  type Transport,
  type Unmoved,
} from "../../net/mod.ts";
import { errorText } from "../../observe/log/mod.ts";
import { COLUMN } from "../../ring/mod.ts";
import { LEAST_COMPRESSED } from "./compression.ts";
import type { SessionContext } from "./context.ts";
import { countLimit } from "./limit_columns.ts";
import { MEMORY_TEXT } from "./responses.ts";
import type { LeftConnection } from "./moved_session.ts";
import type { WebSocketHandler, WebSocketPeer } from "./route.ts";
import { DROPPED, QUEUED } from "./send_result.ts";
import { deflatedFrames, type SharedFrames } from "./shared_message.ts";

/** A longer payload is sent without a copy; a shorter one is cheaper to copy into the queue. */
const GATHERED_PAYLOAD = 4 * 1024;
const NOTHING = new Uint8Array(0);

// The state of a session, as bits of one number: there are thousands of sessions.
/** A handler's promise is pending: the next message waits, and no deadline runs. */
const HANDLER_PENDING = 1;
/** Events are being handled: frames queued meanwhile are sent with the rest. */
const PUMPING = 2;
/** The peer was pinged and has sent nothing since. */
const AWAITING_PONG = 4;
/** Our close frame is sent, and the time for the peer's runs. */
const CLOSING = 8;
/** Nothing was read, as too much waits for the peer: the time of its message does not run. */
const PAUSED = 16;
/** Nothing is read, as the server hands over what messages are about. */
const FROZEN = 32;
/** permessage-deflate is negotiated: the bits from this one on are the window bits of what is sent. */
const DEFLATES = 256;

/** One connection after the upgrade. */
export class WebSocketSession implements Session, WebSocketPeer {
  readonly #context: SessionContext;
  readonly #handler: WebSocketHandler;
  readonly #connection: WebSocketConnection;
  attachment: unknown = undefined;
  #transport!: Transport;
  #flags = 0;

  /** @param windowBits what permessage-deflate was negotiated with; 0: it was not */
  constructor(context: SessionContext, handler: WebSocketHandler, windowBits = 0) {
    this.#context = context;
    this.#handler = handler;
    const inflating = windowBits > 0 ? context.inflatingReaders : null;
    if (inflating !== null) this.#flags = windowBits * DEFLATES;
    this.#connection = new WebSocketConnection(inflating ?? context.frameReaders);
  }

  /** Starts the session; `early` are bytes that arrived after the handshake, which was this request. */
  open(transport: Transport, early: Uint8Array, request: RequestHead): void {
    this.#attach(transport);
    this.#context.log.handshakeComplete(transport.descriptor);
    try {
      this.#handler.opened(this, request);
    } catch (error) {
      this.#fail(error);
    }
    if (early.length > 0) this.receive(early, 0, early.length);
    else this.#settle();
    // All other sessions were told when the server began to stop.
    if (this.#context.draining) this.drain();
  }

  /** Starts the session in place of {@link open}, where one in another process has left off. */
  resume(transport: Transport, { state, unread, unsent }: LeftConnection): void {
    this.#attach(transport);
    this.#context.log.note("WS", `fd=${transport.descriptor} goes on from the server before`);
    const { out } = transport;
    out.append(unsent);
    try {
      this.#handler.moved?.(this, state);
    } catch (error) {
      this.#fail(error);
    }
    out.flush();
    if (transport.closed) return;
    if (unread.length > 0) this.receive(unread, 0, unread.length);
    else this.#settle();
    // While the next server takes over, there is time.
    if (this.#context.draining && !this.#context.handsOver) this.drain();
  }

  #attach(transport: Transport): void {
    this.#transport = transport;
    transport.setSession(this);
    this.#heard();
    this.#context.counters.add(COLUMN.webSocketsOpened, 1);
    if (this.#flags >= DEFLATES) this.#context.counters.add(COLUMN.webSocketsDeflating, 1);
  }

  // Session: called by the transport.

  freeze(): void {
    const isOpen = this.#connection.state === "OPEN" && !this.#transport.closed;
    if (this.#handler.isFreezable !== true || !isOpen) return;
    this.#flags |= FROZEN;
    this.#transport.setReading(false);
  }

  get isFrozen(): boolean {
    return this.#is(FROZEN);
  }

  thaw(): boolean {
    if (!this.#is(FROZEN) || this.#transport.closed) return false;
    this.#flags &= ~FROZEN;
    this.#transport.setReading(!this.#is(HANDLER_PENDING | PAUSED));
    this.#pump();
    return true;
  }

  move(): MovedSession | Unmoved {
    const { counters, log } = this.#context;
    const { resumesAt } = this.#handler;
    if (resumesAt === undefined || this.#connection.state !== "OPEN") return "stays";
    const state = this.#is(PUMPING | HANDLER_PENDING) ? undefined : this.#takeState();
    if (state === undefined) return "busy";
    // What the handler has sent last was too much.
    if (this.#transport.closed) return "stays";
    counters.add(COLUMN.webSocketsClosed, 1);
    log.note("WS", `fd=${this.#transport.descriptor} goes on in the new server`);
    const unread = this.#connection.unfinishedInput();
    this.#connection.dispose();
    const windowBits = this.#windowBits;
    return { kind: "websocket", endpoint: resumesAt, windowBits, state, unread };
  }

  /** What the handler leaves; undefined: it goes on here. */
  #takeState(): Uint8Array | undefined {
    if (this.#handler.moving === undefined) return NOTHING;
    try {
      return this.#handler.moving(this);
    } catch (error) {
      this.#fail(error);
      this.#settle();
      return undefined;
    }
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#heard();
    this.#connection.receive(bytes, start, end);
    this.#pump();
  }

  receiveEnd(): void {
    this.#connection.receiveEof();
    this.#pump();
  }

  drained(): void {
    if (this.#is(PAUSED)) this.#connection.noteBegin(this.#context.loop.now);
    this.#flags &= ~PAUSED;
    // A peer that read all that was queued is alive; but sending our own ping is not an answer to it.
    if (!this.#is(AWAITING_PONG)) this.#heard();
    this.#pump();
    if (this.#transport.closed) return;
    this.#transport.setReading(!this.#is(HANDLER_PENDING | FROZEN));
    this.#tellDrained();
  }

  closed(): void {
    const { counters, log } = this.#context;
    counters.add(COLUMN.webSocketsClosed, 1);
    log.webSocketClosed(this.#transport.descriptor, this.#connection.closeCode || ABNORMAL_CLOSURE);
    this.#tellClosed();
    this.#dispose();
  }

  deadline(now: number): void {
    const { pingTime, pongTime } = this.#context.config.limits;
    if (!this.#is(CLOSING) && now >= this.#messageDeadline()) return this.#endSlowMessage();
    // The peer was silent until the ping, and after it for the rest of the time for its pong.
    if (this.#is(CLOSING | AWAITING_PONG) || pongTime <= pingTime) {
      const column = this.#is(CLOSING) ? COLUMN.timeoutsClose : COLUMN.timeoutsPong;
      this.#context.counters.add(column, 1);
      return this.#transport.abort();
    }
    this.#flags |= AWAITING_PONG;
    this.#connection.sendPing(this.#transport.out, NOTHING, 0, 0);
    const pongDeadline = now + pongTime - pingTime;
    this.#transport.setDeadline(Math.min(pongDeadline, this.#messageDeadline()));
    this.#settle();
  }

  drain(): void {
    this.thaw();
    if (this.#transport.closed) return;
    const { handsOver, retires } = this.#context;
    if (this.#handler.draining === undefined) {
      // After 1001 some clients stay away for good, as the package sockette 2.0.
      if (handsOver) return this.close(SERVICE_RESTART, "the server is being replaced");
      if (retires) return this.close(SERVICE_RESTART, "a worker is being replaced");
      return this.close(GOING_AWAY, "the server is stopping");
    }
    try {
      this.#handler.draining(this);
    } catch (error) {
      this.#fail(error);
      this.#settle();
    }
  }

  wantsDirect(): boolean {
    return this.#connection.wantsDirect();
  }

  get directBytes(): Uint8Array {
    return this.#connection.directBytes;
  }

  get directStart(): number {
    return this.#connection.directStart;
  }

  get directEnd(): number {
    return this.#connection.directEnd;
  }

  receivedDirect(count: number): void {
    this.#heard();
    this.#connection.receivedDirect(count);
    this.#pump();
  }

  /** The message of a pending handler would not be free: the handler reads it to its end. */
  get heldBytes(): number {
    return this.#is(PUMPING | HANDLER_PENDING) ? 0 : this.#connection.heldBytes;
  }

  get heldSince(): number {
    return Math.min(this.#connection.begun, this.#context.loop.now);
  }

  shed(): void {
    if (this.#is(PUMPING) || this.#transport.ended) return;
    this.#end(new ProtocolError("WS_SHORT_OF_MEMORY", MEMORY_TEXT, { closeCode: TRY_AGAIN_LATER }));
  }

  // WebSocketPeer: called by handlers.

  get opcode(): number {
    return this.#connection.opcode;
  }

  get payload(): Uint8Array {
    return this.#connection.payload;
  }

  get payloadStart(): number {
    return this.#connection.payloadStart;
  }

  get payloadEnd(): number {
    return this.#connection.payloadEnd;
  }

  get queuedBytes(): number {
    return this.#transport.queuedBytes;
  }

  get isOpen(): boolean {
    return !this.#transport.ended && this.#connection.maySend;
  }

  get closeCode(): number {
    return this.#connection.closeCode || ABNORMAL_CLOSURE;
  }

  get closeReason(): string {
    return this.#connection.closeReason;
  }

  send(opcode: number, bytes: Uint8Array, start: number, end: number, compress = true): number {
    // A copy beyond the end would send old bytes of the queue's memory.
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`there are no bytes ${start} to ${end} to send`);
    }
    if (!this.#maySend()) return DROPPED;
    if (this.#flags >= DEFLATES && compress) {
      const sent = this.#sendDeflated(opcode, bytes, start, end);
      if (sent !== undefined) return sent;
    }
    const { out } = this.#transport;
    const before = out.size;
    if (!this.#connection.sendMessage(out, opcode, bytes, start, end)) return DROPPED;
    return this.#sent(out.size - before);
  }

  sendShared(message: SharedFrames): number {
    if (!this.#maySend()) return DROPPED;
    if (this.#flags >= DEFLATES) return this.#sendSharedDeflated(message);
    this.#transport.out.appendPart(message.frame);
    return this.#sent(message.frame.length, message.count);
  }

  reply(opcode: number): number {
    if (!this.#maySend()) return DROPPED;
    const { payload, payloadStart, payloadEnd } = this.#connection;
    const length = payloadEnd - payloadStart;
    if (this.#flags >= DEFLATES) {
      const sent = this.#sendDeflated(opcode, payload, payloadStart, payloadEnd);
      if (sent !== undefined) return sent;
    }
    // The frame is made where the message is.
    const start = this.#connection.encodeHeaderBefore(payload, payloadStart, length, opcode);
    const { out } = this.#transport;
    if (length <= GATHERED_PAYLOAD) out.append(payload, start, payloadEnd);
    else out.write(payload, start, payloadEnd);
    return this.#sent(payloadEnd - start);
  }

  sendControl(kind: "ping" | "pong", bytes: Uint8Array, start: number, end: number): number {
    if (!this.#maySend()) return DROPPED;
    const { out } = this.#transport;
    const before = out.size;
    if (kind === "ping") this.#connection.sendPing(out, bytes, start, end);
    else this.#connection.sendPong(out, bytes, start, end);
    return this.#queued(out.size - before);
  }

  abort(): void {
    this.#transport.abort();
  }

  close(code: number, reason = ""): void {
    if (this.#transport.closed) return;
    if (this.#connection.sendClose(this.#transport.out, code, reason) && !this.#is(PUMPING)) {
      this.#settle();
    }
  }

  #pump(): void {
    if (this.#is(PUMPING | HANDLER_PENDING | FROZEN) || this.#transport.closed) return;
    this.#context.outgoing.relieve();
    this.#flags |= PUMPING;
    try {
      this.#handleEvents();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#flags &= ~PUMPING;
    }
    if (this.#transport.closed) this.#dispose();
    else this.#settle();
    this.#context.judgeMemory();
  }

  /** Releases the message's memory, unless a handler still reads it: then it is called again afterwards. */
  #dispose(): void {
    if (!this.#is(PUMPING | HANDLER_PENDING)) this.#connection.dispose();
  }

  /**
   * Whether a message may be sent. Above the bound the handler's policy decides. With `pause` a message that
   * is sent synchronously in answer to the peer's own is queued, as nothing more is read from that peer.
   */
  #maySend(): boolean {
    if (!this.#is(PUMPING)) this.#context.outgoing.relieve();
    if (this.#transport.ended || !this.#connection.maySend) return false;
    if (this.#transport.queuedBytes <= this.#context.config.limits.queuedBytes) return true;
    const { overflow = "pause" } = this.#handler;
    if (overflow === "pause" && this.#is(PUMPING)) return true;
    if (overflow === "close") {
      const { descriptor } = this.#transport;
      this.#context.log.note("WS", `fd=${descriptor} reads too slowly: closed`);
      this.#transport.abort();
    }
    return false;
  }

  /** Sends a message compressed; undefined, and nothing has happened, if it would not be smaller. */
  #sendDeflated(
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number | undefined {
    const { compression, counters } = this.#context;
    const length = end - start;
    if (compression === null || length < LEAST_COMPRESSED) return undefined;
    const count = compression.deflate(bytes, start, end, this.#windowBits);
    if (count === 0) return undefined;
    const { out } = this.#transport;
    const before = out.size;
    // RFC 7692 section 6: RSV1 says that the message is compressed.
    this.#connection.sendMessage(out, RSV1 | opcode, compression.output, 0, count);
    counters.add(COLUMN.bytesSavedSending, length - count);
    return this.#sent(out.size - before);
  }

  #sendSharedDeflated(message: SharedFrames): number {
    const { compression, counters } = this.#context;
    const { frame } = message;
    const deflated = compression === null
      ? frame
      : deflatedFrames(message, this.#windowBits, compression);
    counters.add(COLUMN.bytesSavedSending, frame.length - deflated.length);
    this.#transport.out.appendPart(deflated);
    return this.#sent(deflated.length, message.count);
  }

  get #windowBits(): number {
    return this.#flags >> 8;
  }

  /** The frame of a message was queued, `count` bytes. */
  #sent(count: number, messages = 1): number {
    this.#context.counters.add(COLUMN.messagesSent, messages);
    return this.#queued(count);
  }

  #queued(count: number): number {
    const transport = this.#transport;
    // While events are handled, the queue is flushed between two of them. But a handler with `drained` learns what waits: otherwise
    // a handler that sends much at once would never be.
    const { overflow = "pause" } = this.#handler;
    if (transport.out.isFull && (overflow !== "pause" || !this.#is(PUMPING))) transport.out.flush();
    if (transport.closed) return DROPPED;
    return transport.queuedBytes > 0 ? QUEUED : count;
  }

  #tellDrained(): void {
    if (this.#handler.drained === undefined) return;
    try {
      this.#handler.drained(this);
    } catch (error) {
      this.#fail(error);
      this.#settle();
    }
  }

  #tellClosed(): void {
    if (this.#handler.closed === undefined) return;
    try {
      this.#handler.closed(this);
    } catch (error) {
      const { counters, warnings } = this.#context;
      counters.add(COLUMN.handlerErrors, 1);
      warnings.say("handler", `an endpoint failed: ${errorText(error)}`);
    }
  }

  /** Whether any of these bits is set. */
  #is(flags: number): boolean {
    return (this.#flags & flags) !== 0;
  }

  /** The peer is alive: its time of silence starts again. */
  #heard(): void {
    this.#flags &= ~AWAITING_PONG;
    // Nothing that it sends gives it more time to answer our close frame.
    if (this.#is(CLOSING | HANDLER_PENDING)) return;
    this.#transport.setDeadline(this.#context.loop.now + this.#context.config.limits.pingTime);
  }

  #handleEvents(): void {
    const { limits } = this.#context.config;
    const { out } = this.#transport;
    while (!this.#transport.closed && !this.#is(HANDLER_PENDING)) {
      // A peer that does not read gets no more: its next message waits.
      if (this.#transport.queuedBytes > limits.queuedBytes) {
        this.#flags |= PAUSED;
        return this.#transport.setReading(false);
      }
      const event = this.#connection.next();
      if (event === NEED_DATA || event === WEBSOCKET_CLOSED) return;
      if (event === MESSAGE) this.#receiveMessage();
      else if (event === PING) this.#answerPing();
      else if (event === PONG) this.#handler.ponged?.(this);
      else if (event === CLOSE) return this.#answerClose();
      if (out.isFull) out.flush();
    }
  }

  #receiveMessage(): void {
    const { counters, log } = this.#context;
    const { payloadStart, payloadEnd } = this.#connection;
    counters.add(COLUMN.messagesReceived, 1);
    if (this.#flags >= DEFLATES) {
      counters.add(COLUMN.bytesSavedReceiving, this.#context.compression?.takeSaved() ?? 0);
    }
    log.messageReceived(this.#transport.descriptor, payloadEnd - payloadStart);
    const promise = this.#handler.message(this);
    if (promise !== undefined) this.#wait(promise);
  }

  #answerPing(): void {
    const { payload, payloadStart, payloadEnd } = this.#connection;
    this.#connection.sendPong(this.#transport.out, payload, payloadStart, payloadEnd);
    this.#handler.pinged?.(this);
  }

  #answerClose(): void {
    // RFC 6455 section 5.5.1: typically the received code is echoed; we echo the reason too.
    const { closeCode, closeReason } = this.#connection;
    this.#connection.sendClose(this.#transport.out, closeCode, closeReason);
  }

  #wait(promise: Promise<void>): void {
    this.#flags |= HANDLER_PENDING;
    this.#transport.setReading(false);
    this.#transport.setDeadline(NEVER);
    const resume = () => {
      this.#flags &= ~HANDLER_PENDING;
      if (this.#transport.closed) return this.#dispose();
      this.#heard();
      this.#transport.setReading(!this.#is(FROZEN));
      this.#pump();
    };
    this.#context.follow(promise, resume, (reason) => {
      this.#fail(reason);
      resume();
    });
  }

  /** A peer's error closes with its code; our own with 1011, and is logged. */
  #fail(error: unknown): void {
    const { counters, log, warnings } = this.#context;
    if (this.#transport.closed) return;
    if (error instanceof ProtocolError) {
      counters.add(COLUMN.protocolErrors, 1);
      countLimit(counters, error.code);
      this.#tellRefusal(error);
    } else {
      counters.add(COLUMN.handlerErrors, 1);
      log.note("WS", `fd=${this.#transport.descriptor} handler failed: ${errorText(error)}`);
      warnings.say("handler", `an endpoint failed: ${errorText(error)}`);
      this.#connection.sendClose(this.#transport.out, INTERNAL_ERROR);
    }
  }

  #tellRefusal({ closeCode, code, message }: ProtocolError): void {
    this.#context.log.note("WS", `fd=${this.#transport.descriptor} refused ${closeCode} ${code}`);
    this.#connection.sendClose(this.#transport.out, closeCode, message);
  }

  /** Ends the connection for a reason of ours, which the peer is told; its message is dropped. */
  #end(reason: ProtocolError): void {
    this.#connection.fail(reason);
    this.#tellRefusal(reason);
    this.#settle();
  }

  /** As with the body of a request: some time for the beginning, and a rate for the rest. */
  #messageDeadline(): number {
    const { headTime, bodyRate } = this.#context.config.limits;
    const { begun, gathered } = this.#connection;
    return begun + headTime + gathered / bodyRate * 1000;
  }

  #endSlowMessage(): void {
    this.#context.counters.add(COLUMN.timeoutsMessage, 1);
    const text = "The message did not come in time";
    this.#end(new ProtocolError("WS_MESSAGE_TIMEOUT", text, { closeCode: POLICY_VIOLATION }));
  }

  /** A message has begun and is not complete: it needs memory, and has a deadline. Control frames do not move it. */
  #awaitMessage(): void {
    const { loop: { now }, config: { limits }, memory } = this.#context;
    if (this.#connection.begun === Infinity) {
      if (!memory.admits(this.#connection.missing)) return this.shed();
      this.#connection.noteBegin(now);
    }
    // While a pong is awaited the deadline of that is set, or an earlier one.
    if (this.#is(AWAITING_PONG | HANDLER_PENDING)) return;
    this.#transport.setDeadline(Math.min(now + limits.pingTime, this.#messageDeadline()));
  }

  #settle(): void {
    if (this.#transport.closed) return;
    const { state } = this.#connection;
    if (this.#is(HANDLER_PENDING)) this.#connection.keepPayload();
    else this.#connection.retain();
    if (state === "CLOSED") {
      // RFC 6455 section 7.1.1: the server closes first; further input is read and discarded.
      this.#transport.finish(true);
    } else if (state === "CLOSE_SENT" && !this.#is(CLOSING)) {
      const { config: { limits }, loop } = this.#context;
      this.#flags |= CLOSING;
      this.#transport.setDeadline(loop.now + limits.closeTime);
    } else if (state === "OPEN" && this.#connection.isReceiving) {
      this.#awaitMessage();
    }
  }
}
