/**
 * Bytes of a client made safe for a line of a log.
 *
 * In: text whose code units are bytes. Out: the same with everything outside printable ASCII, and
 * the backslash and the quote, written as `\xNN`, cut at a bound. Without it a client could write
 * lines of its own into the log, or send control sequences to the terminal that shows it.
 */

/** Longer texts are cut, and end in `…` as three dots. */
const LONGEST = 256;

// printable ASCII but `"` and `\`
// deno-lint-ignore no-control-regex -- finding control characters is what it is for
const UNSAFE = /[\x00-\x1f\x22\x5c\x7f-\uffff]/g;
const NOT_ASCII = /[\x7f-\uffff]/g;
// What nearly every text is: then there is nothing to write otherwise.
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

/** A text as a string of JSON, in ASCII, cut at a bound. */
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
