/**
 * Files on the air: what a folder's files are called, what is in it, which rules hold for a path.
 *
 * ```ts
 * import { listFolder, mediaType, pathPattern } from "./mod.ts";
 * console.log(mediaType("index.html")); // "text/html; charset=utf-8"
 * console.log(pathPattern("/assets/**")("/assets/app.js")); // true
 * const file = { name: "a.txt", isFolder: false, size: 5, lastModified: 784111777 };
 * console.log(listFolder({ segments: [], entries: [file] }, "application/json").body);
 * ```
 *
 * @module
 */

export {
  type FolderContent,
  listFolder,
  type ListingAnswer,
  type ListingEntry,
  MAX_LISTED,
} from "./listing.ts";
export { isCompressible, mediaType, UNKNOWN_TYPE } from "./media_types.ts";
export { pathPattern } from "./path_pattern.ts";
