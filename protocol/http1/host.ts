/**
 * Which bytes the name of a host can have, in the Host field and in an absolute target.
 *
 * In: the bytes of `host [ ":" port ]`. Out: yes or no. The check is loose on purpose: it keeps out
 * white space, control characters, commas, user names and path separators, which are what makes one
 * reader see another host than the next; whether the host is ours is not the protocol's question.
 */
import { ALPHANUMERIC_RANGES, charClass } from "../ascii.ts";

/**
 * RFC 3986 section 3.2.2 and 3.2.3, all bytes that occur in any form of host and port, less ","
 * ```abnf
 * IP-literal  = "[" ( IPv6address / IPvFuture  ) "]"
 * reg-name    = *( unreserved / pct-encoded / sub-delims )
 * unreserved  = ALPHA / DIGIT / "-" / "." / "_" / "~"
 * sub-delims  = "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / ";" / "="
 * ```
 */
const HOST: Uint8Array<ArrayBuffer> = charClass({
  chars: "-._~%!$&'()*+;=[]:",
  ranges: ALPHANUMERIC_RANGES,
});

/** Whether `bytes[start, end)` has only bytes that a host with a port can have; empty is so too. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (HOST[bytes[at]!] !== 1) return false;
  }
  return true;
}
