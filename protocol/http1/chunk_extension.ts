/**
 * The extensions of a chunk, RFC 9112 section 7.1.1: read past, but by their grammar.
 *
 * In: a state and the next byte of the chunk's line. Out: the state after it. Called by the chunked decoder
 * for each byte from the chunk size to the line's CR. What the extensions say is dropped: none is known here.
 * A line that is only nearly one is refused: another reader might see its end elsewhere, and with that
 * another request.
 * ```abnf
 * chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 * chunk-ext-name = token
 * chunk-ext-val  = token / quoted-string
 * quoted-string  = DQUOTE *( qdtext / quoted-pair ) DQUOTE                   ; RFC 9110 section 5.6.4
 * qdtext         = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text
 * quoted-pair    = "\" ( HTAB / SP / VCHAR / obs-text )
 * ```
 * BWS stands before ";" and around "=" alone, so the line does not end in it.
 */
import { charClass, CR, FIELD_TEXT, SEMICOLON, TOKEN } from "../ascii.ts";

/** Behind the chunk size: an extension, or the end. */
export const AFTER_SIZE = 0;
/** Behind white space behind the size: an extension is to follow. The states after it are within extensions. */
export const BEFORE_FIRST = 1;
const BEFORE_NAME = 2;
const IN_NAME = 3;
const AFTER_NAME = 4;
const BEFORE_VALUE = 5;
const IN_TOKEN = 6;
const IN_QUOTES = 7;
const IN_PAIR = 8;
const AFTER_QUOTES = 9;
const BEFORE_NEXT = 10;
/** The line's CR has come. */
export const LINE_ENDED = 11;
/** The byte cannot stand there. */
export const REFUSED = 12;

const STATES = 11;
const BYTES = 256;
const BLANKS = charClass({ chars: " \t" });
const EQUALS = 0x3d;
const DQUOTE = 0x22;
const BACKSLASH = 0x5c;

const NEXT = new Uint8Array(STATES * BYTES).fill(REFUSED);

/** From `state`, the members of a class lead to `next`. Later calls prevail. */
function lead(state: number, members: Uint8Array | number, next: number): void {
  for (let byte = 0; byte < BYTES; byte++) {
    const isMember = typeof members === "number" ? byte === members : members[byte] === 1;
    if (isMember) NEXT[state * BYTES + byte] = next;
  }
}

/** From `state`, the line may end, or go on with one more extension. */
function leadOn(state: number, blank: number): void {
  lead(state, BLANKS, blank);
  lead(state, SEMICOLON, BEFORE_NAME);
  lead(state, CR, LINE_ENDED);
}

leadOn(AFTER_SIZE, BEFORE_FIRST);
lead(BEFORE_FIRST, BLANKS, BEFORE_FIRST);
lead(BEFORE_FIRST, SEMICOLON, BEFORE_NAME);
lead(BEFORE_NAME, BLANKS, BEFORE_NAME);
lead(BEFORE_NAME, TOKEN, IN_NAME);
leadOn(IN_NAME, AFTER_NAME);
lead(IN_NAME, TOKEN, IN_NAME);
lead(IN_NAME, EQUALS, BEFORE_VALUE);
lead(AFTER_NAME, BLANKS, AFTER_NAME);
lead(AFTER_NAME, SEMICOLON, BEFORE_NAME);
lead(AFTER_NAME, EQUALS, BEFORE_VALUE);
lead(BEFORE_VALUE, BLANKS, BEFORE_VALUE);
lead(BEFORE_VALUE, TOKEN, IN_TOKEN);
lead(BEFORE_VALUE, DQUOTE, IN_QUOTES);
leadOn(IN_TOKEN, BEFORE_NEXT);
lead(IN_TOKEN, TOKEN, IN_TOKEN);
lead(IN_QUOTES, FIELD_TEXT, IN_QUOTES);
lead(IN_QUOTES, BACKSLASH, IN_PAIR);
lead(IN_QUOTES, DQUOTE, AFTER_QUOTES);
lead(IN_PAIR, FIELD_TEXT, IN_QUOTES);
leadOn(AFTER_QUOTES, BEFORE_NEXT);
lead(BEFORE_NEXT, BLANKS, BEFORE_NEXT);
lead(BEFORE_NEXT, SEMICOLON, BEFORE_NAME);

/** The state after `byte`; not to be called with {@link LINE_ENDED} or {@link REFUSED}. */
export function nextInExtension(state: number, byte: number): number {
  return NEXT[state * BYTES + byte]!;
}
