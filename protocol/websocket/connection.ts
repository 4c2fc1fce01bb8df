/**
 * One WebSocket connection after its handshake, for either role (RFC 6455 sections 5 to 8).
 *
 * In: `receive()` gets a view of bytes, which is unmasked in place and stays the caller's. Out:
 * `next()` answers one event after the other, NEED_DATA when there is none, and throws the
 * ProtocolError when the peer broke a rule; what is to be sent is appended to the caller's
 * ByteBuffer. The connection never answers by itself and never waits.
 *
 * Between two messages it owns nothing but its state: what reads frames is lent by the pool when
 * bytes come, and goes back when they are read. A message that lies whole in the view is given as a
 * view of it. One that does not is gathered in a buffer; when much of it is missing, `wantsDirect()`
 * offers that buffer to the transport, which then receives into it without a copy.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { NEED_DATA, ProtocolError } from "../errors.ts";
import { ABNORMAL_CLOSURE } from "./close_code.ts";
import { makeClosePayload } from "./close_payload.ts";
import {
  type ConnectionState,
  type ConnectionStep,
  nextState,
  PERMISSIONS,
  type Permissions,
  TRANSITIONS,
} from "./connection_state.ts";
import { CLOSED } from "./events.ts";
import * as encoder from "./frame_encoder.ts";
import { FIN, LONGEST_SHORT } from "./frame_header.ts";
import type { FrameReader, Role } from "./frame_reader.ts";
import type { FrameReaderPool } from "./frame_reader_pool.ts";
import { BINARY, CLOSE, PING, PONG, TEXT } from "./opcodes.ts";

const NO_BYTES = new Uint8Array(0);

/** One connection, from the end of the handshake to its own end. */
export class WebSocketConnection {
  /** Where the connection stands. */
  state: ConnectionState = "OPEN";
  /** CLOSE, CLOSED: the peer's code; 1005 if its frame had none, 1006 if there was no frame. */
  closeCode = 0;
  /** CLOSE, CLOSED: the peer's reason, or "". */
  closeReason = "";

  readonly #readers: FrameReaderPool;
  readonly #maskKey: (() => number) | undefined;
  /** While something is unread, under way or lent. */
  #reader: FrameReader | null = null;
  #permissions: Permissions = PERMISSIONS.OPEN;
  #eof = false;
  #failure: ProtocolError | undefined = undefined;

  /**
   * @param readers of our role, with the limits of what is received; one pool per worker
   * @param maskKey a client's source of masking keys, 32 random bits each (section 5.3)
   * @throws TypeError for a client without a source of keys
   */
  constructor(readers: FrameReaderPool, maskKey?: () => number) {
    if (readers.role === "client" && maskKey === undefined) {
      throw new TypeError("Cannot make a client connection without a source of masking keys");
    }
    this.#readers = readers;
    this.#maskKey = readers.role === "client" ? maskKey : undefined;
  }

  /** Which end we are. */
  get role(): Role {
    return this.#readers.role;
  }

  /** Whether messages, pings and pongs may be sent now. */
  get maySend(): boolean {
    return this.#permissions.send;
  }

  // ── The last event ───────────────────────────────────────────────────────────────────────────

  /** MESSAGE: TEXT or BINARY; PING, PONG: the same. */
  get opcode(): number {
    return this.#reader === null ? 0 : this.#reader.opcode;
  }

  /** MESSAGE, PING, PONG: holds the payload; until the next `next()`, `retain()` or `dispose()`. */
  get payload(): Uint8Array {
    return this.#reader === null ? NO_BYTES : this.#reader.payload;
  }

  /** Where the payload begins in {@link payload}. */
  get payloadStart(): number {
    return this.#reader === null ? 0 : this.#reader.payloadStart;
  }

  /** Where it ends. */
  get payloadEnd(): number {
    return this.#reader === null ? 0 : this.#reader.payloadEnd;
  }

  /** Bytes before {@link payloadStart} that may be overwritten; for a server, a header fits. */
  get payloadHeadroom(): number {
    return this.#reader === null ? 0 : this.#reader.payloadHeadroom;
  }

  // ── Input ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a view of the next bytes. It is changed in place, and must stay until {@link retain} or
   * until `next()` said NEED_DATA. After a failure or the end the bytes are ignored.
   */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#permissions.receive) return;
    this.#reader ??= this.#readers.take();
    this.#reader.receive(bytes, start, end);
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
    if (this.#reader === null) return;
    this.#reader.retain();
    if (this.#reader.isIdle) this.#giveReader();
  }

  /**
   * The view ceases to be valid, as with {@link retain}, but the message of the last event is still
   * read: its payload, now a copy, is valid up to the next `next()`, `retain()` or `dispose()`.
   */
  keepPayload(): void {
    this.#reader?.keepPayload();
  }

  /** Gives all buffers back. The socket is gone: nothing else may be called any more. */
  dispose(): void {
    this.#dropInput();
    this.#permissions = PERMISSIONS.CLOSED;
  }

  // ── Direct receive ───────────────────────────────────────────────────────────────────────────

  /**
   * Whether so much of a message is missing that the transport should receive right into
   * {@link directBytes} from {@link directStart} to {@link directEnd}. To be asked after NEED_DATA,
   * and only when the socket is readable: it sets memory aside for what the header promises. The
   * offer stands until {@link receivedDirect}, {@link receive} or the end of the connection.
   */
  wantsDirect(): boolean {
    return this.#reader !== null && this.#permissions.deliver && this.#reader.wantsDirect();
  }

  /** After {@link wantsDirect} said true: the array to receive into. */
  get directBytes(): Uint8Array<ArrayBuffer> {
    return this.#reader === null ? NO_BYTES : this.#reader.directBytes;
  }

  /** Where to receive to in {@link directBytes}. */
  get directStart(): number {
    return this.#reader === null ? 0 : this.#reader.directStart;
  }

  /** How far at most. */
  get directEnd(): number {
    return this.#reader === null ? 0 : this.#reader.directEnd;
  }

  /**
   * The transport received `count` bytes to {@link directStart}; `next()` goes on with them.
   *
   * @throws RangeError for more bytes than were offered
   */
  receivedDirect(count: number): void {
    if (!this.#permissions.receive) return;
    if (count > this.directEnd - this.directStart) {
      throw new RangeError(`Cannot take ${count} bytes: fewer were offered`);
    }
    this.#reader?.receivedDirect(count);
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

  // ── State ────────────────────────────────────────────────────────────────────────────────────

  #advance(): number {
    const reader = this.#reader;
    if (reader !== null && this.#permissions.receive) {
      const event = reader.next(this.#permissions.deliver);
      if (event === CLOSE) return this.#receiveClose(reader);
      if (event !== NEED_DATA) return event;
      if (reader.isIdle) this.#giveReader();
    }
    if (!this.#permissions.receive) return this.#finish();
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

  #receiveClose(reader: FrameReader): number {
    this.closeCode = reader.close.code;
    this.closeReason = reader.close.reason;
    this.#step("RECEIVE_CLOSE");
    this.#dropInput();
    return CLOSE;
  }

  #dropInput(): void {
    if (this.#reader === null) return;
    this.#reader.drop();
    this.#giveReader();
  }

  #giveReader(): void {
    if (this.#reader === null) return;
    this.#readers.give(this.#reader);
    this.#reader = null;
  }

  #step(step: ConnectionStep): void {
    this.state = nextState(this.state, step);
    this.#permissions = PERMISSIONS[this.state];
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
