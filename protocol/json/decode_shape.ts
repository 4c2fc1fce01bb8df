/**
 * Decodes JSON objects by tables of their fields: which fields there are, and of which type.
 *
 * In: (bytes, start, end) and a shape, for example `{ channel: text("channel"), data: raw("data") }`. Out: an
 * object with a property for each field of the shape, undefined if the text has none. Every known field's type
 * is checked; unknown fields are validated and ignored; a known field twice is refused, because two parsers
 * could take different ones. `null` counts as absent, except for raw fields, whose payload it is.
 * Raw fields are views of the given bytes: copy them to keep them.
 */

import { JsonError } from "./json_error.ts";
import { MemberReader } from "./member_reader.ts";
import { INVALID, QUOTE, skipBlank, skipValue } from "./skip_value.ts";
import { textOf } from "./text_of.ts";

/** A valid JSON value in a text. */
export interface JsonSlice {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** How many arrays and objects may be open at once in the value. */
  readonly depth: number;
}

/** Reads one value. @throws {JsonError} if it has another type */
export type Read<T> = (slice: JsonSlice) => T;

/** One field of a shape. */
export interface Field<T> {
  /** Its name in the text. */
  readonly wire: string;
  readonly read: Read<T>;
  /** Whether `null` is a value, and not the same as no field. */
  readonly takesNull?: boolean;
}

/** The known fields of an object, at most 31, by the names of the decoded properties. */
// deno-lint-ignore no-explicit-any -- a shape has fields of many types
export type Shape = Readonly<Record<string, Field<any>>>;

/** What {@link decodeShape} makes of a shape. */
export type Decoded<S extends Shape> = {
  readonly [Name in keyof S]: (S[Name] extends Field<infer T> ? T : never) | undefined;
};

const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const INTEGER = /^-?\d+$/;
const UTF8 = new TextDecoder();

/** The largest unsigned number of 32 bits. */
export const MAX_UINT32 = 0xffff_ffff;

/** Decodes an object that is a whole text, with blanks around. @throws {JsonError} */
export function decodeShape<S extends Shape>(slice: JsonSlice, shape: S): Decoded<S> {
  const { bytes, end } = slice;
  const start = skipBlank(bytes, slice.start, end);
  const members = new MemberReader("object", bytes, { start, end, depth: slice.depth });
  const decoded = readMembers(members, slice, shape);
  const behind = skipBlank(bytes, members.at, end);
  if (behind !== end) throw new JsonError("Something follows the object", behind);
  return decoded;
}

function readMembers<S extends Shape>(
  members: MemberReader,
  { bytes, depth }: JsonSlice,
  shape: S,
): Decoded<S> {
  const { fields, empty } = planOf(shape);
  // A copy of one object is cheaper than a store for each field.
  const decoded: Record<string, unknown> = { ...empty };
  // A bit for each field.
  let found = 0;
  while (members.next()) {
    // A shape has few fields, so a search costs less than a map for each shape.
    for (let i = 0; i < fields.length; i++) {
      const { property, wire, read, takesNull } = fields[i]!;
      if (!members.isNamed(wire)) continue;
      const { valueStart: start, valueEnd: end } = members;
      if ((found & (1 << i)) !== 0) throw new JsonError("A field appears twice", start);
      found |= 1 << i;
      if (bytes[start] !== LOWER_N || takesNull) {
        decoded[property] = read({ bytes, start, end, depth: depth - 1 });
      }
      break;
    }
  }
  return decoded as Decoded<S>;
}

/** A shape as it is read. */
interface Plan {
  readonly fields: readonly {
    readonly property: string;
    readonly wire: string;
    readonly read: Read<unknown>;
    readonly takesNull: boolean;
  }[];
  /** What a text without any field of the shape is decoded to. */
  readonly empty: Readonly<Record<string, undefined>>;
}

const PLANS = new WeakMap<Shape, Plan>();

