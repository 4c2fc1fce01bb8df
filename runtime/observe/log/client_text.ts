/**
 * Text of clients in a line of the access log.
 *
 * In: a text, or a field of a request. Out: it is appended to a piece of the line, cut at a limit and escaped. Most texts need no
 * escape: their bytes are copied while they are checked, and no string is made of a field's value.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { LinePiece } from "./line_piece.ts";
import { loggedTarget } from "./logged_target.ts";

/** Makes a text safe for the line, and cuts it. */
export type Escape = (text: string) => string;

/** Characters of a text that are logged; the rest is cut. Five texts, escaped, fit into a line. */
export const LONGEST_TEXT = 1024;

/** Printable ASCII but `"` and `\`: the same in every format. */
const PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);
/** The same, but what may begin a query. */
const PLAIN_PATH = PLAIN.with(0x3f, 0);

/** Appends a text. */
export function addText(piece: LinePiece, text: string, escape: Escape): void {
  if (text.length > LONGEST_TEXT || !piece.addIf(PLAIN, text)) piece.add(escape(text));
}

/**
 * Appends the value of a field.
 *
 * @param name in lower case; @returns false if there is no such field
 */
export function addField(
  piece: LinePiece,
  { fields }: RequestHead,
  name: "referer" | "user-agent",
  escape: Escape,
): boolean {
  const index = fields.find(name);
  if (index < 0) return false;
  const { bytes } = fields;
  const start = fields.valueStart(index);
  const end = fields.valueEnd(index);
  const isOne = end - start <= LONGEST_TEXT && fields.find(name, index + 1) < 0;
  // The query of a Referer may have secrets.
  const allowed = name === "referer" ? PLAIN_PATH : PLAIN;
  if (isOne && piece.addBytesIf(allowed, bytes, start, end)) return true;
  const value = fields.get(name) ?? "";
  piece.add(escape(name === "referer" ? loggedTarget(value) : value));
  return true;
}
