/**
 * Writes JSON into a byte buffer, field by field.
 *
 * In: calls in the order of the text. Out: one line of JSON: a payload's line breaks, which can only be between
 * its tokens, are left out, because a line break ends an object in every framing. It sets the commas. It does not
 * check that objects are closed, nor that a raw payload is JSON.
 */

import { charClass, COLON, COMMA } from "../ascii.ts";
import type { ByteBuffer } from "../byte_buffer.ts";
import { MOST_DIGITS, writeDecimal } from "../write_decimal.ts";
import { withoutLineBreaks } from "./line_breaks.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./skip_value.ts";

const MINUS = 0x2d;
const UTF8 = new TextEncoder();
/** Characters that need no escape and have one byte. */
const SIMPLE = charClass({ ranges: [[0x20, 0x21], [0x23, 0x5b], [0x5d, 0x7e]] });

/** Writes JSON to the end of a buffer. */
export class JsonWriter {
  /** The buffer; it belongs to the caller. */
  readonly out: ByteBuffer;
  /** Whether the next value needs a comma in front. */
  #comma = false;

  /** @param out where to append */
  constructor(out: ByteBuffer) {
    this.out = out;
  }

  /** `{`, as a value or as the next element. */
  openObject(): this {
    return this.#open(OPEN_BRACE);
  }

  /** `}` */
  closeObject(): this {
    return this.#close(CLOSE_BRACE);
  }

  /** `[` */
  openArray(): this {
    return this.#open(OPEN_BRACKET);
  }

  /** `]` */
  closeArray(): this {
    return this.#close(CLOSE_BRACKET);
  }

  /** The name of a field; its value is the next call. */
  name(name: string): this {
    this.#separate();
    this.#string(name);
    this.out.appendByte(COLON);
    this.#comma = false;
    return this;
  }

  /** A string, as a value or as the next element. */
  text(value: string): this {
    this.#separate();
    this.#string(value);
    return this;
  }

  /** A safe integer, as a value or as the next element. */
  integer(value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no safe integer`);
    this.#separate();
    const { out } = this;
    if (value < 0) out.appendByte(MINUS);
    const at = out.reserve(MOST_DIGITS);
    out.length = writeDecimal(out.bytes, at, Math.abs(value));
    return this;
  }

  /** `true` or `false`. */
  flag(value: boolean): this {
    this.#separate();
    this.out.appendLatin1(value ? "true" : "false");
    return this;
  }

  /** JSON that exists already, as a value or as the next element; without its line breaks. */
  raw(json: Uint8Array): this {
    this.#separate();
    this.out.append(withoutLineBreaks(json));
    return this;
  }

  /** UTF-8 as a string: what a delta, and the payload that it refers to, travel as. */
  quoted(utf8: Uint8Array): this {
    return this.text(new TextDecoder().decode(utf8));
  }

  /** A comma, unless this is the first thing in an object or array, a value behind a name, or the start. */
  #separate(): void {
    if (this.#comma) this.out.appendByte(COMMA);
    this.#comma = true;
  }

  #open(byte: number): this {
    this.#separate();
    this.out.appendByte(byte);
    this.#comma = false;
    return this;
  }

  #close(byte: number): this {
    this.out.appendByte(byte);
    this.#comma = true;
    return this;
  }

  #string(value: string): void {
    const { out } = this;
    const { length } = value;
    const start = out.reserve(length + 2);
    const { bytes } = out;
    bytes[start] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      // Above 255 there is no class.
      if (SIMPLE[code] !== 1) return out.append(UTF8.encode(JSON.stringify(value)));
      bytes[start + 1 + i] = code;
    }
    bytes[start + 1 + length] = QUOTE;
    out.length = start + length + 2;
  }
}
