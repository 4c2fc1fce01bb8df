/**
 * One WebSocket connection after its handshake, for either role (RFC 6455 sections 5 to 8).
 *
 * In: `receive()` gets a view of bytes, which is unmasked in place and stays the caller's. Out:
 * `next()` answers one event after the other, NEED_DATA when there is none, and throws the
 * ProtocolError when the peer broke a rule; what is to be sent is appended to the caller's
 * ByteBuffer. The connection never answers by itself, never waits, and owns no buffer while idle.
 *
 * A message that lies whole in the view is given as a view of it. One that does not is gathered in
 * a buffer of the pool; when much of it is missing, `wantsDirect()` offers that buffer to the
 * transport, which then receives into it without a copy.
 *
 * It is longer than other files because input, output and lending share one state; the rules
 * themselves stand in the modules that it drives.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { NEED_DATA, ProtocolError } from "../errors.ts";
import type { WebSocketLimits } from "../limits.ts";
import { ABNORMAL_CLOSURE } from "./close_code.ts";
import { makeClosePayload, parseClosePayload } from "./close_payload.ts";
import {
  type ConnectionState,
  type ConnectionStep,
  nextState,
  PERMISSIONS,
  TRANSITIONS,
} from "./connection_state.ts";
import { CLOSED, MESSAGE } from "./events.ts";
import { FrameDecoder } from "./frame_decoder.ts";
import * as encoder from "./frame_encoder.ts";
import { FIN, LONGEST_SHORT, unmaskedHeaderSize } from "./frame_header.ts";
import { InputView } from "./input_view.ts";
import { MessageAssembler } from "./message_assembler.ts";
import type { MessageBufferPool } from "./message_buffer_pool.ts";
import { BINARY, CLOSE, PING, PONG, TEXT } from "./opcodes.ts";
import { PayloadBuffer } from "./payload_buffer.ts";

/** Which end of the connection we are. */
export type Role = "server" | "client";

/** Less than this many missing bytes are not worth a receive of their own. */
const LEAST_DIRECT = 4096;

const NO_BYTES = new Uint8Array(0);

/** One connection, from the end of the handshake to its own end. */
export class WebSocketConnection {
  /** Which end we are. */
  readonly role: Role;
  /** Where the connection stands. */
  state: ConnectionState = "OPEN";
  /** Whether messages, pings and pongs may be sent now. */
  maySend = true;

  /** MESSAGE: TEXT or BINARY; PING, PONG: the same. */
  opcode = 0;
  /** MESSAGE, PING, PONG: holds the payload; until the next `next()`, `retain()` or `dispose()`. */
  payload: Uint8Array = NO_BYTES;
  /** Where the payload begins in {@link payload}. */
  payloadStart = 0;
  /** Where it ends. */
  payloadEnd = 0;
  /** Bytes before {@link payloadStart} that may be overwritten; for a server, a header fits. */
  payloadHeadroom = 0;
  /** CLOSE, CLOSED: the peer's code; 1005 if its frame had none, 1006 if there was no frame. */
  closeCode = 0;
  /** CLOSE, CLOSED: the peer's reason, or "". */
  closeReason = "";

  /** After {@link wantsDirect} said true: the array to receive into. */
  directBytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** Where to receive to in {@link directBytes}. */
  directStart = 0;
  /** How far at most. */
  directEnd = 0;

  readonly #pool: MessageBufferPool;
  readonly #input: InputView;
  readonly #maskKey: (() => number) | undefined;
  readonly #frame: FrameDecoder;
  readonly #message: MessageAssembler;
  /** The payload of a control frame that came in pieces; most connections never see one. */
  #control: PayloadBuffer | undefined = undefined;
  /** The buffer that the last event lent out, or undefined. */
  #lent: PayloadBuffer | undefined = undefined;

  /** Bytes that were received directly and are not judged yet. */
  #direct = 0;
  #eof = false;
  #mayReceive = true;
  #mayDeliver = true;
  #failure: ProtocolError | undefined = undefined;

  /**
   * @param pool lends the buffers of what comes in pieces; one per worker
   * @param maskKey a client's source of masking keys, 32 random bits each (section 5.3)
   * @throws TypeError for a client without a source of keys
   */
  constructor(
    role: Role,
    limits: WebSocketLimits,
    pool: MessageBufferPool,
    maskKey?: () => number,
  ) {
    if (role === "client" && maskKey === undefined) {
      throw new TypeError("Cannot make a client connection without a source of masking keys");
    }
    this.role = role;
    this.#pool = pool;
    this.#input = new InputView(pool);
    this.#maskKey = role === "client" ? maskKey : undefined;
    this.#frame = new FrameDecoder(role === "server");
    this.#message = new MessageAssembler(limits, pool);
  }

