/**
 * A list of values as bytes: what crosses between a worker and the main thread.
 *
 * In: numbers, texts, bytes, or nothing in their place. Out: the same as bytes, and back. Both sides are this program, in one
 * process: what is read was written here. Bytes that are read are copies.
 *
 * ```text
 * value    0 undefined | 1 float64 | 2 length uint32, UTF-8 | 3 length uint32, bytes
 * ```
 */

/** A value of a list. */
export type TupleValue = undefined | number | string | Uint8Array;

const KIND = { nothing: 0, number: 1, text: 2, bytes: 3 } as const;
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** The bytes of a list. */
export function packTuple(values: readonly TupleValue[]): Uint8Array {
  const parts = values.map((value) => typeof value === "string" ? UTF8.encode(value) : value);
  const out = new Uint8Array(parts.reduce<number>((sum, part) => sum + sizeOf(part), 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    if (part === undefined) {
      out[at] = KIND.nothing;
    } else if (typeof part === "number") {
      out[at] = KIND.number;
      view.setFloat64(at + 1, part);
    } else {
      out[at] = typeof values[i] === "string" ? KIND.text : KIND.bytes;
      view.setUint32(at + 1, part.length);
      out.set(part, at + 5);
    }
    at += sizeOf(part);
  }
  return out;
}

/** The list of some bytes. */
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
      const part = bytes.slice(at + 5, end);
      values.push(kind === KIND.text ? TEXT.decode(part) : part);
      at = end;
    }
  }
  return values;
}

function sizeOf(part: number | Uint8Array | undefined): number {
  if (part === undefined) return 1;
  return typeof part === "number" ? 9 : 5 + part.length;
}
