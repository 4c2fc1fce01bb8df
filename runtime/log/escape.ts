/**
 * Bytes of a client made safe for a line of the log.
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

/** Makes a text safe to log. */
export function escapeText(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
  return cut.replace(UNSAFE, (unsafe) => {
    const code = unsafe.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
