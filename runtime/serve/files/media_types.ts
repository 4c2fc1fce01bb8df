/**
 * The media type of a file, by its name (RFC 9110 section 8.3).
 *
 * In: a file's name, or a path that ends in it, and the operator's own types. Out: the value of Content-Type,
 * and whether such files are worth compressing. Called once for each version of a file. The operator's types
 * come first, then the tables here, for what mime-db lacks or has wrong, then mime-db (mime_db.ts).
 */

import type { TypeRule } from "../../config/mod.ts";
import { typeByEnding } from "./mime_db.ts";

/** The type of files whose type is not known (RFC 9110 section 8.3). */
export const UNKNOWN_TYPE = "application/octet-stream";

/** Types by ending that mime-db lacks, or has in an outdated form. */
const REGISTERED: Readonly<Record<string, string>> = {
  // RFC 9639 section 12.3
  flac: "audio/flac",
  // WHATWG HTML, section 8.1.7: import maps from a file.
  importmap: "application/importmap+json",
  // A JPEG file, as browsers save it.
  jfif: "image/jpeg",
  // RFC 6350 section 10.1
  vcf: "text/vcard; charset=utf-8",
  // RFC 8878 section 7.1
  zst: "application/zstd",
};

/** Types of files whose names have no ending. */
const BY_NAME: Readonly<Record<string, string>> = {
  // Apple, "Supporting associated domains": which apps open a site's links.
  "apple-app-site-association": "application/json; charset=utf-8",
};

/**
 * Text, and other types with much repetition. Not formats that are compressed already: pictures, sound,
 * video, archives, WOFF. WebAssembly, icons, TrueType and OpenType are binary, but shrink by half.
 */
const COMPRESSIBLE =
  /^(?:text\/|[a-z]+\/[^;]*(?:json|xml|javascript|ecmascript)\b|application\/(?:wasm|x-sh|toml|yaml|sql|rtf|pgp-signature|vnd\.ms-fontobject)|font\/(?:otf|ttf|collection)|image\/(?:bmp|vnd\.microsoft\.icon)|model\/(?:gltf-binary|obj|stl))/;

/** The Content-Type of a file by its name; text with its charset, UTF-8. */
export function mediaType(path: string, own: readonly TypeRule[] = []): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return ownType(name.toLowerCase(), own) ?? typeByName(name) ?? UNKNOWN_TYPE;
}

/** The type of the longest ending that matches: `.tar.gz` rather than `.gz`; of equal endings the first. */
function ownType(name: string, own: readonly TypeRule[]): string | undefined {
  const rules = own.filter(({ ending }) => name.endsWith(ending) && name !== ending);
  const longest = Math.max(...rules.map(({ ending }) => ending.length));
  const type = rules.find(({ ending }) => ending.length === longest)?.type;
  // UTF-8 as for all other text, unless the operator's type has parameters of its own.
  return type?.startsWith("text/") && !type.includes(";") ? `${type}; charset=utf-8` : type;
}

function typeByName(name: string): string | undefined {
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  const ending = endingOf(name);
  if (ending === "") return undefined;
  return Object.hasOwn(REGISTERED, ending) ? REGISTERED[ending] : typeByEnding(ending);
}

/** Whether files with this Content-Type are worth compressing. */
export function isCompressible(mediaType: string): boolean {
  return COMPRESSIBLE.test(mediaType);
}

/** The text after the last dot, in lower case; a leading dot makes a hidden file, not an ending. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}
