/**
 * Files that are embedded in the program and served to browsers: their names, tags and caching fields.
 *
 * ```ts
 * import { assetsOfPage, pageFields } from "./mod.ts";
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const [page] = assetsOfPage("/", {
 *   page: bytes("<!doctype html><title>Page</title>"),
 *   fields: pageFields(),
 *   style: ["page.css", bytes("body { margin: 0; }")],
 *   scripts: [],
 *   packaged: [],
 *   licenses: [],
 * });
 * console.log(page?.path); // /
 * ```
 *
 * @module
 */

export type { Asset } from "./asset_collection.ts";
export { contentHash } from "./content_hash.ts";
export { assetsOfPage } from "./page_assets.ts";
export { pageFields } from "./page_fields.ts";
