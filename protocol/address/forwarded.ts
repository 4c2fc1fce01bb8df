/**
 * Who the client is if proxies stand in between, and by what scheme it speaks: X-Forwarded-For and
 * X-Forwarded-Proto, or Forwarded (RFC 7239).
 *
 * In: the fields' values, the address of who is connected, and the blocks of proxies that are believed.
 * Out: an address, or a scheme. Each proxy appends whom it heard from; so a list is read from its end, and
 * the first address that is no believed proxy's is the client: what stands before it was written by somebody
 * who is not believed. An entry that is no address (`unknown`, `_hidden`, a zone) ends the reading.
 *
 * A proxy writes one of the two kinds and may pass the other on as the client sent it. Who knows which kind
 * leaves the other out; if both are there and do not say the same, neither is believed.
 */

import { type Cidr, cidrContains, UNIX_PEER } from "./cidr.ts";
import { elementStart, parseElement } from "./forwarded_element.ts";
import { formatIpAddress, parseIpAddress } from "./ip_address.ts";

/** What a request says of where it came from; undefined: not there, or not to be believed. */
export interface ForwardedFields {
  /** X-Forwarded-For, lines joined by commas. */
  readonly xForwardedFor: string | undefined;
  /** Forwarded, lines joined by commas. */
  readonly forwarded: string | undefined;
}

/** What a request says of the client's scheme; undefined: not there, or not to be believed. */
export interface ForwardedSchemes {
  /** X-Forwarded-Proto, lines joined by commas. */
  readonly xForwardedProto: string | undefined;
  /** Forwarded, lines joined by commas. */
  readonly forwarded: string | undefined;
}

/** The connection that a list leads back to. */
interface Origin {
  readonly address: string;
  readonly scheme: string | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** Whether the address is that of a believed proxy. */
function isTrusted(address: string, trusted: readonly Cidr[]): boolean {
  const bytes = address === UNIX_PEER ? NO_BYTES : parseIpAddress(address);
  return bytes !== null && trusted.some((block) => cidrContains(block, bytes));
}

/** The client's address; `peer` itself if it is not believed, or says nothing, or contradicts itself. */
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

/** The client's scheme in lower case; undefined if it is not said by who is believed. */
export function clientScheme(
  peer: string,
  { xForwardedProto, forwarded }: ForwardedSchemes,
  trusted: readonly Cidr[],
): string | undefined {
  if (!isTrusted(peer, trusted)) return undefined;
  // Of several the last was written by the proxy that we know.
  const byOurs = hasMember(xForwardedProto) ? lastMember(xForwardedProto).toLowerCase() : undefined;
  if (!hasMember(forwarded)) return byOurs;
  const { scheme } = originIn(forwarded, peer, trusted);
  return byOurs === undefined || byOurs === scheme ? scheme : undefined;
}

/** RFC 9110 section 5.6.1.2: empty members of a list are ignored; of such alone it says nothing. */
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

/** Read for a `peer` that is believed, as is {@link originIn}. */
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

/** RFC 7239 section 6: an address, that of IPv6 in brackets, perhaps with a port, which may be hidden. */
function addressOf(entry: string): string | null {
  const bracketed = /^\[([^\]]*)\](?::(?:\d{1,5}|_[\w.-]+))?$/.exec(entry)?.[1];
  const bytes = parseIpAddress(bracketed ?? entry.replace(/^([\d.]+):(?:\d{1,5}|_[\w.-]+)$/, "$1"));
  return bytes === null ? null : formatIpAddress(bytes);
}
