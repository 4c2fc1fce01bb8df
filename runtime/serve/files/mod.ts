/**
 * Serves a folder: maps a request's path to a file and sends it, whole or in part, compressed, or not
 * modified. Also media types, folder listings, and patterns over paths.
 *
 * ```ts
 * import { DateField } from "../../../protocol/mod.ts";
 * import { DEFAULT_CONFIG } from "../../config/mod.ts";
 * import { LinuxFiles } from "../../os/mod.ts";
 * import { mediaType, pathPattern, Site } from "./mod.ts";
 * console.log(mediaType("index.html")); // "text/html; charset=utf-8"
 * console.log(pathPattern("/assets/**")("/assets/app.js")); // true
 * const config = { ...DEFAULT_CONFIG, workers: 1 };
 * const parts = { config, files: new LinuxFiles(), date: new DateField(0), now: () => 0 };
 * const site = new Site({ ...parts, root: "." });
 * console.log(site.find("/no/such/file").label.text); // "/no/such/file (not found)"
 * site.close();
 * ```
 *
 * @module
 */

export { MAX_LISTED } from "./listing.ts";
export { isCompressible, mediaType, UNKNOWN_TYPE } from "./media_types.ts";
export { NamedFiles, type NamedFilesParts } from "./named_files.ts";
export { pathPattern } from "./path_pattern.ts";
export { Site, type SiteParts } from "./site.ts";
