/**
 * Client address and scheme behind trusted proxies, from X-Forwarded-For and X-Forwarded-Proto, or from
 * Forwarded (RFC 7239).
 *
 * In: the field values, the peer's address, and the blocks of trusted proxies. Out: an address, or a
 * scheme. Each proxy appends the address that it received the request from. So a list is read from its
 * end, and the first address that is not a trusted proxy is the client: everything before it was written
 * by someone who is not trusted. An entry that is not an address (`unknown`, `_hidden`, a zone) ends the
 * search.
 *
 * A proxy writes one of the two kinds of fields and may forward the other unchanged from the client. A
 * caller that knows which kind leaves the other out. If both are present and differ, neither is trusted.
 */

import { type Cidr, cidrContains, UNIX_PEER } from "./cidr.ts";
import { elementStart, parseElement } from "./forwarded_element.ts";
import { formatIpAddress, parseIpAddress } from "./ip_address.ts";

/** The fields with the client's address; undefined: absent, or not trusted. */
export interface ForwardedFields {
  /** X-Forwarded-For, lines joined by commas. */
  readonly xForwardedFor: string | undefined;
  /** Forwarded, lines joined by commas. */
  readonly forwarded: string | undefined;
}

/** The fields with the client's scheme; undefined: absent, or not trusted. */
export interface ForwardedSchemes {
  /** X-Forwarded-Proto, lines joined by commas. */
  readonly xForwardedProto: string | undefined;
  /** Forwarded, lines joined by commas. */
  readonly forwarded: string | undefined;
}

/** The origin of the request, as the list states it. */
interface Origin {
  readonly address: string;
  readonly scheme: string | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** Whether the address is that of a trusted proxy. */
function isTrusted(address: string, trusted: readonly Cidr[]): boolean {
  const bytes = address === UNIX_PEER ? NO_BYTES : parseIpAddress(address);
  return bytes !== null && trusted.some((block) => cidrContains(block, bytes));
}

/** The client's address; `peer` if it is not trusted, or if its fields are absent or differ. */
export function clientAddress(
  peer: string,
  { xForwardedFor, forwarded }: ForwardedFields,
  trusted: readonly Cidr[],
): string {
  if (!isTrusted(peer, trusted)) return peer;
  const byOurs = hasMember(xForwardedFor) ? addressIn(xForwardedFor, peer, trusted) : undefined;
  const byStandard = hasMember(forwarded) ? originIn(forwarded, peer, trusted).address : undefined;
  if (byOurs === undefined) return byStandard ?? peer;
  return byStandard === undefined || byStandard === byOurs ? byOurs : peer;
}

/** The client's scheme in lower case; undefined if no trusted proxy states it. */
export function clientScheme(
  peer: string,
  { xForwardedProto, forwarded }: ForwardedSchemes,
  trusted: readonly Cidr[],
): string | undefined {
  if (!isTrusted(peer, trusted)) return undefined;
  // If there are several, the trusted proxy wrote the last.
  const byOurs = hasMember(xForwardedProto) ? lastMember(xForwardedProto).toLowerCase() : undefined;
  if (!hasMember(forwarded)) return byOurs;
  const { scheme } = originIn(forwarded, peer, trusted);
  return byOurs === undefined || byOurs === scheme ? scheme : undefined;
}

/** RFC 9110 section 5.6.1.2: empty list members are ignored; a list of only such members is empty. */
function hasMember(list: string | undefined): list is string {
  return list !== undefined && /[^\s,]/.test(list);
}

function lastMember(list: string): string {
  for (let end = list.length, start; end >= 0; end = start - 1) {
    start = memberStart(list, end);
    const member = list.slice(start, end).trim();
    if (member !== "") return member;
  }
  return "";
}

/** Where the member that ends at `end` begins. */
function memberStart(list: string, end: number): number {
  return end === 0 ? 0 : list.lastIndexOf(",", end - 1) + 1;
}

/** The client's address in a list from `peer`, which is trusted; the same holds for {@link originIn}. */
function addressIn(list: string, peer: string, trusted: readonly Cidr[]): string {
  let client = peer;
  for (let end = list.length, start; end >= 0; end = start - 1) {
    start = memberStart(list, end);
    const entry = list.slice(start, end).trim();
    if (entry === "") continue;
    const address = addressOf(entry);
    if (address === null) break;
    client = address;
    if (!isTrusted(client, trusted)) break;
  }
  return client;
}

function originIn(list: string, peer: string, trusted: readonly Cidr[]): Origin {
  let origin: Origin = { address: peer, scheme: undefined };
  for (let end = list.length, start; end >= 0; end = start - 1) {
    start = elementStart(list, end);
    const text = list.slice(start, end);
    if (text.trim() === "") continue;
    const element = parseElement(text);
    if (element === null) break;
    const address = addressOf(element.for ?? "");
    origin = { address: address ?? origin.address, scheme: element.proto };
    if (!isTrusted(address ?? "", trusted)) break;
  }
  return origin;
}

/** RFC 7239 section 6: an address, IPv6 in brackets, with an optional port, which may be obfuscated (`_x`). */
function addressOf(entry: string): string | null {
  const bracketed = /^\[([^\]]*)\](?::(?:\d{1,5}|_[\w.-]+))?$/.exec(entry)?.[1];
  const bytes = parseIpAddress(bracketed ?? entry.replace(/^([\d.]+):(?:\d{1,5}|_[\w.-]+)$/, "$1"));
  return bytes === null ? null : formatIpAddress(bytes);
}
