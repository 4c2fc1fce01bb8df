/**
 * Reads the members of one JSON object, or the elements of one array, as byte ranges.
 *
 * In: (bytes, start, end) of a text whose first byte is `{` or `[`. Out: one member a call: its name and where
 * its value begins and ends; values are validated and not built. Called by decode_shape.ts. The bytes are
 * never copied or changed, and must not change while it reads.
 */

import { COMMA } from "../ascii.ts";
import { JsonError } from "./json_error.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  INVALID,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipBlank,
  skipName,
  skipValue,
} from "./skip_value.ts";
import { textOf } from "./text_of.ts";

/** Reads one object or array. */
export class MemberReader {
  /** Where the member's value begins … */
  valueStart = 0;
  /** … and ends. */
  valueEnd = 0;
  /** Where the next member is expected; after the last one, the offset behind the object or array. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #depth: number;
  readonly #isObject: boolean;
  #isFirst = true;
  // The name's bytes, without the quotes; its text is made if it is asked for, or if it has escapes.
  #nameStart = 0;
  #nameEnd = 0;
  #name: string | undefined = undefined;

  /**
   * @param kind which of the two must be there
   * @param depth how many arrays and objects may be open at once, with this one; at least 1
   * @throws {JsonError} if something else begins at `start`
   */
  constructor(
    kind: "object" | "array",
    bytes: Uint8Array,
    { start, end, depth }: { readonly start: number; readonly end: number; readonly depth: number },
  ) {
    this.#isObject = kind === "object";
    const open = this.#isObject ? OPEN_BRACE : OPEN_BRACKET;
    if (depth < 1 || start >= end || bytes[start] !== open) {
      throw new JsonError(`An ${kind} was expected`, start);
    }
    this.#bytes = bytes;
    this.#end = end;
    this.#depth = depth - 1;
    this.at = start + 1;
  }

  /** The member's name, of an object. */
  get name(): string {
    return this.#name ??= textOf(this.#bytes, this.#nameStart - 1, this.#nameEnd + 1);
  }

  /** Whether that is the member's name: a text of ASCII. Cheaper than to ask for the name. */
  isNamed(name: string): boolean {
    if (this.#name !== undefined) return this.#name === name;
    const start = this.#nameStart;
    if (name.length !== this.#nameEnd - start) return false;
    for (let i = 0; i < name.length; i++) {
      if (this.#bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Whether there was another member. @throws {JsonError} if the text is not JSON */
  next(): boolean {
    const bytes = this.#bytes;
    const close = this.#isObject ? CLOSE_BRACE : CLOSE_BRACKET;
    let at = skipBlank(bytes, this.at, this.#end);
    if (at < this.#end && bytes[at] === close) {
      this.at = at + 1;
      return false;
    }
    if (!this.#isFirst) {
      if (at >= this.#end || bytes[at] !== COMMA) throw notJson(at);
      at = skipBlank(bytes, at + 1, this.#end);
    }
    this.#isFirst = false;
    if (this.#isObject) at = this.#readName(at);
    const behind = skipValue(bytes, at, this.#end, this.#depth);
    if (behind === INVALID) throw notJson(at);
    this.valueStart = at;
    this.valueEnd = behind;
    this.at = behind;
    return true;
  }

  /** Sets the name; the answer is where the value begins. */
  #readName(at: number): number {
    const bytes = this.#bytes;
    const value = skipName(bytes, at, this.#end);
    if (value === INVALID) throw notJson(at);
    // Behind the name there are blanks and the colon.
    let behind = value;
    while (bytes[behind - 1] !== QUOTE) behind--;
    this.#nameStart = at + 1;
    this.#nameEnd = behind - 1;
    this.#name = undefined;
    // Half of a surrogate pair is refused, whether the name is known or not; only escapes can be one.
    let i = at + 1;
    while (i < behind && bytes[i] !== BACKSLASH) i++;
    if (i < behind) this.#name = textOf(bytes, at, behind);
    return value;
  }
}

function notJson(offset: number): JsonError {
  return new JsonError("The text is not valid JSON (RFC 8259), or nested too deeply", offset);
}