function planOf(shape: Shape): Plan {
  let plan = PLANS.get(shape);
  if (plan === undefined) {
    const fields = Object.entries(shape).map(([property, { wire, read, takesNull = false }]) => {
      return { property, wire, read, takesNull };
    });
    const empty = Object.fromEntries(fields.map(({ property }) => [property, undefined]));
    PLANS.set(shape, plan = { fields, empty });
  }
  return plan;
}

/** A string. */
export const readText: Read<string> = ({ bytes, start, end }) => {
  if (bytes[start] !== QUOTE) throw new JsonError("A string was expected", start);
  return textOf(bytes, start, end);
};

/** `true` or `false`. */
export const readFlag: Read<boolean> = ({ bytes, start }) => {
  const first = bytes[start];
  if (first !== LOWER_T && first !== LOWER_F) {
    throw new JsonError("true or false was expected", start);
  }
  return first === LOWER_T;
};

/** Reads numbers from `least` to `most`, as the nearest that JavaScript has. */
export function readNumber(least: number, most: number): Read<number> {
  return ({ bytes, start, end }) => {
    const value: unknown = JSON.parse(UTF8.decode(bytes.subarray(start, end)));
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw new JsonError(`A number from ${least} to ${most} was expected`, start);
  };
}

/** A time in seconds since 1970, up to the year 9999: so milliseconds and nanoseconds are no such time. */
export const readSeconds: Read<number> = readNumber(0, 253_402_300_799);

/** A view of the value's bytes. */
export const readRaw: Read<Uint8Array> = ({ bytes, start, end }) => bytes.subarray(start, end);

/** Reads integers from `least` to `most`, written without fraction and exponent. */
export function readInteger(least: number, most: number): Read<number> {
  return ({ bytes, start, end }) => {
    const text = UTF8.decode(bytes.subarray(start, end));
    const value = INTEGER.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new JsonError(`An integer from ${least} to ${most} was expected`, start);
  };
}

/** Reads objects of a shape. */
export function readObject<S extends Shape>(shape: S): Read<Decoded<S>> {
  return (slice) => readMembers(new MemberReader("object", slice.bytes, slice), slice, shape);
}

/** Reads arrays whose elements all have one type. */
export function readList<T>(read: Read<T>): Read<readonly T[]> {
  return ({ bytes, start, end, depth }) => {
    const members = new MemberReader("array", bytes, { start, end, depth });
    const list: T[] = [];
    while (members.next()) {
      const { valueStart, valueEnd } = members;
      list.push(read({ bytes, start: valueStart, end: valueEnd, depth: depth - 1 }));
    }
    return list;
  };
}

/** Reads objects with any names, whose values all have one type. */
export function readMap<T>(read: Read<T>): Read<ReadonlyMap<string, T>> {
  return ({ bytes, start, end, depth }) => {
    const members = new MemberReader("object", bytes, { start, end, depth });
    const map = new Map<string, T>();
    while (members.next()) {
      const { name, valueStart, valueEnd } = members;
      if (map.has(name)) throw new JsonError("A name appears twice", valueStart);
      map.set(name, read({ bytes, start: valueStart, end: valueEnd, depth: depth - 1 }));
    }
    return map;
  };
}

/** A field that holds a string. */
export function text(wire: string): Field<string> {
  return { wire, read: readText };
}

/** A field that holds true or false. */
export function flag(wire: string): Field<boolean> {
  return { wire, read: readFlag };
}

/** A field whose value is passed on as it is. */
export function raw(wire: string): Field<Uint8Array> {
  return { wire, read: readRaw, takesNull: true };
}

/** A field that holds an integer from 0 to `most`. */
export function unsigned(wire: string, most: number): Field<number> {
  return { wire, read: readInteger(0, most) };
}

/** Whether `bytes[start, end)` is one JSON value, with blanks around. */
export function isJson({ bytes, start, end, depth }: JsonSlice): boolean {
  const behind = skipValue(bytes, skipBlank(bytes, start, end), end, depth);
  return behind !== INVALID && skipBlank(bytes, behind, end) === end;
}
