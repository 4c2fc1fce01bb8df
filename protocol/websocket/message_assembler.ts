/**
 * The order of data frames and what a message is gathered in (RFC 6455 sections 5.4 and 8.1).
 *
 * In: each data frame's opcode and length when its header is known, then its unmasked payload in
 * pieces. Out: whether the sequence is allowed, whether the text can still be UTF-8, and the
 * payload. A message that was never cut passes through without touching the buffer.
 */

import type { WebSocketLimits } from "../limits.ts";
import { Utf8Validator } from "../utf8_validator.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";
import { CONTINUATION, TEXT } from "./opcodes.ts";
import { PayloadBuffer } from "../payload_buffer.ts";
import { violation } from "./violation.ts";

/** Assembles one message at a time. */
export class MessageAssembler {
  /** TEXT or BINARY while a message is under way, else CONTINUATION. */
  opcode = CONTINUATION;
  /** What was gathered of it; after the end it is the owner's to release. */
  readonly payload: PayloadBuffer;
  readonly #limits: WebSocketLimits;
  readonly #utf8 = new Utf8Validator();
  /** Frames of the message whose headers came. */
  #frames = 0;
  /** Payload bytes that those headers declared. */
  #declared = 0;

  /** @param pool lends the buffer of a message that comes in pieces */
  constructor(limits: WebSocketLimits, pool: MessageBufferPool) {
    this.#limits = limits;
    this.payload = new PayloadBuffer(pool);
  }

  /** Whether its first frame is in hand and no buffer was taken for it. */
  get untouched(): boolean {
    return this.#frames === 1 && !this.payload.hasBuffer;
  }

  /**
   * Judges the header of a data frame, before its payload is awaited.
   *
   * @throws ProtocolError for a frame out of order, too many frames, or too many bytes
   */
  beginFrame(opcode: number, length: number): void {
    this.#judgeOrder(opcode);
    this.#frames++;
    this.#declared += length;
    if (this.#frames > this.#limits.fragmentCount) {
      throw violation(
        "WS_TOO_MANY_FRAGMENTS",
        `A message has more than ${this.#frames - 1} frames`,
      );
    }
    if (this.#declared > this.#limits.messageBytes) {
      throw violation("WS_MESSAGE_TOO_BIG", `A message has ${this.#declared} bytes or more`);
    }
  }

  /**
   * Takes note of payload bytes, gathered or not, in their order.
   *
   * @throws ProtocolError at the first byte with which a text cannot be UTF-8 any more
   */
  judgePiece(bytes: Uint8Array, start: number, end: number): void {
    if (this.opcode === TEXT && !this.#utf8.push(bytes, start, end)) throwNotUtf8();
  }

  /**
   * Ends the message; the payload stays until its owner releases it.
   *
   * @returns its opcode
   * @throws ProtocolError when a text ends inside a character
   */
  endMessage(): number {
    const opcode = this.opcode;
    if (opcode === TEXT && !this.#utf8.finish()) throwNotUtf8();
    this.#reset();
    return opcode;
  }

  /** Ends a message whose payload was dropped: it is judged by its order alone. */
  dropMessage(): void {
    this.#reset();
  }

  #judgeOrder(opcode: number): void {
    const underWay = this.opcode !== CONTINUATION;
    if (opcode === CONTINUATION && !underWay) {
      throw violation("WS_UNEXPECTED_CONTINUATION", "A continuation frame came outside a message");
    }
    if (opcode !== CONTINUATION && underWay) {
      throw violation("WS_EXPECTED_CONTINUATION", "A message began within another message");
    }
    if (!underWay) this.opcode = opcode;
  }

  #reset(): void {
    this.opcode = CONTINUATION;
    this.#frames = 0;
    this.#declared = 0;
    this.#utf8.reset();
  }
}

function throwNotUtf8(): never {
  throw violation("WS_INVALID_UTF8", "A text message is not UTF-8");
}
