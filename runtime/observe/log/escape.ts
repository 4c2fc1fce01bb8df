/**
 * Escapes text for a line of a log, or of standard error.
 *
 * In: text whose code units are bytes. Out: the same text, cut at a limit, with everything outside printable
 * ASCII, the backslash and the quote written as `\xNN`. Otherwise a client could write its own lines into the
 * log, or send control sequences to the terminal that shows it.
 */

/** Longer texts are cut, and end in three dots. */
const LONGEST = 256;

// printable ASCII but `"` and `\`
// deno-lint-ignore no-control-regex -- finding control characters is what it is for
const UNSAFE = /[\x00-\x1f\x22\x5c\x7f-\uffff]/g;
// C0, DEL and C1, the line separators, and what changes the direction of the text
// deno-lint-ignore no-control-regex -- finding control characters is what it is for
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const NOT_ASCII = /[\x7f-\uffff]/g;
// Most texts: nothing to escape.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Makes a text safe to log. */
export function escapeText(text: string, longest = LONGEST): string {
  const short = cut(text, longest);
  if (PLAIN.test(short)) return short;
  return short.replace(UNSAFE, escaped);
}

/** Makes a text one line that controls no terminal. Other letters than ASCII stay: it is for the operator. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** A text as a JSON string in ASCII, cut at a limit. */
export function jsonText(text: string, longest: number): string {
  const short = cut(text, longest);
  if (PLAIN.test(short)) return `"${short}"`;
  return JSON.stringify(short).replace(NOT_ASCII, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
}

function escaped(unit: string): string {
  const code = unit.charCodeAt(0);
  return code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
