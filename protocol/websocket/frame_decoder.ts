/**
 * The byte-level state machine that reads frame headers (RFC 6455 section 5.2) and unmasks payloads.
 *
 * In: bytes, cut anywhere. Out: the fields of one header. Each byte is checked when it arrives, so a frame
 * that will be refused is refused before its payload. Called by the frame reader, which checks the order
 * of frames, length limits and payloads; this class does not know messages.
 *
 * One integer state and one method per state. A header that is cut in two is kept in the fields, never in
 * a buffer.
 */

import type { ByteBuffer } from "../byte_buffer.ts";
import {
  FIN,
  KEY_BYTES,
  LENGTH_BITS,
  LENGTH_IN_2_BYTES,
  LENGTH_IN_8_BYTES,
  LONGEST_MEDIUM,
  LONGEST_SHORT,
  MASK,
  OPCODE_BITS,
  RESERVED_BITS,
  RSV1,
  unmaskedHeaderSize,
  writeFrameHeader,
} from "./frame_header.ts";
import { unmask } from "./mask.ts";
import { CONTINUATION, KIND_CONTROL, KIND_RESERVED, OPCODE_KIND } from "./opcodes.ts";
import { violation } from "./violation.ts";

const AWAIT_OPCODE = 0;
const AWAIT_LENGTH = 1;
const AWAIT_LONG_LENGTH = 2;
const AWAIT_KEY = 3;

/** Reads one frame header after another. */
export class FrameDecoder {
  /** Whether the header is complete and the fields below are valid, until {@link nextFrame}. */
  complete = false;
  /** Whether the frame is the last of its message. */
  fin = false;
  /** One of opcodes.ts. */
  opcode = 0;
  /** Whether the frame is a control frame. */
  control = false;
  /** Whether it is the first frame of a compressed message (RFC 7692 section 6). */
  compressed = false;
  /** The declared payload length. */
  length = 0;
  /** Payload bytes that are neither unmasked nor skipped yet. */
  missing = 0;
  /** Bytes of the header read so far. */
  headerLength = 0;

  readonly #expectMask: boolean;
  /** Bits of the first byte that must be 0. */
  readonly #zeroBits: number;
  #state = AWAIT_OPCODE;
  /** Bytes that are missing of the extended length or the key. */
  #awaited = 0;
  /** The smallest payload length that the current length form may encode. */
  #leastLength = 0;
  #key = 0;
  #phase = 0;

  /**
   * @param expectMask true to read a client's frames, false to read a server's (section 5.1)
   * @param mayCompress whether permessage-deflate is negotiated
   */
  constructor(expectMask: boolean, mayCompress = false) {
    this.#expectMask = expectMask;
    this.#zeroBits = mayCompress ? RESERVED_BITS & ~RSV1 : RESERVED_BITS;
  }

  /** Whether no byte was read since the last frame ended. */
  get untouched(): boolean {
    return !this.complete && this.#state === AWAIT_OPCODE;
  }

