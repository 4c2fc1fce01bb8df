/**
 * One element of a Forwarded field (RFC 7239 section 4), and where each begins.
 *
 * In: the field's value, its lines joined by commas. Out: the position of an element, and its `for` and
 * `proto`. Called for fields of which the end alone is believed: the proxy that we know wrote it, and
 * somebody else all before it. So the field is read from its end, and what is written before an element, an
 * open quote too, cannot change how the element is read.
 * ```abnf
 * forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
 * forwarded-pair    = token "=" ( token / quoted-string )
 * ```
 */

/** What an element says. */
export interface ForwardedElement {
  /** Whom the proxy heard from, without quotes. */
  readonly for: string | undefined;
  /** By what scheme, in lower case. */
  readonly proto: string | undefined;
}

/**
 * Looser than the grammar in two points, for proxies that are configured by hand: blanks around ";", and
 * brackets and colons without quotes, as in `for=192.0.2.1:80`. No two parts of it can take the same
 * character, so it takes linear time.
 */
const PAIR =
  /^(?<name>[\w!#$%&'*+.^`|~-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s",;\\]*))$/;

/** Where the element that ends at `end` begins: behind the last comma before it that is in no quotes. */
export function elementStart(field: string, end: number): number {
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    const char = field[at];
    if (char === '"' && !isEscaped(field, at)) isQuoted = !isQuoted;
    else if (char === "," && !isQuoted) return at + 1;
  }
  return 0;
}

/** Reads an element; null if it is none, or has one parameter twice. */
export function parseElement(text: string): ForwardedElement | null {
  const found = new Map<string, string>();
  for (let start = 0, end = 0; start <= text.length; start = end + 1) {
    end = pairEnd(text, start);
    const pair = text.slice(start, end).trim();
    if (pair === "") continue;
    const groups = PAIR.exec(pair)?.groups;
    const name = groups?.["name"]?.toLowerCase();
    if (groups === undefined || name === undefined || found.has(name)) return null;
    found.set(name, groups["plain"] ?? (groups["quoted"] ?? "").replace(/\\(.)/g, "$1"));
  }
  return { for: found.get("for"), proto: found.get("proto")?.toLowerCase() };
}

/** Where the pair that begins at `start` ends: at the next ";" that is in no quotes, or with the text. */
function pairEnd(text: string, start: number): number {
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === "\\" && isQuoted) at++;
    else if (text[at] === ";" && !isQuoted) return at;
  }
  return text.length;
}

/** Whether an odd number of backslashes stands before `at` (RFC 9110 section 5.6.4). */
function isEscaped(field: string, at: number): boolean {
  let first = at;
  while (field[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}
