/**
 * An IPv6 address as it stands between the brackets of a host.
 *
 * In: the bytes between them. Out: whether they are an address. Called by the host's check, for requests
 * that name their host by an address: no allocation, and no bytes as `parseIpAddress` makes them.
 * ```abnf
 * IPv6address = 8 groups of 1*4HEXDIG with ":" between them, of which the last two may be an
 *               IPv4address, and of which one run of groups may be left out as "::"
 * ```
 * RFC 3986 section 3.2.2 spells that out in nine lines. A zone (`%25eth0`) is refused: it means something
 * to its own machine alone, and RFC 6874 section 4 has clients remove it.
 */
import { COLON, DIGIT, HEX_VALUE, NOT_HEX } from "../ascii.ts";

const DOT = 0x2e;
const ZERO = 0x30;
const GROUPS = 8;
const GROUP_DIGITS = 4;
/** Groups that the dotted form stands for. */
const DOTTED_GROUPS = 2;

/** Whether `bytes[start, end)` is an IPv6 address. */
export function isIPv6Literal(bytes: Uint8Array, start: number, end: number): boolean {
  let groups = 0;
  let isShortened = false;
  let at = start;
  while (at < end) {
    if (bytes[at] === COLON) {
      // Before the first group, or behind the ":" that ended one: the second of "::".
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
    // A ":" ends a group; what follows it is another group, or the second ":".
    if (bytes[at] !== COLON || ++at === end) return false;
  }
  return isWhole(groups, isShortened);
}

/** "::" stands for one group at least. */
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
