/**
 * Field lines that a person writes: `NAME: VALUE` on a command line or in a file, judged before they are
 * ever sent (RFC 9110 sections 5.1, 5.5 and 5.6).
 *
 * In: text. Out: the name and value, or what is wrong with them in words for that person. Called when
 * options are read, never for a request. A line break in a value would end the field and begin another:
 * that is what must not get past here.
 */

import { FIELD_TEXT, TOKEN } from "../ascii.ts";

/** A field as it will be sent. */
export interface FieldLine {
  /** A token. */
  readonly name: string;
  /** A field value without white space around it; it may be empty. */
  readonly value: string;
}

/** Why a line is no field to send: a sentence's end, to stand behind the line itself. */
export interface FieldLineFault {
  /** In lower case, without a full stop. */
  readonly fault: string;
}

/** RFC 9110 section 6.6.1, 7.6.1 and RFC 9112 section 6: what the encoder says of its own messages. */
const OURS: readonly string[] = [
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
  if (OURS.includes(name.toLowerCase())) return { fault: "is a field that the server sets itself" };
  return { name, value };
}

/** Whether a text is a token: a field's name, a method, a parameter (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return text !== "" && hasOnly(text, TOKEN);
}

/** Whether a text can be a field's value: no control character but tab, nothing above U+00FF. */
function isFieldValue(text: string): boolean {
  return hasOnly(text, FIELD_TEXT);
}

function hasOnly(text: string, members: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    // Beyond the table's 256 entries there is nothing, which is not 1 either.
    if (members[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}
