/**
 * A list of values as bytes: what crosses between a worker and the main thread.
 *
 * In: numbers, texts, bytes, or nothing in their place. Out: the same as bytes, and back. Both sides are this program, in one
 * process: what is read was written here. Bytes that are read are views of what they are read from.
 *
 * ```text
 * value    0 undefined | 1 float64 | 2 length uint32, UTF-8 | 3 length uint32, bytes
 * ```
 */

import { decodeUtf8, encodeUtf8 } from "../../../protocol/basics.ts";

/** A value of a list. */
export type TupleValue = undefined | number | string | Uint8Array;

const KIND = { nothing: 0, number: 1, text: 2, bytes: 3 } as const;
/** The longest number, and the longest head of a text or of bytes. */
const MOST_HEAD = 9;
/** Short lists are written here. */
const space = new Uint8Array(4096);
const spaceView = new DataView(space.buffer);

/** The bytes of a list; valid until the next call, so that nothing is allocated for a short one. */
export function packTuple(values: readonly TupleValue[]): Uint8Array {
  let most = 0;
  for (const value of values) most += MOST_HEAD + mostBytesOf(value);
  return packInto(most > space.length ? new Uint8Array(most) : space, values);
}

/** The list of some bytes, which must not change. */
export function unpackTuple(bytes: Uint8Array): TupleValue[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: TupleValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at]!;
    if (kind === KIND.nothing) {
      values.push(undefined);
      at += 1;
    } else if (kind === KIND.number) {
      values.push(view.getFloat64(at + 1));
      at += 9;
    } else {
      const end = at + 5 + view.getUint32(at + 1);
      const isText = kind === KIND.text;
      values.push(isText ? decodeUtf8(bytes, at + 5, end) : bytes.subarray(at + 5, end));
      at = end;
    }
  }
  return values;
}

function packInto(out: Uint8Array, values: readonly TupleValue[]): Uint8Array {
  const view = out === space ? spaceView : new DataView(out.buffer);
  let at = 0;
  for (const value of values) {
    if (value === undefined) {
      out[at++] = KIND.nothing;
    } else if (typeof value === "number") {
      out[at] = KIND.number;
      view.setFloat64(at + 1, value);
      at += 9;
    } else {
      const start = at + 5;
      let end = start + value.length;
      out[at] = typeof value === "string" ? KIND.text : KIND.bytes;
      if (typeof value === "string") end = start + encodeUtf8(value, out, start);
      else out.set(value, start);
      view.setUint32(at + 1, end - start);
      at = end;
    }
  }
  return out.subarray(0, at);
}

function mostBytesOf(value: TupleValue): number {
  if (typeof value === "string") return 3 * value.length;
  return value instanceof Uint8Array ? value.length : 0;
}
