/**
 * Header fields of the request with which a client has begun, for who decides about it later.
 *
 * In: the request, while it is valid, and names in lower case. Out: their values; undefined if nobody wants any, so that an idle
 * connection is not larger for it.
 */

import type { RequestHead } from "../../../protocol/mod.ts";

/** Values by names in lower case. */
export type KeptFields = ReadonlyMap<string, string>;

/** The fields. @param names absent: none */
export function keepFields(
  request: Pick<RequestHead, "field">,
  names: readonly string[] = [],
): KeptFields | undefined {
  if (names.length === 0) return undefined;
  const kept = new Map<string, string>();
  for (const name of names) {
    const value = request.field(name);
    if (value !== undefined) kept.set(name, value);
  }
  return kept;
}
