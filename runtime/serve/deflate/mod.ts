/**
 * permessage-deflate for WebSockets, by Deno's node:zlib. Loaded by a worker only if `--websocket-compression` is on.
 *
 * ```ts
 * import { ZlibCompression } from "./mod.ts";
 * const text = new TextEncoder().encode("abcdefgh".repeat(100));
 * const compression = new ZlibCompression();
 * console.log(compression.deflate(text, 0, text.length, 15) < 100); // true
 * ```
 *
 * @module
 */

export { ZlibCompression } from "./zlib_compression.ts";
