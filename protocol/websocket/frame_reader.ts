/**
 * The receiving half of a connection with unread bytes or an incomplete message: parses bytes into
 * messages and control frames.
 *
 * In: views of received bytes, unmasked in place. Out: `next()` returns one event after another, or
 * NEED_DATA; it throws a ProtocolError if the peer violates the protocol. Called by the connection, which
 * knows the state and whether messages are still delivered; this class knows only frames.
 *
 * All state of partial frames and messages is here, so a connection between two messages needs no reader:
 * if `isIdle` is true, the reader may serve another connection.
 *
 * Longer than 400 lines because each way in which a frame arrives works on the same input, frame and message.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import { NEED_DATA } from "../errors.ts";
import type { WebSocketLimits } from "../limits.ts";
import { type ClosePayload, parseClosePayload } from "./close_payload.ts";
import { CLOSE, MESSAGE } from "./events.ts";
import { FrameDecoder } from "./frame_decoder.ts";
import { OPCODE_BITS, unmaskedHeaderSize } from "./frame_header.ts";
import type { Inflater } from "./inflater.ts";
import { InputView } from "./input_view.ts";
import { unmask } from "./mask.ts";
import { MessageAssembler } from "./message_assembler.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";
import { CONTINUATION } from "./opcodes.ts";
import { PayloadBuffer } from "../payload_buffer.ts";
import { maskKeyBefore, wholeFrameHeader, wholeFrameLength } from "./whole_frame.ts";

/** The role of this endpoint. */
export type Role = "server" | "client";

/** Direct receive is used only if at least this many bytes are missing. */
const LEAST_DIRECT = 4096;

const NO_BYTES = new Uint8Array(0);
const NO_CODE: ClosePayload = { code: 0, reason: "" };

/** Reads the frames of one connection at a time. */
export class FrameReader {
  /** MESSAGE: TEXT or BINARY; PING, PONG: the same. */
  opcode = 0;
  /** MESSAGE, PING, PONG: the array with the payload, valid until `next()`, `retain()` or `drop()`. */
  payload: Uint8Array = NO_BYTES;
  /** Where the payload begins in {@link payload}. */
  payloadStart = 0;
  /** Where the payload ends. */
  payloadEnd = 0;
  /** Bytes before {@link payloadStart} that may be overwritten; a server's header fits there. */
  payloadHeadroom = 0;
  /** CLOSE: the content of the frame. */
  close: ClosePayload = NO_CODE;

  /** After {@link wantsDirect} returned true: the array to receive into. */
  directBytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** The start of the range to receive into. */
  directStart = 0;
  /** The end of that range. */
  directEnd = 0;

  /**
   * When the caller saw the current message begin, or the current frame between two messages. Infinity:
   * not seen yet. Control frames within a message do not change it.
   */
  begun = Infinity;

  /** The next reader in the pool's free list. Written by the pool. */
  nextSpare: FrameReader | null = null;

  readonly #isClient: boolean;
  readonly #input: InputView;
  readonly #frame: FrameDecoder;
  readonly #message: MessageAssembler;
  /** The payload of a control frame that arrives in pieces. */
  readonly #control: PayloadBuffer;
  /** Inflates compressed messages; null: none are negotiated. */
  readonly #inflation: { readonly inflater: Inflater; readonly target: PayloadBuffer } | null;
  /** The buffer with the last event's payload, or undefined. */
  #lent: PayloadBuffer | undefined = undefined;
  /** Bytes that were received directly and are not processed yet. */
  #direct = 0;

  /**
   * @param pool lends the buffers of payloads that arrive in pieces
   * @param inflater inflates messages; absent: permessage-deflate is not negotiated
   */
  constructor(
    role: Role,
    limits: WebSocketLimits,
    pool: MessageBufferPool,
    inflater?: Inflater,
  ) {
    this.#isClient = role === "client";
    this.#input = new InputView(pool);
    this.#frame = new FrameDecoder(role === "server", inflater !== undefined);
    this.#message = new MessageAssembler(limits, pool);
    this.#control = new PayloadBuffer(pool);
    this.#inflation = inflater === undefined ? null : { inflater, target: new PayloadBuffer(pool) };
  }

  /** Whether the reader is between two messages, with no unread bytes and no payload lent. */
  get isIdle(): boolean {
    return this.#isBetween && this.#input.unread === 0 && this.#lent === undefined;
  }

