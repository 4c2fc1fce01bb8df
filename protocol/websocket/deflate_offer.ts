/**
 * Negotiates permessage-deflate for a server (RFC 7692 sections 5 and 7.1).
 *
 * In: the value of Sec-WebSocket-Extensions in a request, its lines joined by commas. Out: what is agreed,
 * with the value for the answer, or undefined: no offer is acceptable, and the field is left out of the
 * answer. Called by the HTTP session if compression is on. Nothing is thrown: a wrong offer is declined,
 * and the next one is looked at.
 *
 * Both sides are without context takeover, so that an idle connection has no state: the answer says so for the server,
 * and may demand it of a client that has not offered it (section 7.1.1.2). The answer never has
 * `client_max_window_bits`: the window of our inflater is the largest, and section 7.1.2.2 forbids the parameter
 * if the client has not offered it; a browser refuses the handshake then.
 */

/** What both sides do from now on. */
export interface DeflateAgreement {
  /** The base-two logarithm of the largest distance that may be in what the server sends, 8 to 15. */
  readonly windowBits: number;
  /** The value of Sec-WebSocket-Extensions in the answer. */
  readonly answer: string;
}

const EXTENSION = "permessage-deflate";
const NO_CONTEXT = `${EXTENSION}; server_no_context_takeover; client_no_context_takeover`;
/** Section 7.1.2.1: the window of a server that was told no bound. */
const LARGEST_WINDOW = 15;

/** One piece between separators: quoted strings, and other characters. An open quote takes the rest. */
const QUOTED = String.raw`"(?:[^"\\]|\\[^])*(?:"|\\?$)`;
const NAME = new RegExp(`^[ \\t]*${EXTENSION}[ \\t]*$`);
const EMPTY_PIECE = /(?:^|;)[ \t]*(?:;|$)/;
const PIECES = {
  ",": new RegExp(String.raw`(?:${QUOTED}|[^",])+`, "g"),
  ";": new RegExp(String.raw`(?:${QUOTED}|[^";])+`, "g"),
};
/** RFC 6455 section 9.1, with the white space around `=` that its grammar implies (RFC 2616 section 2.1). */
const PARAMETER =
  /^[ \t]*([!#$%&'*+\-.^_`|~\w]+)[ \t]*(?:=[ \t]*(?:([!#$%&'*+\-.^_`|~\w]+)|"((?:[^"\\]|\\[^])*)")[ \t]*)?$/;
/** Section 7.1.2: a decimal number from 8 to 15 without leading zeros. */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/** Accepts the first acceptable offer of permessage-deflate, in the client's order of preference (section 5.1). */
export function acceptDeflate(offers: string | undefined): DeflateAgreement | undefined {
  if (offers === undefined) return undefined;
  for (const offer of offers.match(PIECES[","]) ?? []) {
    const agreement = judgeOffer(offer);
    if (agreement !== undefined) return agreement;
  }
  return undefined;
}

/** Section 7.1: an unknown, repeated or invalid parameter declines the offer. */
function judgeOffer(offer: string): DeflateAgreement | undefined {
  if (EMPTY_PIECE.test(offer)) return undefined;
  const [name, ...parameters] = offer.match(PIECES[";"]) ?? [];
  if (name === undefined || !NAME.test(name)) return undefined;
  const seen = new Set<string>();
  let windowBits = 0;
  for (const parameter of parameters) {
    const [, key = "", token, quoted] = PARAMETER.exec(parameter) ?? [];
    const value = token ?? quoted?.replace(/\\([^])/g, "$1");
    if (seen.has(key) || !isLegal(key, value)) return undefined;
    seen.add(key);
    if (key === "server_max_window_bits") windowBits = Number(value);
  }
  return windowBits === 0
    ? { windowBits: LARGEST_WINDOW, answer: NO_CONTEXT }
    : { windowBits, answer: `${NO_CONTEXT}; server_max_window_bits=${windowBits}` };
}

function isLegal(key: string, value: string | undefined): boolean {
  switch (key) {
    case "server_no_context_takeover": // section 7.1.1.1
    case "client_no_context_takeover": // section 7.1.1.2
      return value === undefined;
    case "server_max_window_bits": // section 7.1.2.1: with a value
      return value !== undefined && WINDOW_BITS.test(value);
    case "client_max_window_bits": // section 7.1.2.2: with or without a value, which is a hint
      return value === undefined || WINDOW_BITS.test(value);
    default:
      return false;
  }
}
