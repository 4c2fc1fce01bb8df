/**
 * Checks the order of data frames and collects fragmented messages (RFC 6455 sections 5.4 and 8.1).
 *
 * In: the opcode and length of each data frame when its header is complete, then its unmasked payload in
 * pieces. Out: the payload, or a ProtocolError for a wrong sequence, a limit, or text that is not UTF-8.
 * Called by the frame reader. A message in one piece does not use the buffer.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import type { WebSocketLimits } from "../limits.ts";
import { isUtf8, Utf8Validator } from "../utf8_validator.ts";
import { encodeMaskedFrame } from "./frame_encoder.ts";
import { RSV1 } from "./frame_header.ts";
import type { Inflater } from "./inflater.ts";
import type { MessageBufferPool } from "../message_buffer_pool.ts";
import { CONTINUATION, TEXT } from "./opcodes.ts";
import { PayloadBuffer } from "../payload_buffer.ts";
import { violation } from "./violation.ts";

/** Assembles one message at a time. */
export class MessageAssembler {
  /** TEXT or BINARY while a message is incomplete, otherwise CONTINUATION. */
  opcode = CONTINUATION;
  /** Whether that message is compressed: then its payload is checked when it is inflated. */
  compressed = false;
  /** The collected payload; after the end of the message the caller releases it. */
  readonly payload: PayloadBuffer;
  readonly #limits: WebSocketLimits;
  readonly #utf8 = new Utf8Validator();
  /** Frame headers of the message so far. */
  #frames = 0;
  /** Payload bytes that those headers declare. */
  #declared = 0;

  /** @param pool lends the buffer of a message that arrives in pieces */
  constructor(limits: WebSocketLimits, pool: MessageBufferPool) {
    this.#limits = limits;
    this.payload = new PayloadBuffer(pool);
  }

  /** Whether the current frame is the first one and no buffer was taken. */
  get untouched(): boolean {
    return this.#frames === 1 && !this.payload.hasBuffer;
  }

  /** Whether a message of one frame with so many bytes is within the limits. */
  admitsWhole(length: number): boolean {
    return length <= this.#limits.messageBytes && this.#limits.fragmentCount > 0;
  }

  /**
   * Checks a message that came in one frame, not compressed, while no other is under way.
   *
   * @throws ProtocolError for a text that is not UTF-8
   */
  judgeWhole(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    if (opcode === TEXT && !isUtf8(bytes, start, end)) throwNotUtf8();
  }

  /**
   * Checks the header of a data frame, before its payload arrives.
   *
   * @throws ProtocolError for a frame out of order, too many frames, or too many bytes
   */
  beginFrame(opcode: number, length: number, compressed: boolean): void {
    this.#judgeOrder(opcode);
    if (compressed) this.compressed = true;
    this.#frames++;
    this.#declared += length;
    if (this.#frames > this.#limits.fragmentCount) {
      throw violation(
        "WS_TOO_MANY_FRAGMENTS",
        `A message has more than ${this.#frames - 1} frames`,
      );
    }
    const { messageBytes } = this.#limits;
    const most = this.compressed ? longestDeflated(messageBytes) : messageBytes;
    if (this.#declared > most) this.refuseSize();
  }

  /**
   * Checks payload bytes in their order, collected or not; not those that are compressed.
   *
   * @throws ProtocolError at the first byte that makes a text invalid UTF-8
   */
  judgePiece(bytes: Uint8Array, start: number, end: number): void {
    if (this.opcode !== TEXT || this.compressed) return;
    if (!this.#utf8.push(bytes, start, end)) throwNotUtf8();
  }

  /** Inflates a compressed message, which has arrived as `bytes[start, end)`, into `target`, and ends it. */
  inflateMessage(
    { inflater, target }: { inflater: Inflater; target: PayloadBuffer },
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    // So that an empty message has a buffer too, as each message has that is not in the view.
    target.makeRoom(0, 0);
    const result = inflater.inflate(bytes, start, end, target, this.#limits.messageBytes);
    if (result === "too big") this.refuseSize();
    if (result === "invalid") {
      throw violation("WS_INVALID_DEFLATE", "A compressed message is not valid DEFLATE data");
    }
    this.payload.release();
    this.compressed = false;
    this.judgePiece(target.bytes, target.start, target.end);
    return this.endMessage();
  }

  /** @throws ProtocolError: the message is too long. The declared length is not named: above 2^53 it is not exact. */
  refuseSize(): never {
    const { messageBytes } = this.#limits;
    throw violation("WS_MESSAGE_TOO_BIG", `A message has more than ${messageBytes} bytes`);
  }

  /**
   * Ends the message; the payload stays valid until the caller releases it.
   *
   * @returns its opcode
   * @throws ProtocolError if a text ends inside a character
   */
  endMessage(): number {
    const opcode = this.opcode;
    if (opcode === TEXT && !this.#utf8.finish()) throwNotUtf8();
    this.#reset();
    return opcode;
  }

  /**
   * Appends the frames of an incomplete message that have ended, as a client could have sent them: as many as there were, with the whole
   * payload in the first one.
   *
   * @param isInFrame whether the last header is that of a frame that has not ended
   * @param end where its payload begins in {@link payload}, or the end of that
   */
  appendFrames(out: ByteBuffer, isInFrame: boolean, end: number): void {
    const { bytes, start } = this.payload;
    const count = isInFrame ? this.#frames - 1 : this.#frames;
    for (let i = 0; i < count; i++) {
      const first = i > 0 ? CONTINUATION : this.opcode | (this.compressed ? RSV1 : 0);
      encodeMaskedFrame(out, first, bytes, start, i > 0 ? start : end, 0);
    }
  }

  /** Ends a message whose payload was skipped: only the order of its frames was checked. */
  dropMessage(): void {
    this.#reset();
  }

  #judgeOrder(opcode: number): void {
    const underWay = this.opcode !== CONTINUATION;
    if (opcode === CONTINUATION && !underWay) {
      throw violation(
        "WS_UNEXPECTED_CONTINUATION",
        "A continuation frame arrived outside a message",
      );
    }
    if (opcode !== CONTINUATION && underWay) {
      throw violation("WS_EXPECTED_CONTINUATION", "A new message began before the last one ended");
    }
    if (!underWay) this.opcode = opcode;
  }

  #reset(): void {
    this.opcode = CONTINUATION;
    this.compressed = false;
    this.#frames = 0;
    this.#declared = 0;
    this.#utf8.reset();
  }
}

/**
 * Bytes that a message of `length` bytes may have when it is compressed. DEFLATE's fixed codes have up to 9 bits for a byte, and
 * stored blocks 5 bytes more each (RFC 1951 sections 3.2.4 and 3.2.6).
 */
function longestDeflated(length: number): number {
  return length + Math.ceil(length / 8) + 64;
}

function throwNotUtf8(): never {
  throw violation("WS_INVALID_UTF8", "A text message is not UTF-8");
}
