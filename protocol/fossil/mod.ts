/**
 * Fossil deltas, the encoder: what has changed from one document to the next, as clients with `delta: "fossil"` take it.
 * README.md has the format.
 *
 * @example Encodes a change
 * ```ts
 * import { encodeDelta } from "./mod.ts";
 *
 * const utf8 = new TextEncoder();
 * const before = utf8.encode('{"price":100,"name":"a share of a long name"}');
 * const now = utf8.encode('{"price":101,"name":"a share of a long name"}');
 * const delta = encodeDelta(before, now);
 * console.log(new TextDecoder().decode(delta)); // j, then B@0,1:1X@C,, and the checksum
 * ```
 *
 * @module
 */

export { encodeDelta, LONGEST_DELTA_DOCUMENT } from "./encode_delta.ts";
