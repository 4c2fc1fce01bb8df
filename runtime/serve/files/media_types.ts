/**
 * What a file is, by the end of its name (RFC 9110 section 8.3).
 *
 * In: a file's name, or a path that ends in it. Out: the value of Content-Type, and whether such bytes become smaller when they are
 * compressed. Asked once for each version of a file. The table is that of mime-db, by @std/media-types;
 * what stands here is what it lacks.
 */

import { contentType } from "@std/media-types/content-type";

/** RFC 9110 section 8.3: what is not said to be anything is bytes. */
export const UNKNOWN_TYPE = "application/octet-stream";

/** Types that mime-db has no ending for yet, by ending. */
const ALSO: Readonly<Record<string, string>> = {
  // WHATWG HTML, section 8.1.7: import maps from a file.
  importmap: "application/importmap+json",
  // RFC 8878 section 7.1
  zst: "application/zstd",
};

/**
 * What is text or else full of repetition. Not what is compressed in itself: pictures, sound, video,
 * archives, WOFF. WebAssembly, icons, TrueType and OpenType are binary and shrink by half all the same.
 */
const COMPRESSIBLE =
  /^(?:text\/|[a-z]+\/[^;]*(?:json|xml|javascript|ecmascript)\b|application\/(?:wasm|x-sh|toml|yaml|sql|rtf|pgp-signature|vnd\.ms-fontobject)|font\/(?:otf|ttf|collection)|image\/(?:bmp|vnd\.microsoft\.icon)|model\/(?:gltf-binary|obj|stl))/;

/** The Content-Type of a file by its name; text with its charset, UTF-8. */
export function mediaType(path: string): string {
  const ending = endingOf(path);
  if (ending === "") return UNKNOWN_TYPE;
  const own = Object.hasOwn(ALSO, ending) ? ALSO[ending] : undefined;
  return own ?? contentType(`.${ending}`)?.replace("charset=UTF-8", "charset=utf-8") ??
    UNKNOWN_TYPE;
}

/** Whether what has this Content-Type is worth compressing. */
export function isCompressible(mediaType: string): boolean {
  return COMPRESSIBLE.test(mediaType);
}

/** What stands behind the last dot, in lower case; a name's first dot hides it and ends nothing. */
function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
}
