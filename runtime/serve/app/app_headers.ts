/**
 * The Web's Headers, without its cost: a list of names in lower case and values, and for a request the head itself until
 * something asks for more than one field.
 *
 * In: what the Web's constructor takes, or the head of a request. Out: the behaviour of the Web's Headers. An instance is one of
 * `Headers` too, since its prototype is below that of Headers.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import { trueFields } from "./fetched_answers.ts";
import { WebHeaders } from "./web_classes.ts";

/** One field: the name in lower case, and the value. */
export type Field = [name: string, value: string];

/** Where the fields of a request are. */
export interface HeadSource {
  /** The head now: it moves when the request outlives its turn. @throws {TypeError} if it was reused after the answer */
  readonly head: RequestHead;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// What the Fetch standard forbids.
const FORBIDDEN = /[\0\r\n]/;
/** What nearly all values are. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;
const LATIN1 = /^[\0-\xff]*$/;
const PADDED = /^[\t\n\r ]|[\t\n\r ]$/;
const PADDING = /^[\t\n\r ]+|[\t\n\r ]+$/g;

/** Names that were used, by how they were written: nearly all are one of a few. */
const knownNames = new Map<string, string>();
const MAX_KNOWN = 512;

/** A name in lower case. @throws {TypeError} if it is none */
function nameOf(name: unknown): string {
  const text = `${name}`;
  const known = knownNames.get(text);
  if (known !== undefined) return known;
  if (!TOKEN.test(text)) throw new TypeError(`Invalid header name: ${JSON.stringify(text)}`);
  const lower = text.toLowerCase();
  if (knownNames.size >= MAX_KNOWN) knownNames.clear();
  knownNames.set(text, lower);
  return lower;
}

/** A value without the white space around it. @throws {TypeError} if it is none */
function valueOf(value: unknown): string {
  let text = `${value}`;
  if (PLAIN.test(text)) return text;
  if (PADDED.test(text)) text = text.replace(PADDING, "");
  if (FORBIDDEN.test(text)) throw new TypeError(`Invalid header value: ${JSON.stringify(text)}`);
  if (!LATIN1.test(text)) throw new TypeError("A header value is not a valid ByteString");
  return text;
}

const SET_COOKIE = "set-cookie";
const COOKIE = "cookie";

/** No fields: shared, so that headers that are only read allocate no list. */
const NONE: Field[] = [];

/** Headers of a request or of an answer. */
export class AppHeaders {
  /** Not changed in place while it is {@link NONE}. */
  #fields: Field[] = NONE;
  /** The fields are still in the head of this request. */
  #source: HeadSource | null = null;
  /** Fields as they are iterated; null: not computed since the last change. */
  #sorted: Field[] | null = null;

  constructor(init?: HeadersInit) {
    if (init === undefined) return;
    if (typeof init !== "object" && typeof init !== "function" || init === null) {
      throw new TypeError(
        "Failed to construct 'Headers': Argument 1 The provided value is not of type " +
          "'(sequence<sequence<ByteString>> or record<ByteString, ByteString>)'",
      );
    }
    if (#fields in init) {
      // The pairs are not changed in place.
      const fields = init.#all();
      if (fields.length > 0) this.#fields = fields.slice();
    } else if (init instanceof WebHeaders) this.#appendPairs(trueFields(init));
    else if (Symbol.iterator in init) this.#appendPairs(init as Iterable<Iterable<string>>);
    else this.#appendRecord(init as Record<string, string>);
  }

  /** Ordinary for subclasses; for `Headers` itself also what Deno has made. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return Function.prototype[Symbol.hasInstance].call(
      this === AppHeaders ? WebHeaders : this,
      value,
    );
  }

  /** The headers of a request. */
  static of(source: HeadSource): Headers {
    const headers = new AppHeaders();
    headers.#source = source;
    return headers as unknown as Headers;
  }

  /** Whether they are some of these, and none that Deno has made. */
  static isOwn(headers: Headers | AppHeaders): boolean {
    return #fields in headers;
  }

  /** The fields of any headers, for the encoder. */
  static fieldsOf(headers: Headers | AppHeaders): readonly Field[] {
    return #fields in headers ? headers.#all() : [...headers as Headers];
  }

  append(name: string, value: string): void {
    const field: Field = [nameOf(name), valueOf(value)];
    this.#change().push(field);
  }

  delete(name: string): void {
    const lower = nameOf(name);
    const fields = this.#change();
    this.#fields = fields.filter(([other]) => other !== lower);
  }

