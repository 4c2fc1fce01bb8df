/**
 * The byte machine that reads frame headers (RFC 6455 section 5.2) and unmasks payloads.
 *
 * In: bytes, cut anywhere. Out: the fields of one header, judged as soon as the byte that breaks a
 * rule is there, so that nobody waits for a payload that will be refused. It knows no messages: the
 * order of frames, lengths over a limit and payloads are judged by those who use it.
 *
 * One integer state for what is awaited, one method a state; a header cut in two is held in the
 * fields, never in a buffer.
 */

import {
  FIN,
  KEY_BYTES,
  LENGTH_BITS,
  LENGTH_IN_2_BYTES,
  LONGEST_MEDIUM,
  LONGEST_SHORT,
  MASK,
  OPCODE_BITS,
  RESERVED_BITS,
} from "./frame_header.ts";
import { unmask } from "./mask.ts";
import { KIND_CONTROL, KIND_RESERVED, OPCODE_KIND } from "./opcodes.ts";
import { violation } from "./violation.ts";

const AWAIT_OPCODE = 0;
const AWAIT_LENGTH = 1;
const AWAIT_LONG_LENGTH = 2;
const AWAIT_KEY = 3;

/** Reads one frame header after the other. */
export class FrameDecoder {
  /** Whether the header is complete and the fields below are valid, until {@link nextFrame}. */
  complete = false;
  /** Whether the frame is the last of its message. */
  fin = false;
  /** One of opcodes.ts. */
  opcode = 0;
  /** Whether the frame is a control frame. */
  control = false;
  /** Declared bytes of the payload. */
  length = 0;
  /** Bytes of the payload that have not been unmasked or skipped yet. */
  missing = 0;
  /** Bytes of the header that were read so far. */
  headerLength = 0;

  readonly #expectMask: boolean;
  #state = AWAIT_OPCODE;
  /** Bytes that the long length or the key still lacks. */
  #awaited = 0;
  /** The shortest payload that the long form in hand may tell. */
  #leastLength = 0;
  #key = 0;
  #phase = 0;

  /** @param expectMask true to read a client's frames, false to read a server's (section 5.1) */
  constructor(expectMask: boolean) {
    this.#expectMask = expectMask;
  }

  /** Whether nothing of a frame was read since the last one ended. */
  get untouched(): boolean {
    return !this.complete && this.#state === AWAIT_OPCODE;
  }

  /**
   * Reads on in the header from `bytes[start, end)`.
   *
   * @returns the offset after what it took; {@link complete} tells whether the header ended there
   * @throws ProtocolError at the first byte that breaks a rule
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

  /** Passes over the next `count` bytes of the payload, at most {@link missing}. */
  skipPayload(count: number): void {
    this.missing -= count;
  }

  /** Begins the next header; the payload of this frame was taken whole. */
  nextFrame(): void {
    this.complete = false;
    this.headerLength = 0;
  }

  #readOpcode(byte: number): void {
    // RFC 6455 section 5.2: not zero without an extension that says so: fail the connection.
    if ((byte & RESERVED_BITS) !== 0) {
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
    // Section 5.5: control frames are never fragmented.
    if (this.control && !this.fin) {
      throw violation("WS_FRAGMENTED_CONTROL", `A control frame (opcode ${opcode}) is fragmented`);
    }
    this.#state = AWAIT_LENGTH;
  }

  #readLength(byte: number): void {
    this.#judgeMaskBit((byte & MASK) !== 0);
    const length = byte & LENGTH_BITS;
    // Section 5.5: at most 125 bytes, so the longer forms are refused before they are read.
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
    // Section 5.1: a server refuses what is not masked, a client what is.
    if (masked) throw violation("WS_MASKED", "A frame of the server is masked");
    throw violation("WS_NOT_MASKED", "A frame of the client is not masked");
  }

  #readLongLength(byte: number): void {
    // Section 5.2: the most significant bit of the 64 is 0.
    if (this.#awaited === 8 && byte >= 0x80) {
      throw violation("WS_LENGTH_TOP_BIT", "A frame length has its most significant bit set");
    }
    // 63 bits are more than a double holds exactly. What is lost are low bits of lengths beyond
    // 2^53, and those are over any limit (close 1009) however they are rounded.
    this.length = this.length * 256 + byte;
    this.#awaited--;
    if (this.#awaited > 0) return;
    // Section 5.2: the minimal number of bytes must be used.
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
    // The first key byte goes to the lowest eight bits, and each further one above it.
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
