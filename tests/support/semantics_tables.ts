/**
 * The tables of fixtures/semantics: rows of a request's fields, a representation, and the expected result.
 *
 * In: a table's name. Out: its rows, of the shape that the calling test declares. A row has only what
 * matters to it; the rest is that of {@link REPRESENTATION}.
 */

import type { ConditionalRequest, Representation } from "../../protocol/semantics/mod.ts";

/** What every row has. */
export interface Row {
  readonly name: string;
  readonly spec: string;
}

/** A request in a table. */
export interface RequestRow extends Row {
  readonly method?: string;
  /** Fields by lower-case name. */
  readonly fields: Readonly<Record<string, string>>;
  /** What differs from {@link REPRESENTATION}. */
  readonly representation?: Partial<Omit<Representation, "lastModified">> & {
    /** Null: no date is known. */
    readonly lastModified?: number | null;
  };
}

/** The default representation: modified at the time of RFC 9110's own examples. */
export const REPRESENTATION: Representation = {
  etag: '"v1"',
  lastModified: 784_111_777, // Sun, 06 Nov 1994 08:49:37 GMT
  size: 10_000,
};

/** The current time in the tables: 2026-01-01. */
export const NOW = 1_767_225_600;

/** Reads `fixtures/semantics/NAME.json`. */
export function readTable<Kind extends Row>(name: string): readonly Kind[] {
  const url = new URL(`../../fixtures/semantics/${name}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

/** The request of a row. */
export function requestOf({ method = "GET", fields }: RequestRow): ConditionalRequest {
  return { method, field: (name) => fields[name] };
}

/** The representation of a row. */
export function representationOf({ representation }: RequestRow): Representation {
  const whole = { ...REPRESENTATION, ...representation };
  return { ...whole, lastModified: whole.lastModified ?? undefined };
}
