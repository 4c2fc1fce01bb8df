/**
 * The fields of answers that have a content-type and nothing else: most have that, and one of a few types. They are encoded once.
 *
 * In: a type, or fields. Out: a list that the encoder knows, if there is room for one; otherwise an equal one.
 */

import { constantFields, type ResponseFields } from "../../../protocol/mod.ts";

const NAME = "content-type";
/** Lists that are kept: a type with a boundary is another one each time. */
const MAX_TYPES = 64;
const LONGEST_TYPE = 100;

/** The lists, by their type. */
const known = new Map<string, ResponseFields>();

/**
 * A content-type alone.
 *
 * @throws {TypeError} for a type that cannot be sent
 */
export function fieldsOfType(type: string): ResponseFields {
  const found = known.get(type);
  if (found !== undefined) return found;
  const fields = [[NAME, type]] as const;
  if (known.size >= MAX_TYPES || type.length > LONGEST_TYPE) return fields;
  known.set(type, constantFields(fields));
  return fields;
}

/** These fields; if they are a content-type alone, the list that is kept. */
export function knownFields(fields: ResponseFields): ResponseFields {
  const [first, second] = fields;
  if (first === undefined || second !== undefined || first[0] !== NAME) return fields;
  return fieldsOfType(first[1]);
}
