/**
 * One WebSocket connection after the handshake, for either role (RFC 6455 sections 5 to 8).
 *
 * In: `receive()` takes a view of bytes, which is unmasked in place and stays owned by the caller. Out:
 * `next()` returns one event after another, or NEED_DATA, and throws a ProtocolError if the peer
 * violates the protocol; frames to send are appended to the caller's ByteBuffer. Called by the session.
 * The connection never sends by itself and never waits.
 *
 * Between two messages it owns only its state: it takes a frame reader from the pool when bytes arrive
 * and gives it back when they are consumed. A message that is complete in the view is returned as a view
 * of it. Any other is collected in a buffer. If much of it is missing, `wantsDirect()` offers that buffer
 * to the transport, which then receives into it without a copy.
 *
 * Longer than 400 lines because it is the one door to all parts of a connection, each call with its state.
 */

import { ByteBuffer } from "../byte_buffer.ts";
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
import { FIN, LONGEST_SHORT, RSV1 } from "./frame_header.ts";
import type { FrameReader, Role } from "./frame_reader.ts";
import type { FrameReaderPool } from "./frame_reader_pool.ts";
import { BINARY, CLOSE, PING, PONG, TEXT } from "./opcodes.ts";

const NO_BYTES = new Uint8Array(0);

/** One connection, from the end of the handshake to the close. */
export class WebSocketConnection {
  /** The state of the connection. */
  state: ConnectionState = "OPEN";
  /** CLOSE, CLOSED: the peer's code; 1005 if its close frame had none, 1006 if there was no close frame. */
  closeCode = 0;
  /** CLOSE, CLOSED: the peer's reason, or "". */
  closeReason = "";

  readonly #readers: FrameReaderPool;
  readonly #maskKey: (() => number) | undefined;
  /** Set while bytes are unread, a message is incomplete or a payload is lent. */
  #reader: FrameReader | null = null;
  #permissions: Permissions = PERMISSIONS.OPEN;
  #eof = false;
  #failure: ProtocolError | undefined = undefined;

  /**
   * @param readers the pool of frame readers, which has the role and the limits; one pool per worker
   * @param maskKey for clients: returns a masking key of 32 random bits (section 5.3)
   * @throws TypeError for a client without `maskKey`
   */
  constructor(readers: FrameReaderPool, maskKey?: () => number) {
    if (readers.role === "client" && maskKey === undefined) {
      throw new TypeError("Cannot make a client connection without a source of masking keys");
    }
    this.#readers = readers;
    this.#maskKey = readers.role === "client" ? maskKey : undefined;
  }

  /** The role of this endpoint. */
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

  /** MESSAGE, PING, PONG: the array with the payload, valid until `next()`, `retain()` or `dispose()`. */
  get payload(): Uint8Array {
    return this.#reader === null ? NO_BYTES : this.#reader.payload;
  }

  /** Where the payload begins in {@link payload}. */
  get payloadStart(): number {
    return this.#reader === null ? 0 : this.#reader.payloadStart;
  }

  /** Where the payload ends. */
  get payloadEnd(): number {
    return this.#reader === null ? 0 : this.#reader.payloadEnd;
  }

  /** Bytes before {@link payloadStart} that may be overwritten; a server's header fits there. */
  get payloadHeadroom(): number {
    return this.#reader === null ? 0 : this.#reader.payloadHeadroom;
  }

  // ── What is under way ────────────────────────────────────────────────────────────────────────

  /** Whether a frame or a message has begun and not ended, and no event's payload is lent. */
  get isReceiving(): boolean {
    return this.#reader !== null && this.#permissions.deliver && !this.#reader.lends;
  }

  /** The caller's time at which it saw that begin; Infinity: not noted yet. See {@link noteBegin}. */
  get begun(): number {
    return this.#reader === null ? Infinity : this.#reader.begun;
  }

  /** Notes the time at which what is under way began. It is forgotten at its end. */
  noteBegin(time: number): void {
    if (this.#reader !== null) this.#reader.begun = time;
  }

  /** Payload bytes that were received of the message under way. */
  get gathered(): number {
    return this.#reader === null ? 0 : this.#reader.gathered;
  }

  /** Payload bytes that the frame under way still has to bring. */
  get missing(): number {
    return this.#reader === null ? 0 : this.#reader.missing;
  }

  /** Bytes of memory that hold unfinished input and a payload that is lent. */
  get heldBytes(): number {
    return this.#reader === null ? 0 : this.#reader.heldBytes;
  }

  // ── Input ────────────────────────────────────────────────────────────────────────────────────

  /**
   * Takes a view of the next bytes. They are changed in place, and must stay valid until {@link retain} or
   * until `next()` returns NEED_DATA. After a failure or the close, the bytes are ignored.
   */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#permissions.receive) return;
    this.#reader ??= this.#readers.take();
    this.#reader.receive(bytes, start, end);
  }

  /** Reports that the peer sends no more. Events of earlier bytes are still returned, then CLOSED. */
  receiveEof(): void {
    this.#eof = true;
  }

