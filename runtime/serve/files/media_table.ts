/**
 * Media types by ending, from mime-db: IANA's, Apache's and nginx's tables in one.
 *
 * In: an ending without its dot, in lower case. Out: the value of Content-Type. The table of endings is made at
 * the first question, once for each thread. If several types claim an ending, the one that is registered,
 * and general rather than a vendor's, is taken: by the weights of jshttp/mime-score, which the mime-types
 * of npm uses.
 */

import database from "npm:mime-db@1.54.0/db.json" with { type: "json" };

/** What mime-db says of a type. */
interface Entry {
  readonly compressible?: boolean;
  readonly source?: string;
  readonly charset?: string;
  readonly extensions?: readonly string[];
}

const FACETS: Readonly<Record<string, number>> = {
  "prs.": 100,
  "x-": 200,
  "x.": 300,
  "vnd.": 400,
};
const NO_FACET = 900;
const SOURCES: Readonly<Record<string, number>> = { nginx: 10, apache: 20, iana: 40 };
const NO_SOURCE = 30;
/** Between equals: `video/mp4` rather than `application/mp4`, `application/xml` rather than `text/xml`. */
const KINDS: Readonly<Record<string, number>> = { application: 1, font: 2, audio: 2, video: 3 };
const LONGEST = 100;

const entries: Readonly<Record<string, Entry>> = database;
let types: ReadonlyMap<string, string> | undefined;

/** The Content-Type of files that end so; undefined: nobody has registered it. */
export function typeByEnding(ending: string): string | undefined {
  types ??= readTypes();
  const type = types.get(ending);
  return type === undefined ? undefined : withCharset(type);
}

/** A type with the charset that goes with it: text is UTF-8. */
function withCharset(type: string): string {
  const charset = entries[type]?.charset?.toLowerCase() ??
    (type.startsWith("text/") ? "utf-8" : undefined);
  return charset === undefined ? type : `${type}; charset=${charset}`;
}

function readTypes(): Map<string, string> {
  const found = new Map<string, string>();
  for (const type in entries) {
    for (const ending of entries[type]?.extensions ?? []) {
      const other = found.get(ending);
      if (other === undefined || weightOf(type) > weightOf(other)) found.set(ending, type);
    }
  }
  return found;
}

function weightOf(type: string): number {
  if (type === "application/octet-stream") return 0;
  const [kind = "", subtype = ""] = type.split("/");
  const facet = /^(?:prs\.|x[-.]|vnd\.)/.exec(subtype)?.[0] ?? "";
  const source = entries[type]?.source ?? "";
  return (FACETS[facet] ?? NO_FACET) + (SOURCES[source] ?? NO_SOURCE) + (KINDS[kind] ?? 0) +
    1 - type.length / LONGEST;
}
