/**
 * What an app says of a publication beside its data.
 *
 * In: the third argument of `server.publish`, and keys. Out: the same, checked.
 */

import { isLongKey } from "../centrifuge/mod.ts";

/** Options of `server.publish`. */
export interface PublishOptions {
  /** What the publication is a newer value of, where the namespace merges publications. */
  readonly key?: string;
}

/** The options; Bun has a flag in their place. */
export function optionsOf(given: boolean | PublishOptions | undefined): PublishOptions {
  return typeof given === "object" && given !== null ? given : {};
}

/** What no name can have: in UTF-8, two names that differ in it alone would be one. It is left where a text is cut within an emoji. */
export const HALF = "half of a surrogate pair, as when a text is cut within an emoji";

/** A key that may be one. @throws {TypeError} if it may not */
export function checkedKey(key: unknown): string {
  if (typeof key !== "string" || isLongKey(key)) {
    throw new TypeError("The key of a publication must be a string of at most 255 bytes");
  }
  if (!key.isWellFormed()) throw new TypeError(`The key of a publication must not have ${HALF}`);
  return key;
}