  /**
   * The next event, or NEED_DATA. The payload of the previous event becomes invalid.
   *
   * @throws ProtocolError if the peer violates the protocol, and again on each call until
   * {@link sendClose}
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

  /** Releases the caller's view: unread bytes are copied. The last event's payload becomes invalid. */
  retain(): void {
    if (this.#reader === null) return;
    this.#reader.retain();
    if (this.#reader.isIdle) this.#giveReader();
  }

  /**
   * Releases the caller's view like {@link retain}, but keeps the payload of the last event: now a copy,
   * it is valid until the next `next()`, `retain()` or `dispose()`.
   */
  keepPayload(): void {
    this.#reader?.keepPayload();
  }

  /** Gives all buffers back. Called when the socket is closed; no other method may be called after it. */
  dispose(): void {
    this.#dropInput();
    this.#permissions = PERMISSIONS.CLOSED;
  }

  /**
   * Ends the input for a reason that the caller has, as if the peer had broken a rule: all input is
   * dropped, and {@link sendClose} may tell why.
   */
  fail(error: ProtocolError): void {
    if (TRANSITIONS[this.state].FAIL !== undefined) this.#fail(error);
  }

  /**
   * The bytes of a client that bring a new connection to where this one is, which is open, between two calls of its owner: frames under
   * way, and bytes that were not read. With them it goes on elsewhere.
   */
  unfinishedInput(): Uint8Array {
    const out = new ByteBuffer(0);
    this.#reader?.appendUnfinished(out);
    return out.view().slice();
  }

  // ── Direct receive ───────────────────────────────────────────────────────────────────────────

  /**
   * Whether so much of a message is missing that the transport should receive directly into
   * {@link directBytes} from {@link directStart} to {@link directEnd}. Call it after NEED_DATA, and only if
   * the socket is readable: it allocates memory for the declared payload. The range is valid until
   * {@link receivedDirect}, {@link receive} or the end of the connection.
   */
  wantsDirect(): boolean {
    return this.#reader !== null && this.#permissions.deliver && this.#reader.wantsDirect();
  }

  /** After {@link wantsDirect} returned true: the array to receive into. */
  get directBytes(): Uint8Array<ArrayBuffer> {
    return this.#reader === null ? NO_BYTES : this.#reader.directBytes;
  }

  /** The start of the range to receive into. */
  get directStart(): number {
    return this.#reader === null ? 0 : this.#reader.directStart;
  }

  /** The end of that range. */
  get directEnd(): number {
    return this.#reader === null ? 0 : this.#reader.directEnd;
  }

  /**
   * Reports that the transport received `count` bytes at {@link directStart}; `next()` continues with them.
   *
   * @throws RangeError for more bytes than the range has
   */
  receivedDirect(count: number): void {
    if (!this.#permissions.receive) return;
    if (count > this.directEnd - this.directStart) {
      throw new RangeError(`Cannot take ${count} bytes: the offered range is smaller`);
    }
    this.#reader?.receivedDirect(count);
  }

  // ── Output ───────────────────────────────────────────────────────────────────────────────────

  /**
   * Appends a message in one frame.
   *
   * @param opcode BINARY, or TEXT if the caller knows that the bytes are UTF-8; with RSV1 if they are compressed
   * @returns false, without appending anything, if no message may be sent any more
   * @throws TypeError for any other opcode
   */
  sendMessage(
    out: ByteBuffer,
    opcode: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    if ((opcode & ~RSV1) !== TEXT && (opcode & ~RSV1) !== BINARY) {
      throw new TypeError(`Cannot send a message with the opcode ${opcode}`);
    }
    if (!this.maySend) return false;
    this.#sendFrame(out, opcode, bytes, start, end);
    return true;
  }

  /**
   * Appends a ping of at most 125 bytes.
   *
   * @returns false, without appending anything, if no ping may be sent any more
   * @throws RangeError for a longer payload
   */
  sendPing(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#sendControl(out, PING, bytes, start, end);
  }

  /** Appends a pong, the answer to a PING with the same payload; otherwise like {@link sendPing}. */
  sendPong(out: ByteBuffer, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#sendControl(out, PONG, bytes, start, end);
  }

  /**
   * Appends a close frame: it starts the closing handshake, answers the peer's close frame, or reports a
   * protocol violation.
   *
   * @param code a code that may be sent, or 1005 for a frame without one, so that the `closeCode` of a
   * CLOSE event can be echoed unchanged
   * @param reason at most 123 bytes of UTF-8
   * @returns false, without appending anything, if one was sent or the connection is closed
   * @throws RangeError for any other code or a longer reason
   */
  sendClose(out: ByteBuffer, code: number, reason = ""): boolean {
    if (TRANSITIONS[this.state].SEND_CLOSE === undefined) return false;
    const payload = makeClosePayload(code, reason);
    this.#sendFrame(out, CLOSE, payload, 0, payload.length);
    this.#step("SEND_CLOSE");
    return true;
  }

  /**
   * Writes a server's frame header directly before a payload in memory, such as that of a MESSAGE or PING,
   * so that header and payload are sent without a copy.
   *
   * @param opcode TEXT, BINARY or PONG
   * @returns the offset in `bytes` at which the frame begins
   * @throws TypeError for a client, or if {@link maySend} is false
   * @throws RangeError if the header does not fit before `payloadStart`
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

  /** Stops reading input: the peer's close frame was received, or the connection is closed. */
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
