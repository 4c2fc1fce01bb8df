/**
 * Validation of the IPv6 address between the brackets of a host.
 *
 * In: the bytes between the brackets. Out: whether they are an address. Called by the host check. Unlike
 * `parseIpAddress` it allocates nothing and does not return the address.
 * ```abnf
 * IPv6address = 8 groups of 1*4HEXDIG with ":" between them, of which the last two may be an
 *               IPv4address, and of which one run of groups may be left out as "::"
 * ```
 * RFC 3986 section 3.2.2 writes this as nine alternatives. A zone (`%25eth0`) is refused: it has a meaning
 * only on the client's machine, and RFC 6874 section 4 requires clients to remove it.
 */
import { COLON, DIGIT, HEX_VALUE, NOT_HEX } from "../ascii.ts";

const DOT = 0x2e;
const ZERO = 0x30;
const GROUPS = 8;
const GROUP_DIGITS = 4;
/** The number of groups that an embedded IPv4 address replaces. */
const DOTTED_GROUPS = 2;

/** Whether `bytes[start, end)` is an IPv6 address. */
export function isIPv6Literal(bytes: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let isShortened = false;
  let at = start;
  while (at < end) {
    if (bytes[at] === COLON) {
      // At the start, or after the ":" that ended a group: this ":" belongs to "::".
      if (isShortened || (at === start && bytes[++at] !== COLON)) return false;
      isShortened = true;
      at++;
      if (at === end) break;
    }
    const groupEnd = endOfGroup(bytes, at, end);
    if (groupEnd < end && bytes[groupEnd] === DOT) {
      return isIPv4(bytes, at, end) && isWhole(groups + DOTTED_GROUPS, isShortened);
    }
    if (groupEnd === at || ++groups > GROUPS) return false;
    at = groupEnd;
    if (at === end) break;
    // A ":" ends a group; another group or a second ":" follows.
    if (bytes[at] !== COLON || ++at === end) return false;
  }
  return isWhole(groups, isShortened);
}

/** "::" stands for at least one group. */
function isWhole(groups: number, isShortened: boolean): boolean {
  return isShortened ? groups < GROUPS : groups === GROUPS;
}

function endOfGroup(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(start + GROUP_DIGITS, end);
  let at = start;
  while (at < last && HEX_VALUE[bytes[at]!] !== NOT_HEX) at++;
  return at;
}

/** `dec-octet "." dec-octet "." dec-octet "." dec-octet`, without leading zeros. */
function isIPv4(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && bytes[at++] !== DOT) return false;
    const first = at;
    let value = 0;
    while (at < end && DIGIT[bytes[at]!] === 1 && at - first < 3) {
      value = value * 10 + bytes[at]! - ZERO;
      at++;
    }
    const hasLeadingZero = at - first > 1 && bytes[first] === ZERO;
    if (at === first || hasLeadingZero || value > 255) return false;
  }
  return at === end;
}
