/**
 * Reads media types by file name ending out of mime-db, which merges the tables of IANA, Apache and nginx.
 * What it lacks or has wrong is in the tables of media_types.ts.
 *
 * In: an ending without its dot, in lower case. Out: the value of Content-Type. The table of endings is made
 * at the first call, once for each thread. If several types have the same ending, a registered type is
 * preferred, and a general one to a vendor's: by the weights of jshttp/mime-score, which npm's mime-types
 * uses.
 */

import database from "npm:mime-db@1.54.0/db.json" with { type: "json" };

/** What mime-db knows about a type. */
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
/** Decides between equal scores: `video/mp4` rather than `application/mp4`, `application/xml` rather than `text/xml`. */
const KINDS: Readonly<Record<string, number>> = { application: 1, font: 2, audio: 2, video: 3 };
const LONGEST = 100;

const entries: Readonly<Record<string, Entry>> = database;
let types: ReadonlyMap<string, string> | undefined;

/** The Content-Type of files with this ending; undefined if mime-db has none. */
export function typeByEnding(ending: string): string | undefined {
  types ??= readTypes();
  const type = types.get(ending);
  return type === undefined ? undefined : withCharset(type);
}

/** Adds the charset to a type: text is UTF-8. */
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
