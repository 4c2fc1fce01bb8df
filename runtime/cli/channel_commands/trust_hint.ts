/**
 * What to do about a certificate that this machine does not trust.
 *
 * In: why a connection failed. Out: the end of an error message, or nothing.
 */

/** The hint, after a colon. */
export function trustHint(reason: string): string {
  if (/UnknownIssuer|self[- ]signed|unable to (?:get|verify)|unknown authority/i.test(reason)) {
    return ": this machine does not trust who signed its certificate; name the authority with --ca FILE";
  }
  if (/NotValidForName|altnames|not valid for/i.test(reason)) {
    return ": its certificate is for another name; use that in --url";
  }
  return "";
}
