/**
 * The tables of fixtures/json and fixtures/centrifuge, whose payloads are bytes.
 *
 * In: a table's path below fixtures/. Out: its rows. A string that begins with `json:` stands for the bytes of the
 * rest; `{"map": [[name, value], …]}` stands for a Map. Called by the tests of both protocols.
 */

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const MARK = "json:";

/** What every row has. */
export interface Row {
  readonly name: string;
  readonly spec: string;
}

/** Reads `fixtures/PATH.json`. */
export function readRows<Kind extends Row>(path: string): readonly Kind[] {
  const url = new URL(`../../fixtures/${path}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

/** The value with bytes and maps in place of what stands for them. */
export function withBytes(value: unknown): unknown {
  if (typeof value === "string") {
    return value.startsWith(MARK) ? UTF8.encode(value.slice(MARK.length)) : value;
  }
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, withBytes(one)] as const);
  const [first] = entries;
  if (first?.[0] === "map") return new Map(first[1] as [unknown, unknown][]);
  return Object.fromEntries(entries);
}

/** The way back: bytes as `json:…`, maps as objects, and nothing for undefined. */
export function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return MARK + TEXT.decode(value);
  if (value instanceof Map) return withoutBytes(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([_, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, withoutBytes(one)]));
}

/** Whether JSON.parse takes the bytes. */
export function isParsed(bytes: Uint8Array): boolean {
  try {
    JSON.parse(STRICT.decode(bytes));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return false;
    throw error;
  }
}