  /** Whether the next unread byte begins a frame, and no message is under way. */
  get #isBetween(): boolean {
    return this.#frame.untouched && this.#message.opcode === CONTINUATION;
  }

  /** Bytes of the buffers that it holds. */
  get heldBytes(): number {
    return this.#message.payload.bytes.length + this.#control.bytes.length +
      this.#input.ownedBytes + (this.#inflation?.target.bytes.length ?? 0);
  }

  /** Received payload bytes of the current message. */
  get gathered(): number {
    return this.#message.payload.length;
  }

  /** Payload bytes of the current frame that have not arrived. */
  get missing(): number {
    return this.#frame.complete ? this.#frame.missing : 0;
  }

  /** Whether the last event lent a buffer that the caller may still read. */
  get lends(): boolean {
    return this.#lent !== undefined;
  }

  /** Takes a view of the next bytes, like the connection's `receive`. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#withdrawOffer();
    this.#input.append(bytes, start, end);
  }

  /**
   * The next event, or NEED_DATA. The payload of the previous event becomes invalid.
   *
   * @param deliver false: messages are skipped, and only control frames are returned
   * @throws ProtocolError if the peer violates the protocol; only {@link drop} may be called after it
   */
  next(deliver: boolean): number {
    this.#takeBack();
    if (deliver && !this.#isClient && this.#isBetween && this.#takeWhole()) return MESSAGE;
    const frame = this.#frame;
    const input = this.#input;
    for (;;) {
      if (!frame.complete) {
        input.position = frame.readHeader(input.bytes, input.position, input.end);
        if (!frame.complete) break;
        if (!frame.control) {
          this.#message.beginFrame(frame.opcode, frame.length, frame.compressed);
        }
      }
      const event = frame.control ? this.#readControl() : this.#readData(deliver);
      if (event !== NEED_DATA) {
        if (this.#message.opcode === CONTINUATION) this.begun = Infinity;
        return event;
      }
      if (frame.complete) break;
    }
    input.drop(); // all bytes are read, and no payload in them is lent
    return NEED_DATA;
  }

  /** Releases the caller's view: unread bytes are copied. The last event's payload becomes invalid. */
  retain(): void {
    this.#takeBack();
    this.#input.retain();
  }

  /**
   * Releases the caller's view but keeps the payload of the last event, as a copy if it was in the view:
   * it is valid until the next `next()`, `retain()` or `drop()`.
   */
  keepPayload(): void {
    if (this.#lent === undefined && this.payload !== NO_BYTES) {
      const count = this.payloadEnd - this.payloadStart;
      // The message is complete, so the buffer for the next one is free.
      const kept = this.#message.payload;
      kept.append(this.payload, this.payloadStart, this.payloadEnd, count);
      this.#lendBuffer(0, this.opcode, kept);
    }
    this.#input.retain();
  }

  /** Drops all input and gives all buffers back. */
  drop(): void {
    this.#takeBack();
    this.#input.drop();
    this.#direct = 0;
    // A transport may still receive into a direct buffer: reused, another message would be overwritten.
    if (this.directBytes === NO_BYTES) this.#message.payload.release();
    else this.#message.payload.abandon();
    this.#withdrawOffer();
    this.#control.release();
    this.#inflation?.target.release();
  }

  /**
   * Appends bytes of a client that bring a new reader to where this one is: what is under way, and what is not read. No event's payload is
   * lent.
   */
  appendUnfinished(out: ByteBuffer): void {
    const frame = this.#frame;
    const { payload } = this.#message;
    const part = frame.complete ? frame.length - frame.missing : 0;
    const isInData = frame.complete && !frame.control;
    this.#message.appendFrames(out, isInData, isInData ? payload.end - part : payload.end);
    frame.appendHeader(out);
    const target = isInData ? payload : this.#control;
    const at = out.length;
    out.append(target.bytes, target.end - part, target.end);
    frame.maskBeginning(out.bytes, at, out.length);
    // These are masked still.
    out.append(payload.bytes, payload.end, payload.end + this.#direct);
    out.append(this.#input.bytes, this.#input.position, this.#input.end);
  }

  /** Whether the transport should receive the rest of a message into {@link directBytes}. */
  wantsDirect(): boolean {
    const frame = this.#frame;
    if (!frame.complete || frame.control || frame.missing < LEAST_DIRECT) return false;
    if (this.#direct > 0 || this.#input.unread > 0) return false;
    const payload = this.#message.payload;
    payload.makeRoom(LEAST_DIRECT, this.#expectedBytes(payload));
    this.directBytes = payload.bytes;
    this.directStart = payload.end;
    // Only to the end of this frame: the next header follows.
    this.directEnd = Math.min(payload.bytes.length, payload.end + frame.missing);
    return true;
  }

  /** Reports that `count` bytes, at most those offered, were received at {@link directStart}. */
  receivedDirect(count: number): void {
    this.#direct = count;
    this.#withdrawOffer();
  }

  /** Takes a message that lies whole in the view, in one pass. Returns false, and changes nothing, for any other frame. */
  #takeWhole(): boolean {
    const { bytes, position, end } = this.#input;
    const header = wholeFrameHeader(bytes, position, end);
    if (header === 0) return false;
    const start = position + header;
    const length = wholeFrameLength(bytes, position, header);
    if (!this.#message.admitsWhole(length)) return false;
    const opcode = bytes[position]! & OPCODE_BITS; // the header is complete
    unmask(bytes, start, start + length, maskKeyBefore(bytes, start), 0);
    this.#message.judgeWhole(opcode, bytes, start, start + length);
    this.begun = Infinity;
    this.payloadHeadroom = header;
    this.#input.position = start + length;
    this.#lendView(MESSAGE, opcode, start);
    return true;
  }

  #readData(deliver: boolean): number {
    if (!deliver) return this.#dropData();
    const frame = this.#frame;
    const message = this.#message;
    if (frame.fin && message.untouched && this.#liesInView()) {
      const start = this.#input.position;
      const end = this.#unmaskInView();
      message.judgePiece(this.#input.bytes, start, end);
      frame.nextFrame();
      if (message.compressed) return this.#inflate(this.#input.bytes, start, end);
      return this.#lendView(MESSAGE, message.endMessage(), start);
    }
    this.#gatherDirect();
    this.#gather(message.payload);
    if (frame.missing > 0) return NEED_DATA;
    frame.nextFrame();
    if (!frame.fin) return NEED_DATA;
    if (message.compressed) {
      const { bytes, start, end } = message.payload;
      return this.#inflate(bytes, start, end);
    }
    return this.#lendBuffer(MESSAGE, message.endMessage(), message.payload);
  }

  /** Ends a compressed message, which has arrived as `bytes[start, end)`. */
  #inflate(bytes: Uint8Array, start: number, end: number): number {
    const inflation = this.#inflation;
    // The decoder lets no compressed frame through without one.
    if (inflation === null) throw new TypeError("Cannot inflate: nothing was negotiated");
    const opcode = this.#message.inflateMessage(inflation, bytes, start, end);
    return this.#lendBuffer(MESSAGE, opcode, inflation.target);
  }

  /** Section 1.4: after our close frame, the peer's data is skipped until its close frame. */
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
    if (!this.#control.hasBuffer && this.#liesInView()) {
      const start = this.#input.position;
      const end = this.#unmaskInView();
      frame.nextFrame();
      if (opcode === CLOSE) return this.#readClose(this.#input.bytes, start, end);
      return this.#lendView(opcode, opcode, start);
    }
    const control = this.#control;
    this.#gather(control);
    if (frame.missing > 0) return NEED_DATA;
    frame.nextFrame();
    if (opcode !== CLOSE) return this.#lendBuffer(opcode, opcode, control);
    return this.#readClose(control.bytes, control.start, control.end);
  }

  #readClose(bytes: Uint8Array, start: number, end: number): number {
    this.close = parseClosePayload(bytes, start, end);
    return CLOSE;
  }

  /**
   * Whether the payload is complete in the view, and enough of its header is there for a reply's header to
   * overwrite it. Bytes before that header must not be changed: they may be output that is not sent yet.
   */
  #liesInView(): boolean {
    if (this.#frame.missing > this.#input.unread) return false;
    return this.#isClient || this.#headroom() >= unmaskedHeaderSize(this.#frame.length);
  }

  /** Bytes of this frame's header that are in the view, before the payload. */
  #headroom(): number {
    return Math.min(this.#frame.headerLength, this.#input.position - this.#input.start);
  }

  /** Unmasks the whole payload in the view and returns the offset after it. */
  #unmaskInView(): number {
    const input = this.#input;
    const start = input.position;
    const end = start + this.#frame.missing;
    this.payloadHeadroom = this.#headroom();
    this.#frame.unmaskPayload(input.bytes, start, end);
    input.position = end;
    return end;
  }

  /** Appends the view's part of the payload to `target`. */
  #gather(target: PayloadBuffer): void {
    const frame = this.#frame;
    const input = this.#input;
    const count = Math.min(frame.missing, input.unread);
    // No payload bytes: no buffer is taken, unless the message is complete; an empty one needs a buffer too.
    if (count === 0 && (frame.missing > 0 || !frame.fin)) return;
    const from = input.position;
    input.position += count;
    target.append(input.bytes, from, from + count, this.#expectedBytes(target));
    this.#unmaskAndCheck(target, count);
  }

  /** Expected bytes of the message: after a non-final frame, assume that as much again follows. */
  #expectedBytes(target: PayloadBuffer): number {
    const { fin, missing } = this.#frame;
    return fin ? missing : Math.max(missing, target.length);
  }

  /** Processes the bytes that the transport received into the message's buffer. */
  #gatherDirect(): void {
    const count = this.#direct;
    if (count === 0) return;
    this.#direct = 0;
    this.#message.payload.end += count;
    this.#unmaskAndCheck(this.#message.payload, count);
  }

  /** Unmasks and checks the last `count` bytes of the collected payload. */
  #unmaskAndCheck(target: PayloadBuffer, count: number): void {
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

  #withdrawOffer(): void {
    this.directBytes = NO_BYTES;
    this.directStart = 0;
    this.directEnd = 0;
  }
}
