/**
 * Validation of configured field lines: `NAME: VALUE` on the command line or in a file (RFC 9110 sections
 * 5.1, 5.5 and 5.6).
 *
 * In: text. Out: the name and value, or an error text for the user. Called when options are read, never
 * for a request. A line break in a value would end the field and start another one (response
 * splitting), so it must be rejected here.
 */

import { FIELD_TEXT, TOKEN } from "../ascii.ts";

/** A validated field. */
export interface FieldLine {
  /** A token. */
  readonly name: string;
  /** A field value without surrounding white space; it may be empty. */
  readonly value: string;
}

/** Why a line is invalid: the end of a sentence, to print after the line itself. */
export interface FieldLineFault {
  /** In lower case, without a full stop. */
  readonly fault: string;
}

/** RFC 9110 sections 6.6.1 and 7.6.1, RFC 9112 section 6: fields that only the encoder writes. */
const SERVER_FIELDS: readonly string[] = [
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Reads `NAME: VALUE`. */
export function parseFieldLine(line: string): FieldLine | FieldLineFault {
  const colon = line.indexOf(":");
  if (colon < 0) return { fault: "has no colon between name and value" };
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
  if (!isToken(name)) return { fault: "has a name that is not made of letters, digits and dashes" };
  if (!isFieldValue(value)) return { fault: "has a value with control or non-Latin characters" };
  if (SERVER_FIELDS.includes(name.toLowerCase())) {
    return { fault: "is a field that the server sets itself" };
  }
  return { name, value };
}

/** Whether a text is a token: a field's name, a method, a parameter (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return text !== "" && hasOnly(text, TOKEN);
}

/** Whether a text is a valid field value: no control character but tab, nothing above U+00FF. */
function isFieldValue(text: string): boolean {
  return hasOnly(text, FIELD_TEXT);
}

function hasOnly(text: string, members: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    // Above 255 the look-up is undefined, which is not 1 either.
    if (members[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}
