/**
 * Selects the content coding of a response from Accept-Encoding (RFC 9110 section 12.5.3).
 *
 * In: the value of Accept-Encoding, and the available codings in our order of preference. Out: one of
 * them, or that none is acceptable. Callers that see the same value often cache the result. A malformed
 * list member is ignored; the others still count.
 *
 * @std/http's acceptsEncodings is not used: if weights are equal it prefers the client's order, and every
 * browser sends "gzip" first without meaning a preference.
 */

/** The supported codings, by their registered names. */
export type ContentCoding = "zstd" | "br" | "gzip" | "identity";

/** No available coding is acceptable: the caller answers 406, or sends the identity coding anyway. */
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

/** RFC 9110 section 8.4.1.3: x-gzip is equivalent to gzip. */
const ALIASES: Readonly<Record<string, string>> = { "x-gzip": "gzip" };
const ANY = "*";
const IDENTITY = "identity";
/** Below every weight but 0: identity is acceptable unless excluded, but any named coding is preferred. */
const LAST_RESORT = 0.000_1;

/**
 * Chooses a coding.
 *
 * @param acceptEncoding the field's value; undefined if the field is absent
 * @param available the available codings, preferred first; the order decides between equal weights
 */
export function preferredCoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding | typeof NOT_ACCEPTABLE {
  // Section 12.5.3 item 1: without the field any coding is acceptable; identity is sent.
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

/** The weight of each named coding; the greater one if a coding is named twice. */
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
