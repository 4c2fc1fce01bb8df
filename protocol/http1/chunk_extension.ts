/**
 * Chunk extensions, RFC 9112 section 7.1.1: ignored, but checked against their grammar.
 *
 * In: a state and the next byte of the chunk-size line. Out: the next state. Called by the chunked decoder
 * for each byte from the chunk size to the CR of the line. Extensions are dropped: none is supported.
 * A malformed line is refused: another recipient could see its end elsewhere, and so a different request.
 * ```abnf
 * chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 * chunk-ext-name = token
 * chunk-ext-val  = token / quoted-string
 * quoted-string  = DQUOTE *( qdtext / quoted-pair ) DQUOTE                   ; RFC 9110 section 5.6.4
 * qdtext         = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text
 * quoted-pair    = "\" ( HTAB / SP / VCHAR / obs-text )
 * ```
 * BWS occurs only before ";" and around "=", so a line never ends in BWS.
 */
import { charClass, CR, FIELD_TEXT, SEMICOLON, TOKEN } from "../ascii.ts";

/** After the chunk size: an extension or the end of the line follows. */
export const AFTER_SIZE = 0;
/** After white space after the size: an extension must follow. All later states are inside extensions. */
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
/** The CR of the line was read. */
export const LINE_ENDED = 11;
/** The byte is not allowed here. */
export const REFUSED = 12;

const STATES = 11;
const BYTES = 256;
const BLANKS = charClass({ chars: " \t" });
const EQUALS = 0x3d;
const DQUOTE = 0x22;
const BACKSLASH = 0x5c;

const NEXT = new Uint8Array(STATES * BYTES).fill(REFUSED);

/** Adds transitions: in `state`, the members of a class lead to `next`. Later calls override earlier ones. */
function transition(state: number, members: Uint8Array | number, next: number): void {
  for (let byte = 0; byte < BYTES; byte++) {
    const isMember = typeof members === "number" ? byte === members : members[byte] === 1;
    if (isMember) NEXT[state * BYTES + byte] = next;
  }
}

/** In `state`, the line may end or continue with another extension. White space leads to `blank`. */
function endOrContinue(state: number, blank: number): void {
  transition(state, BLANKS, blank);
  transition(state, SEMICOLON, BEFORE_NAME);
  transition(state, CR, LINE_ENDED);
}

endOrContinue(AFTER_SIZE, BEFORE_FIRST);
transition(BEFORE_FIRST, BLANKS, BEFORE_FIRST);
transition(BEFORE_FIRST, SEMICOLON, BEFORE_NAME);
transition(BEFORE_NAME, BLANKS, BEFORE_NAME);
transition(BEFORE_NAME, TOKEN, IN_NAME);
endOrContinue(IN_NAME, AFTER_NAME);
transition(IN_NAME, TOKEN, IN_NAME);
transition(IN_NAME, EQUALS, BEFORE_VALUE);
transition(AFTER_NAME, BLANKS, AFTER_NAME);
transition(AFTER_NAME, SEMICOLON, BEFORE_NAME);
transition(AFTER_NAME, EQUALS, BEFORE_VALUE);
transition(BEFORE_VALUE, BLANKS, BEFORE_VALUE);
transition(BEFORE_VALUE, TOKEN, IN_TOKEN);
transition(BEFORE_VALUE, DQUOTE, IN_QUOTES);
endOrContinue(IN_TOKEN, BEFORE_NEXT);
transition(IN_TOKEN, TOKEN, IN_TOKEN);
transition(IN_QUOTES, FIELD_TEXT, IN_QUOTES);
transition(IN_QUOTES, BACKSLASH, IN_PAIR);
transition(IN_QUOTES, DQUOTE, AFTER_QUOTES);
transition(IN_PAIR, FIELD_TEXT, IN_QUOTES);
endOrContinue(AFTER_QUOTES, BEFORE_NEXT);
transition(BEFORE_NEXT, BLANKS, BEFORE_NEXT);
transition(BEFORE_NEXT, SEMICOLON, BEFORE_NAME);

/** The state after `byte`. Never call it in the states {@link LINE_ENDED} and {@link REFUSED}. */
export function nextInExtension(state: number, byte: number): number {
  return NEXT[state * BYTES + byte]!;
}
