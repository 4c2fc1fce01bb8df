/**
 * The receiving half of a connection while something is under way: bytes to messages and control
 * frames.
 *
 * In: views of received bytes, unmasked in place. Out: `next()`, one event after the other, or
 * NEED_DATA; a ProtocolError where the peer broke a rule. Called by the connection, which knows the
 * state and says whether messages are still to be given; this class knows only frames.
 *
 * All that is remembered of half a frame or half a message is here, so that a connection between two
 * messages needs none of it: `isIdle` says when the reader may serve another connection.
 */

import { NEED_DATA } from "../errors.ts";
import type { WebSocketLimits } from "../limits.ts";
import { type ClosePayload, parseClosePayload } from "./close_payload.ts";
import { CLOSE, MESSAGE } from "./events.ts";
import { FrameDecoder } from "./frame_decoder.ts";
import { unmaskedHeaderSize } from "./frame_header.ts";
import { InputView } from "./input_view.ts";
import { MessageAssembler } from "./message_assembler.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";
import { CONTINUATION } from "./opcodes.ts";
import { PayloadBuffer } from "../payload_buffer.ts";

/** Which end of the connection we are. */
export type Role = "server" | "client";

/** Less than this many missing bytes are not worth a receive of their own. */
const LEAST_DIRECT = 4096;

const NO_BYTES = new Uint8Array(0);
const NO_CODE: ClosePayload = { code: 0, reason: "" };

/** Reads the frames of one connection at a time. */
export class FrameReader {
  /** MESSAGE: TEXT or BINARY; PING, PONG: the same. */
  opcode = 0;
  /** MESSAGE, PING, PONG: holds the payload; until the next `next()`, `retain()` or `drop()`. */
  payload: Uint8Array = NO_BYTES;
  /** Where the payload begins in {@link payload}. */
  payloadStart = 0;
  /** Where it ends. */
  payloadEnd = 0;
  /** Bytes before {@link payloadStart} that may be overwritten; for a server, a header fits. */
  payloadHeadroom = 0;
  /** CLOSE: what its frame says. */
  close: ClosePayload = NO_CODE;

  /** After {@link wantsDirect} said true: the array to receive into. */
  directBytes: Uint8Array<ArrayBuffer> = NO_BYTES;
  /** Where to receive to in {@link directBytes}. */
  directStart = 0;
  /** How far at most. */
  directEnd = 0;

  /** The next in the list of those who wait for work. Written by the pool. */
  nextSpare: FrameReader | null = null;

  readonly #isClient: boolean;
  readonly #input: InputView;
  readonly #frame: FrameDecoder;
  readonly #message: MessageAssembler;
  /** The payload of a control frame that came in pieces. */
  readonly #control: PayloadBuffer;
  /** The buffer that the last event lent out, or undefined. */
  #lent: PayloadBuffer | undefined = undefined;
  /** Bytes that were received directly and are not judged yet. */
  #direct = 0;

  /** @param pool lends the buffers of what comes in pieces */
  constructor(role: Role, limits: WebSocketLimits, pool: MessageBufferPool) {
    this.#isClient = role === "client";
    this.#input = new InputView(pool);
    this.#frame = new FrameDecoder(role === "server");
    this.#message = new MessageAssembler(limits, pool);
    this.#control = new PayloadBuffer(pool);
  }

  /** Whether it stands between two messages with nothing unread and nothing lent. */
  get isIdle(): boolean {
    return this.#frame.untouched && this.#message.opcode === CONTINUATION &&
      this.#input.unread === 0 && this.#lent === undefined;
  }

  /** Takes a view of the next bytes, as the connection's `receive`. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    this.#withdrawOffer();
    this.#input.append(bytes, start, end);
  }

  /**
   * The next event, or NEED_DATA. It ends what the event before lent.
   *
   * @param deliver false: messages are read past, and only control frames are given
   * @throws ProtocolError when the peer broke a rule; nothing but {@link drop} may follow
   */
  next(deliver: boolean): number {
    this.#takeBack();
    const frame = this.#frame;
    const input = this.#input;
    for (;;) {
      if (!frame.complete) {
        input.position = frame.readHeader(input.bytes, input.position, input.end);
        if (!frame.complete) break;
        if (!frame.control) this.#message.beginFrame(frame.opcode, frame.length);
      }
      const event = frame.control ? this.#readControl() : this.#readData(deliver);
      if (event !== NEED_DATA) return event;
      if (frame.complete) break;
    }
    input.drop(); // all is read, and nothing of it is lent
    return NEED_DATA;
  }

  /** The view ceases to be valid: what is unread of it is copied. Ends what the last event lent. */
  retain(): void {
    this.#takeBack();
    this.#input.retain();
  }

  /**
   * The view ceases to be valid, and what the last event lent is still read: it is valid up to the next
   * `next()`, `retain()` or `drop()`, as a copy where it lay in the view.
   */
  keepPayload(): void {
    if (this.#lent === undefined && this.payload !== NO_BYTES) {
      const count = this.payloadEnd - this.payloadStart;
      // The message is complete, so that the next one's buffer is free.
      const kept = this.#message.payload;
      kept.append(this.payload, this.payloadStart, this.payloadEnd, count);
      this.#lendBuffer(0, this.opcode, kept);
    }
    this.#input.retain();
  }

  /** Forgets all input and gives all buffers back. */
  drop(): void {
    this.#takeBack();
    this.#input.drop();
    this.#direct = 0;
    // A transport that still receives into the buffer would write into its next owner's message.
    if (this.directBytes === NO_BYTES) this.#message.payload.release();
    else this.#message.payload.abandon();
    this.#withdrawOffer();
    this.#control.release();
  }

  /** Whether the rest of a message should be received into {@link directBytes}, as the connection's. */
  wantsDirect(): boolean {
    const frame = this.#frame;
    if (!frame.complete || frame.control || frame.missing < LEAST_DIRECT) return false;
    if (this.#direct > 0 || this.#input.unread > 0) return false;
    const payload = this.#message.payload;
    payload.makeRoom(LEAST_DIRECT, this.#expectedBytes(payload));
    this.directBytes = payload.bytes;
    this.directStart = payload.end;
    // Not past this frame: what follows is the next header.
    this.directEnd = Math.min(payload.bytes.length, payload.end + frame.missing);
    return true;
  }

  /** `count` bytes were received to {@link directStart}, no more than were offered. */
  receivedDirect(count: number): void {
    this.#direct = count;
    this.#withdrawOffer();
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
   * Whether the payload lies whole in the view, and with so much of its own header that ours can be
   * written over it. Bytes before that header are not ours: they may be an answer yet unsent.
   */
  #liesInView(): boolean {
    if (this.#frame.missing > this.#input.unread) return false;
    return this.#isClient || this.#headroom() >= unmaskedHeaderSize(this.#frame.length);
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
    target.append(input.bytes, from, from + count, this.#expectedBytes(target));
    this.#settle(target, count);
  }

  /** Bytes to come, as far as is known: behind a frame that is not the last as many again. */
  #expectedBytes(target: PayloadBuffer): number {
    const { fin, missing } = this.#frame;
    return fin ? missing : Math.max(missing, target.length);
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

  #withdrawOffer(): void {
    this.directBytes = NO_BYTES;
    this.directStart = 0;
    this.directEnd = 0;
  }
}
