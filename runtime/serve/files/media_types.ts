/**
 * What a file is, by its name (RFC 9110 section 8.3).
 *
 * In: a file's name, or a path that ends in it, and the operator's own types. Out: the value of Content-Type, and
 * whether such bytes become smaller when they are compressed. Asked once for each version of a file. The
 * operator's word comes first, then what stands here, then mime-db; see media_table.ts.
 */

import type { TypeRule } from "../../config/mod.ts";
import { typeByEnding } from "./media_table.ts";

/** RFC 9110 section 8.3: what is not said to be anything is bytes. */
export const UNKNOWN_TYPE = "application/octet-stream";

/** Types by ending that mime-db has not, or not as they are registered by now. */
const REGISTERED: Readonly<Record<string, string>> = {
  // RFC 9639 section 12.3
  flac: "audio/flac",
  // WHATWG HTML, section 8.1.7: import maps from a file.
  importmap: "application/importmap+json",
  // It is a JPEG: browsers save them so.
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
 * What is text or else full of repetition. Not what is compressed in itself: pictures, sound, video,
 * archives, WOFF. WebAssembly, icons, TrueType and OpenType are binary and shrink by half all the same.
 */
const COMPRESSIBLE =
  /^(?:text\/|[a-z]+\/[^;]*(?:json|xml|javascript|ecmascript)\b|application\/(?:wasm|x-sh|toml|yaml|sql|rtf|pgp-signature|vnd\.ms-fontobject)|font\/(?:otf|ttf|collection)|image\/(?:bmp|vnd\.microsoft\.icon)|model\/(?:gltf-binary|obj|stl))/;

/** The Content-Type of a file by its name; text with its charset, UTF-8. */
export function mediaType(path: string, own: readonly TypeRule[] = []): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return ownType(name.toLowerCase(), own) ?? typeByName(name) ?? UNKNOWN_TYPE;
}

/** By the longest ending that matches: `.tar.gz` rather than `.gz`; of equal ones by the first. */
function ownType(name: string, own: readonly TypeRule[]): string | undefined {
  const rules = own.filter(({ ending }) => name.endsWith(ending) && name !== ending);
  const longest = Math.max(...rules.map(({ ending }) => ending.length));
  const type = rules.find(({ ending }) => ending.length === longest)?.type;
  // As of all other text; who wants another charset, or none, says so.
  return type?.startsWith("text/") && !type.includes(";") ? `${type}; charset=utf-8` : type;
}

function typeByName(name: string): string | undefined {
  if (Object.hasOwn(BY_NAME, name)) return BY_NAME[name];
  const ending = endingOf(name);
  if (ending === "") return undefined;
  return Object.hasOwn(REGISTERED, ending) ? REGISTERED[ending] : typeByEnding(ending);
}

/** Whether what has this Content-Type is worth compressing. */
export function isCompressible(mediaType: string): boolean {
  return COMPRESSIBLE.test(mediaType);
}

/** What stands behind the last dot, in lower case; a name's first dot hides it and ends nothing. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}
