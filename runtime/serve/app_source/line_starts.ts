/**
 * Finds where a line of JavaScript may begin or end without a change of its meaning: between tokens, and not within templates and JSX.
 *
 * In: code in which each statement ends with a semicolon, as compilers write it. Out: for the index of a token, whether it may have a line
 * break before it, or one that was not there. Comments are no tokens.
 */

import { getFormattedTokens } from "sucrase";

/** What may be done before a token: a break that is there may go, or one that is not may come, too. */
export type LineStart = "movable" | "free";

const LOCATION = /^(\d+):(\d+)-(\d+):(\d+) +(\S+)/gm;
/** Within templates and JSX white space is text; it begins and ends with these. */
const TEXTUAL: ReadonlySet<string> = new Set(["template", "jsxText", "${", "`", "jsxTagStart"]);
const BEFORE_TEXT: ReadonlySet<string> = new Set(["template", "jsxText", "jsxTagEnd"]);
/** After these a break has no meaning, as it has after `return`. */
const OPEN: ReadonlySet<string> = new Set(
  ["(", ",", "[", "{", "=", "?", ":", ";", "=>", "||", "&&", "??"],
);

/** By the index of each token before which lines may begin. @throws {Error} if it is no JavaScript */
export function lineStarts(code: string, hasJsx: boolean): ReadonlyMap<number, LineStart> {
  const starts = new Map<number, LineStart>();
  const begins = [0];
  for (let at = code.indexOf("\n"); at >= 0; at = code.indexOf("\n", at + 1)) begins.push(at + 1);
  const indexOf = (line: string, column: string) =>
    (begins[Number(line) - 1] ?? code.length) + Number(column) - 1;
  let end = 0;
  let before = ";";
  const tokens = getFormattedTokens(code, { transforms: hasJsx ? ["jsx"] : [] });
  for (const [, line, column, endLine, endColumn, label] of tokens.matchAll(LOCATION)) {
    const start = indexOf(line!, column!);
    if (start < end) continue; // a line of a template that looks like one of this list
    end = indexOf(endLine!, endColumn!);
    if (!TEXTUAL.has(label!) && !BEFORE_TEXT.has(before)) {
      starts.set(start, OPEN.has(before) ? "free" : "movable");
    }
    before = label!;
  }
  return starts;
}
