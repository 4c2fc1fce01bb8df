/**
 * Escapes text from clients for a line of a log.
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
const NOT_ASCII = /[\x7f-\uffff]/g;
// Most texts: nothing to escape.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Makes a text safe to log. */
export function escapeText(text: string, longest = LONGEST): string {
  const short = cut(text, longest);
  if (PLAIN.test(short)) return short;
  return short.replace(UNSAFE, (unsafe) => {
    const code = unsafe.charCodeAt(0);
    return code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });
}

/** A text as a JSON string in ASCII, cut at a limit. */
export function jsonText(text: string, longest: number): string {
  const short = cut(text, longest);
  if (PLAIN.test(short)) return `"${short}"`;
  return JSON.stringify(short).replace(NOT_ASCII, (unit) => `\\u${hex(unit.charCodeAt(0), 4)}`);
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
