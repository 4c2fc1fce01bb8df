/**
 * JSON (RFC 8259) over bytes: fields are found and checked, and payloads pass as they are.
 *
 * `JSON.parse` and `JSON.stringify` would change a payload: 1.0 becomes 1, a long integer loses digits, the
 * second of two equal names wins. Here a payload is a range of bytes that is validated and copied.
 *
 * ```ts
 * import { decodeShape, JSON_DEPTH, raw, text } from "./mod.ts";
 *
 * const bytes = new TextEncoder().encode('{"channel":"news","data":{"price":1.0}}');
 * const shape = { channel: text("channel"), data: raw("data") };
 * const whole = { bytes, start: 0, end: bytes.length, depth: JSON_DEPTH };
 * const { channel, data } = decodeShape(whole, shape);
 * console.log(channel, new TextDecoder().decode(data)); // news {"price":1.0}
 * ```
 *
 * @module
 */

export {
  type Decoded,
  decodeShape,
  type Field,
  flag,
  isJson,
  type JsonSlice,
  MAX_UINT32,
  raw,
  type Read,
  readFlag,
  readInteger,
  readList,
  readMap,
  readNumber,
  readObject,
  readRaw,
  readSeconds,
  readText,
  type Shape,
  text,
  unsigned,
} from "./decode_shape.ts";
export { JsonError } from "./json_error.ts";
export { JsonWriter } from "./json_writer.ts";
export { withoutLineBreaks } from "./line_breaks.ts";
export { INVALID, skipBlank, skipValue } from "./skip_value.ts";
export { JSON_DEPTH } from "../limits.ts";