  get(name: string): string | null {
    const lower = nameOf(name);
    if (this.#source !== null && lower !== COOKIE) return this.#source.head.field(lower) ?? null;
    return joined(this.#all(), lower);
  }

  getSetCookie(): string[] {
    return this.#all().filter(([name]) => name === SET_COOKIE).map(([, value]) => value);
  }

  has(name: string): boolean {
    const lower = nameOf(name);
    if (this.#source !== null) return this.#source.head.fields.has(lower);
    return placeOf(this.#all(), lower) >= 0;
  }

  set(name: string, value: string): void {
    const lower = nameOf(name);
    const text = valueOf(value);
    const fields = this.#change();
    const at = placeOf(fields, lower);
    if (at < 0) return void fields.push([lower, text]);
    fields[at] = [lower, text];
    if (placeOf(fields, lower, at + 1) < 0) return;
    this.#fields = fields.filter(([other], index) => index <= at || other !== lower);
  }

  forEach(callback: (value: string, key: string, parent: Headers) => void, self?: unknown): void {
    for (const [name, value] of this.entries()) {
      callback.call(self, value, name, this as unknown as Headers);
    }
  }

  *entries(): IterableIterator<[string, string]> {
    for (let at = 0; at < this.#iterated().length; at++) {
      const [name, value] = this.#iterated()[at]!; // below its length
      yield [name, value];
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries();
  }

  [Symbol.for("Deno.privateCustomInspect")](
    inspect: (value: unknown, options: unknown) => string,
    options: unknown,
  ): string {
    return `Headers ${inspect(Object.fromEntries(this.entries()), options)}`;
  }

  #appendPairs(init: Iterable<Iterable<string>>): void {
    for (const pair of init) {
      if (typeof pair === "string" || pair?.[Symbol.iterator] === undefined) {
        throw new TypeError("Failed to construct 'Headers': a header is not a pair");
      }
      const [name, value, ...more] = pair;
      const length = name === undefined ? 0 : value === undefined ? 1 : 2 + more.length;
      if (length !== 2) throw new TypeError(`Invalid header: length must be 2, but is ${length}`);
      this.#own().push([nameOf(name), valueOf(value)]);
    }
  }

  #appendRecord(init: Record<string, string>): void {
    for (const name of Object.keys(init)) this.#own().push([nameOf(name), valueOf(init[name])]);
  }

  /** A list that may be changed. */
  #own(): Field[] {
    return this.#fields === NONE ? this.#fields = [] : this.#fields;
  }

  /** The fields, about to be changed. */
  #change(): Field[] {
    this.#sorted = null;
    this.#all();
    return this.#own();
  }

  #all(): Field[] {
    if (this.#source === null) return this.#fields;
    const { fields } = this.#source.head;
    this.#source = null;
    const cookies: string[] = [];
    for (const [name, value] of fields) {
      const lower = name.toLowerCase();
      if (lower === COOKIE && cookies.push(value) > 1) continue;
      this.#own().push([lower, value]);
    }
    if (cookies.length > 1) this.#joinCookies(cookies);
    return this.#fields;
  }

  /** RFC 6265 section 5.4: cookies are joined by semicolons, which a comma would spoil. */
  #joinCookies(cookies: readonly string[]): void {
    for (const field of this.#fields) if (field[0] === COOKIE) field[1] = cookies.join("; ");
  }

  /** Sorted by name, and joined but for Set-Cookie (Fetch, "sort and combine"). */
  #iterated(): Field[] {
    if (this.#sorted !== null) return this.#sorted;
    const fields = this.#all();
    const names = [...new Set(fields.map(([name]) => name))].sort();
    return this.#sorted = names.flatMap((name): Field[] =>
      name === SET_COOKIE
        ? fields.filter(([other]) => other === name)
        : [[name, joined(fields, name) ?? ""]]
    );
  }
}

/** The index of the first field with this name from `start` on; -1: there is none. */
function placeOf(fields: readonly Field[], name: string, start = 0): number {
  for (let at = start; at < fields.length; at++) if (fields[at]![0] === name) return at;
  return -1;
}

function joined(fields: readonly Field[], name: string): string | null {
  let text: string | null = null;
  for (const [other, value] of fields) {
    if (other === name) text = text === null ? value : `${text}, ${value}`;
  }
  return text;
}

Object.setPrototypeOf(AppHeaders.prototype, WebHeaders.prototype);
