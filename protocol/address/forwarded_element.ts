/**
 * Parser for one element of a Forwarded field (RFC 7239 section 4), and for where each begins.
 *
 * In: the field value, its lines joined by commas. Out: the position of an element, and its `for` and
 * `proto`. Called for the last elements only: the trusted proxy wrote the end of the field, and anybody may
 * have written the rest. So the field is read from its end, and text before an element, even an open quote,
 * cannot change how the element is parsed.
 * ```abnf
 * forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
 * forwarded-pair    = token "=" ( token / quoted-string )
 * ```
 */

/** The parameters of an element that are used. */
export interface ForwardedElement {
  /** The node that the proxy received the request from, without quotes. */
  readonly for: string | undefined;
  /** The scheme of that request, in lower case. */
  readonly proto: string | undefined;
}

/**
 * More lenient than the grammar in two points, for proxies that are configured by hand: blanks around ";"
 * are allowed, and so are brackets and colons without quotes, as in `for=192.0.2.1:80`. No two alternatives
 * match the same character, so matching takes linear time.
 */
const PAIR =
  /^(?<name>[\w!#$%&'*+.^`|~-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s",;\\]*))$/;

/** Where the element that ends at `end` begins: after the last comma before it outside quotes. */
export function elementStart(field: string, end: number): number {
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    const char = field[at];
    if (char === '"' && !isEscaped(field, at)) isQuoted = !isQuoted;
    else if (char === "," && !isQuoted) return at + 1;
  }
  return 0;
}

/** Parses an element; null if it is malformed or repeats a parameter. */
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

/** Where the pair that begins at `start` ends: at the next ";" outside quotes, or at the end of the text. */
function pairEnd(text: string, start: number): number {
  let isQuoted = false;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === "\\" && isQuoted) at++;
    else if (text[at] === ";" && !isQuoted) return at;
  }
  return text.length;
}

/** Whether an odd number of backslashes precedes `at` (RFC 9110 section 5.6.4). */
function isEscaped(field: string, at: number): boolean {
  let first = at;
  while (field[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}
