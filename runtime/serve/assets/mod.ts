/**
 * Files that are embedded in the program and served to browsers: their names, tags and caching fields.
 *
 * ```ts
 * import { AssetCollection, FAVICON, MEDIA_TYPE } from "./mod.ts";
 * const collection = new AssetCollection("/", []);
 * collection.own(["favicon.svg", MEDIA_TYPE.svg, FAVICON]);
 * console.log(collection.assets[0]?.path); // /assets/favicon-….svg
 * ```
 *
 * @module
 */

import favicon from "./favicon.svg" with { type: "bytes" };

/** The program's icon, for a browser's tab. */
export const FAVICON: Uint8Array = favicon;

export {
  type Asset,
  AssetCollection,
  type AssetFile,
  licenseText,
  MEDIA_TYPE,
} from "./asset_collection.ts";
export { contentHash } from "./content_hash.ts";
export { pageFields } from "./page_fields.ts";