  // ── Input ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a view of the next bytes. It is changed in place, and must stay until {@link retain} or
   * until `next()` said NEED_DATA. After a failure or the end the bytes are ignored.
   */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#mayReceive) return;
    this.#withdrawOffer();
    this.#input.append(bytes, start, end);
  }

  /** The peer sends no more. What it sent before is still given; then comes CLOSED. */
  receiveEof(): void {
    this.#eof = true;
  }

  /**
   * The next event, or NEED_DATA. It ends what the event before lent.
   *
   * @throws ProtocolError when the peer broke a rule, and again until the close frame that tells it
   * so was sent
   */
  next(): number {
    this.#takeBack();
    if (this.state === "FAILED" && this.#failure !== undefined) throw this.#failure;
    try {
      return this.#advance();
    } catch (error) {
      if (error instanceof ProtocolError) this.#fail(error);
      throw error;
    }
  }

  /** The view ceases to be valid: what is unread of it is copied. Ends what the last event lent. */
  retain(): void {
    this.#takeBack();
    this.#input.retain();
  }

  /** Gives all buffers back. The socket is gone: nothing else may be called any more. */
  dispose(): void {
    this.#takeBack();
    this.#dropInput();
    this.#mayReceive = false;
  }

  // ── Direct receive ───────────────────────────────────────────────────────────────────────────

  /**
   * Whether so much of a message is missing that the transport should receive right into
   * {@link directBytes} from {@link directStart} to {@link directEnd}. To be asked after NEED_DATA,
   * and only when the socket is readable: it sets memory aside for what the header promises. The
   * offer stands until {@link receivedDirect}, {@link receive} or the end of the connection.
   */
  wantsDirect(): boolean {
    const frame = this.#frame;
    if (!frame.complete || frame.control || frame.missing < LEAST_DIRECT) return false;
    if (!this.#mayDeliver || this.#direct > 0 || this.#input.unread > 0) return false;
    const payload = this.#message.payload;
    payload.makeRoom(LEAST_DIRECT, frame.missing);
    this.directBytes = payload.bytes;
    this.directStart = payload.end;
    // Not past this frame: what follows is the next header.
    this.directEnd = Math.min(payload.bytes.length, payload.end + frame.missing);
    return true;
  }

  /**
   * The transport received `count` bytes to {@link directStart}; `next()` goes on with them.
   *
   * @throws RangeError for more bytes than were offered
   */
  receivedDirect(count: number): void {
    if (!this.#mayReceive) return;
    if (count > this.directEnd - this.directStart) {
      throw new RangeError(`Cannot take ${count} bytes: fewer were offered`);
    }
    this.#direct = count;
    this.#withdrawOffer();
  }

  // ── Output ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Appends a message in one frame.
   *
   * @param opcode TEXT, whose bytes the caller knows to be UTF-8, or BINARY
   * @returns false, and nothing is appended, when no message may be sent any more
   * @throws TypeError for another opcode
   */
  sendMessage(
    out: ByteBuffer,
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if (opcode !== TEXT && opcode !== BINARY) {
      throw new TypeError(`Cannot send a message with the opcode ${opcode}`);
    }
    if (!this.maySend) return false;
    this.#sendFrame(out, opcode, bytes, start, end);
    return true;
  }

  /**
   * Appends a ping of at most 125 bytes.
   *
   * @returns false, and nothing is appended, when none may be sent any more
   * @throws RangeError for a longer payload
   */
  sendPing(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#sendControl(out, PING, bytes, start, end);
  }

  /** Appends a pong, the answer to PING with its payload; otherwise like {@link sendPing}. */
  sendPong(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#sendControl(out, PONG, bytes, start, end);
  }

  /**
   * Appends the close frame: it begins the closing handshake, answers the peer's, or tells it what
   * it broke.
   *
   * @param code a code that may be sent, or 1005 for a frame without one, so that `closeCode` of
   * CLOSE can be sent back as it is
   * @param reason at most 123 bytes of UTF-8
   * @returns false, and nothing is appended, when one was sent or the connection is over
   * @throws RangeError for another code or a longer reason
   */
  sendClose(out: ByteBuffer, code: number, reason = ""): boolean {
    if (TRANSITIONS[this.state].SEND_CLOSE === undefined) return false;
    const payload = makeClosePayload(code, reason);
    this.#sendFrame(out, CLOSE, payload, 0, payload.length);
    this.#step("SEND_CLOSE");
    return true;
  }

  /**
   * Writes a server's frame header in front of a payload that lies in memory, as that of a MESSAGE
   * or PING does, so that header and payload are sent without a copy.
   *
   * @param opcode TEXT, BINARY or PONG
   * @returns the offset in `bytes` at which the frame begins
   * @throws TypeError in the client role, or when {@link maySend} is false
   * @throws RangeError when the header does not fit before `payloadStart`
   */
  encodeHeaderBefore(
    bytes: Uint8Array,
    payloadStart: number,
    payloadLength: number,
    opcode: number,
  ): number {
    if (this.role !== "server") throw new TypeError("Cannot send an unmasked frame as a client");
    if (!this.maySend) throw new TypeError(`Cannot send a frame in the state ${this.state}`);
    return encoder.encodeHeaderBefore(bytes, payloadStart, payloadLength, FIN | opcode);
  }

  // ── Frames ───────────────────────────────────────────────────────────────────────────────────

  #advance(): number {
    const frame = this.#frame;
    const input = this.#input;
    while (this.#mayReceive) {
      if (!frame.complete) {
        input.position = frame.readHeader(input.bytes, input.position, input.end);
        if (!frame.complete) return this.#starve();
        if (!frame.control) this.#message.beginFrame(frame.opcode, frame.length);
      }
      const event = frame.control ? this.#readControl() : this.#readData();
      if (event !== NEED_DATA) return event;
      if (frame.complete) return this.#starve();
    }
    return this.#finish();
  }

  /** All input is read, and nothing of it is lent. */
  #starve(): number {
    this.#input.drop();
    if (!this.#eof) return NEED_DATA;
    this.#step("RECEIVE_EOF");
    return this.#finish();
  }

  /** No input is read any more: the close handshake is on its way, or all is over. */
  #finish(): number {
    this.#dropInput();
    if (this.state !== "CLOSED") {
      if (!this.#eof) return NEED_DATA;
      this.#step("RECEIVE_EOF");
    }
    if (this.closeCode === 0) this.closeCode = ABNORMAL_CLOSURE;
    return CLOSED;
  }

  #readData(): number {
    if (!this.#mayDeliver) return this.#dropData();
    const frame = this.#frame;
    const message = this.#message;
    if (frame.fin && message.untouched && this.#liesInView()) {
      const start = this.#input.position;
      const end = this.#unmaskInView();
      message.judgePiece(this.#input.bytes, start, end);
      frame.nextFrame();
      return this.#lendView(MESSAGE, message.endMessage(), start);
    }
    this.#gatherDirect();
    this.#gather(message.payload);
    if (frame.missing > 0) return NEED_DATA;
    frame.nextFrame();
    if (!frame.fin) return NEED_DATA;
    return this.#lendBuffer(MESSAGE, message.endMessage(), message.payload);
  }

  /** Section 1.4: after our close frame the peer's data is read only to find its close frame. */
  #dropData(): number {
    const frame = this.#frame;
    const input = this.#input;
    frame.skipPayload(this.#direct);
    this.#direct = 0;
    const count = Math.min(frame.missing, input.unread);
    frame.skipPayload(count);
    input.position += count;
    if (this.directBytes === NO_BYTES) this.#message.payload.release();
    if (frame.missing > 0) return NEED_DATA;
    frame.nextFrame();
    if (frame.fin) this.#message.dropMessage();
    return NEED_DATA;
  }

  #readControl(): number {
    const frame = this.#frame;
    const opcode = frame.opcode;
    if (this.#control?.held !== true && this.#liesInView()) {
      const start = this.#input.position;
      const end = this.#unmaskInView();
      frame.nextFrame();
      if (opcode === CLOSE) return this.#receiveClose(this.#input.bytes, start, end);
      return this.#lendView(opcode, opcode, start);
    }
    const control = this.#control ??= new PayloadBuffer(this.#pool);
    this.#gather(control);
    if (frame.missing > 0) return NEED_DATA;
    frame.nextFrame();
    if (opcode !== CLOSE) return this.#lendBuffer(opcode, opcode, control);
    return this.#receiveClose(control.bytes, control.start, control.end);
  }

  #receiveClose(bytes: Uint8Array, start: number, end: number): number {
    const { code, reason } = parseClosePayload(bytes, start, end);
    this.closeCode = code;
    this.closeReason = reason;
    this.#step("RECEIVE_CLOSE");
    this.#dropInput();
    return CLOSE;
  }

  // ── Payloads ─────────────────────────────────────────────────────────────────────────────────

  /**
   * Whether the payload lies whole in the view, and with so much of its own header that ours can be
   * written over it. Bytes before that header are not ours: they may be an answer yet unsent.
   */
  #liesInView(): boolean {
    if (this.#frame.missing > this.#input.unread) return false;
    return this.role === "client" || this.#headroom() >= unmaskedHeaderSize(this.#frame.length);
  }

  /** Bytes of this frame's header that lie in the view, before the payload. */
  #headroom(): number {
    return Math.min(this.#frame.headerLength, this.#input.position - this.#input.start);
  }

  /** Unmasks the whole payload, which lies in the view, and gives the offset after it. */
  #unmaskInView(): number {
    const input = this.#input;
    const start = input.position;
    const end = start + this.#frame.missing;
    this.payloadHeadroom = this.#headroom();
    this.#frame.unmaskPayload(input.bytes, start, end);
    input.position = end;
    return end;
  }

  /** Moves what the view has of the payload to `target`. */
  #gather(target: PayloadBuffer): void {
    const frame = this.#frame;
    const input = this.#input;
    const count = Math.min(frame.missing, input.unread);
    // Nothing came: no buffer yet, unless the message is complete and even if empty is to be lent.
    if (count === 0 && (frame.missing > 0 || !frame.fin)) return;
    const from = input.position;
    input.position += count;
    target.append(input.bytes, from, from + count, frame.missing);
    this.#settle(target, count);
  }

  /** Takes in what the transport received into the message's buffer. */
  #gatherDirect(): void {
    const count = this.#direct;
    if (count === 0) return;
    this.#direct = 0;
    this.#message.payload.end += count;
    this.#settle(this.#message.payload, count);
  }

  /** Unmasks and judges the last `count` bytes of what was gathered. */
  #settle(target: PayloadBuffer, count: number): void {
    const from = target.end - count;
    this.#frame.unmaskPayload(target.bytes, from, target.end);
    if (!this.#frame.control) this.#message.judgePiece(target.bytes, from, target.end);
  }

  #lendView(event: number, opcode: number, start: number): number {
    this.opcode = opcode;
    this.payload = this.#input.bytes;
    this.payloadStart = start;
    this.payloadEnd = this.#input.position;
    return event;
  }

  #lendBuffer(event: number, opcode: number, buffer: PayloadBuffer): number {
    this.#lent = buffer;
    this.opcode = opcode;
    this.payload = buffer.bytes;
    this.payloadStart = buffer.start;
    this.payloadEnd = buffer.end;
    this.payloadHeadroom = buffer.start;
    return event;
  }

  #takeBack(): void {
    this.payload = NO_BYTES;
    if (this.#lent === undefined) return;
    this.#lent.release();
    this.#lent = undefined;
  }

  #dropInput(): void {
    this.#input.drop();
    this.#direct = 0;
    // A transport that still receives into the buffer would write into its next owner's message.
    if (this.directBytes === NO_BYTES) this.#message.payload.release();
    else this.#message.payload.abandon();
    this.#withdrawOffer();
    this.#control?.release();
  }

  #withdrawOffer(): void {
    this.directBytes = NO_BYTES;
    this.directStart = 0;
    this.directEnd = 0;
  }

  // ── State ────────────────────────────────────────────────────────────────────────────────────

  #step(step: ConnectionStep): void {
    this.state = nextState(this.state, step);
    const permissions = PERMISSIONS[this.state];
    this.maySend = permissions.send;
    this.#mayReceive = permissions.receive;
    this.#mayDeliver = permissions.deliver;
  }

  #fail(error: ProtocolError): void {
    this.#failure = error;
    this.#step("FAIL");
    this.#dropInput();
  }

  #sendControl(
    out: ByteBuffer,
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    // Section 5.5.
    if (end - start > LONGEST_SHORT) {
      throw new RangeError(`Cannot send a control frame of ${end - start} bytes: at most 125 fit`);
    }
    if (!this.maySend) return false;
    this.#sendFrame(out, opcode, bytes, start, end);
    return true;
  }

  #sendFrame(
    out: ByteBuffer,
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const key = this.#maskKey;
    if (key === undefined) encoder.encodeFrame(out, FIN | opcode, bytes, start, end);
    else encoder.encodeMaskedFrame(out, FIN | opcode, bytes, start, end, key());
  }
}
