/**
 * JSON that a user gives, checked as the server checks it.
 *
 * In: a text. Out: its bytes, as they are; a UsageError that names the argument and says what is wrong with it.
 */

import { isJson, JSON_DEPTH } from "../../../protocol/json/mod.ts";
import { UsageError } from "../usage_error.ts";

/** A word of a shell that was most likely meant as a text. */
const PLAIN_TEXT = /^(?![{["])[^'\n]{1,60}$/;

/** The bytes of a JSON text. @throws {UsageError} */
export function jsonArgument(name: string, text: string): Uint8Array {
  if (text.trim() === "") throw new UsageError(`${name} must be JSON, and is empty`);
  try {
    JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const hint = PLAIN_TEXT.test(text.trimEnd())
      ? `: did you mean '${JSON.stringify(text.trimEnd())}'?`
      : "";
    throw new UsageError(`${name} must be JSON: ${error.message.replaceAll(/\s+/g, " ")}${hint}`);
  }
  const bytes = new TextEncoder().encode(text);
  // It is inside of another object when the server gets it.
  const depth = JSON_DEPTH - 1;
  if (isJson({ bytes, start: 0, end: bytes.length, depth })) return bytes;
  throw new UsageError(`${name} has more than ${depth} arrays and objects inside of each other`);
}
