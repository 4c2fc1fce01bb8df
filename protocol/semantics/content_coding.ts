/**
 * Which coding of a representation to send (RFC 9110 section 12.5.3).
 *
 * In: the value of Accept-Encoding, and the codings at hand in our order of preference. Out: one of
 * them, or that none is acceptable. Called once for each different value: callers that see the same one
 * often keep the answer. A member that breaks the grammar is ignored alone.
 *
 * Not @std/http's acceptsEncodings: it lets the client's order decide between equal weights, where
 * every browser sends "gzip" first and means nothing by it.
 */

/** Codings that we have, by their registered names. */
export type ContentCoding = "zstd" | "br" | "gzip" | "identity";

/** Nothing at hand may be sent: 406, or the whole uncoded for who would rather be useful. */
export const NOT_ACCEPTABLE = 406;

/**
 * RFC 9110 sections 12.4.2 and 12.5.3
 * ```abnf
 * Accept-Encoding = #( codings [ weight ] )
 * weight = OWS ";" OWS "q=" qvalue
 * qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
 * ```
 */
const MEMBER =
  /^[ \t]*(?<coding>[!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(?<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/;

/** RFC 9110 section 8.4.1.3: who says x-gzip means gzip. */
const ALIASES: Readonly<Record<string, string>> = { "x-gzip": "gzip" };
const ANY = "*";
const IDENTITY = "identity";
/** Less than any weight but 0: identity may always be sent, and is not what was asked for. */
const LAST_RESORT = 0.000_1;

/**
 * Chooses a coding.
 *
 * @param acceptEncoding the field's value; undefined without the field
 * @param available what we have, the most wanted first; between equal weights the first is taken
 */
export function preferredCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding | typeof NOT_ACCEPTABLE {
  // Section 12.5.3 item 1: without the field anything may be sent; who says nothing gets it plain.
  const weights = acceptEncoding === undefined ? NOTHING_SAID : weightsOf(acceptEncoding);
  let best: ContentCoding | typeof NOT_ACCEPTABLE = NOT_ACCEPTABLE;
  let bestWeight = 0;
  for (const coding of available) {
    const weight = weights.get(coding) ?? weights.get(ANY) ??
      (coding === IDENTITY ? LAST_RESORT : 0);
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  return best;
}

const NOTHING_SAID: ReadonlyMap<string, number> = new Map();

/** The weight of each coding that is named; of one named twice the greater. */
function weightsOf(value: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const member of value.toLowerCase().split(",")) {
    const groups = MEMBER.exec(member)?.groups;
    const name = groups?.["coding"];
    if (name === undefined) continue;
    const coding = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
    const weight = Number(groups?.["q"] ?? 1);
    weights.set(coding, Math.max(weight, weights.get(coding) ?? 0));
  }
  return weights;
}