  /**
   * Continues the header with `bytes[start, end)`.
   *
   * @returns the offset after the consumed bytes; {@link complete} is true if the header ended there
   * @throws ProtocolError at the first invalid byte
   */
  readHeader(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.complete) {
      switch (this.#state) {
        case AWAIT_OPCODE:
          this.#readOpcode(bytes[at++]!);
          break;
        case AWAIT_LENGTH:
          this.#readLength(bytes[at++]!);
          break;
        case AWAIT_LONG_LENGTH:
          this.#readLongLength(bytes[at++]!);
          break;
        default:
          at = this.#readKey(bytes, at, end);
      }
    }
    this.headerLength += at - start;
    return at;
  }

  /** Unmasks the next `end - start` bytes of the payload, at most {@link missing}, in place. */
  unmaskPayload(bytes: Uint8Array, start: number, end: number): void {
    if (this.#expectMask) this.#phase = unmask(bytes, start, end, this.#key, this.#phase);
    this.missing -= end - start;
  }

  /** Skips the next `count` bytes of the payload, at most {@link missing}. */
  skipPayload(count: number): void {
    this.missing -= count;
  }

  /** Starts the next header. The payload of this frame must be consumed. */
  nextFrame(): void {
    this.complete = false;
    this.headerLength = 0;
  }

  /** Appends the header as far as it has been read, as the peer has sent it. */
  appendHeader(out: ByteBuffer): void {
    if (this.untouched) return;
    const first = (this.fin ? FIN : 0) | (this.compressed ? RSV1 : 0) | this.opcode;
    if (this.#state === AWAIT_LENGTH) return out.appendByte(first);
    if (this.#state === AWAIT_LONG_LENGTH) return this.#appendPartOfLength(out, first);
    const mask = this.#expectMask ? MASK : 0;
    const at = out.reserve(unmaskedHeaderSize(this.length));
    out.length = writeFrameHeader(out.bytes, at, first, this.length, mask);
    const read = KEY_BYTES - (this.complete ? 0 : this.#awaited);
    for (let i = 0; i < read && this.#expectMask; i++) out.appendByte(this.#key >>> (i << 3));
  }

  #appendPartOfLength(out: ByteBuffer, first: number): void {
    const isMedium = this.#leastLength <= LONGEST_MEDIUM;
    const mask = this.#expectMask ? MASK : 0;
    out.appendByte(first);
    out.appendByte(mask | (isMedium ? LENGTH_IN_2_BYTES : LENGTH_IN_8_BYTES));
    for (let left = (isMedium ? 2 : 8) - this.#awaited; left > 0; left--) {
      out.appendByte(Math.floor(this.length / 256 ** (left - 1)) % 256);
    }
  }

  /** Masks `bytes[start, end)` again, the beginning of the payload. */
  maskBeginning(bytes: Uint8Array, start: number, end: number): void {
    if (this.#expectMask) unmask(bytes, start, end, this.#key, 0);
  }

  #readOpcode(byte: number): void {
    // RFC 6455 section 5.2: must be 0 unless an extension defines them; otherwise fail the connection.
    if ((byte & this.#zeroBits) !== 0) {
      throw violation("WS_RESERVED_BITS", "A frame has reserved bits set");
    }
    const opcode = byte & OPCODE_BITS;
    const kind = OPCODE_KIND[opcode];
    if (kind === KIND_RESERVED) {
      throw violation("WS_UNKNOWN_OPCODE", `A frame has the reserved opcode ${opcode}`);
    }
    this.fin = (byte & FIN) !== 0;
    this.opcode = opcode;
    this.control = kind === KIND_CONTROL;
    this.compressed = (byte & RSV1) !== 0;
    // RFC 7692 section 6.1: only the first frame of a message has RSV1, and a control frame never has.
    if (this.compressed && (this.control || opcode === CONTINUATION)) {
      throw violation("WS_RESERVED_BITS", `A frame with the opcode ${opcode} has RSV1 set`);
    }
    // Section 5.5: control frames are never fragmented.
    if (this.control && !this.fin) {
      throw violation("WS_FRAGMENTED_CONTROL", `A control frame (opcode ${opcode}) is fragmented`);
    }
    this.#state = AWAIT_LENGTH;
  }

  #readLength(byte: number): void {
    this.#judgeMaskBit((byte & MASK) !== 0);
    const length = byte & LENGTH_BITS;
    // Section 5.5: at most 125 bytes, so an extended length is refused before it is read.
    if (this.control && length > LONGEST_SHORT) {
      throw violation("WS_CONTROL_TOO_LONG", "A control frame is longer than 125 bytes");
    }
    if (length <= LONGEST_SHORT) {
      this.length = length;
      this.#endLength();
      return;
    }
    const medium = length === LENGTH_IN_2_BYTES;
    this.length = 0;
    this.#leastLength = medium ? LONGEST_SHORT + 1 : LONGEST_MEDIUM + 1;
    this.#awaited = medium ? 2 : 8;
    this.#state = AWAIT_LONG_LENGTH;
  }

  #judgeMaskBit(masked: boolean): void {
    if (masked === this.#expectMask) return;
    // Section 5.1: a server refuses unmasked frames, a client refuses masked ones.
    if (masked) throw violation("WS_MASKED", "A frame from the server is masked");
    throw violation("WS_NOT_MASKED", "A frame from the client is not masked");
  }

  #readLongLength(byte: number): void {
    // Section 5.2: the most significant bit of a 64-bit length must be 0.
    if (this.#awaited === 8 && byte >= 0x80) {
      throw violation("WS_LENGTH_TOP_BIT", "A frame length has its most significant bit set");
    }
    // A double cannot hold 63 bits exactly. Only lengths above 2^53 lose low bits, and those exceed every
    // limit (close 1009), however they are rounded.
    this.length = this.length * 256 + byte;
    this.#awaited--;
    if (this.#awaited > 0) return;
    // Section 5.2: the length must be encoded in the minimal number of bytes.
    if (this.length < this.#leastLength) {
      throw violation("WS_LENGTH_NOT_MINIMAL", `A frame length of ${this.length} is not minimal`);
    }
    this.#endLength();
  }

  #endLength(): void {
    this.missing = this.length;
    if (!this.#expectMask) {
      this.#endHeader();
      return;
    }
    this.#key = 0;
    this.#awaited = KEY_BYTES;
    this.#state = AWAIT_KEY;
  }

  #readKey(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    // The first key byte goes to the lowest eight bits, each further one to the next eight.
    for (; at < end && this.#awaited > 0; at++, this.#awaited--) {
      this.#key |= bytes[at]! << ((KEY_BYTES - this.#awaited) << 3);
    }
    if (this.#awaited === 0) this.#endHeader();
    return at;
  }

  #endHeader(): void {
    this.#phase = 0;
    this.#state = AWAIT_OPCODE;
    this.complete = true;
  }
}
