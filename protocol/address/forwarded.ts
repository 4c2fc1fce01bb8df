/**
 * Who the client is where proxies stand in between: X-Forwarded-For, or Forwarded (RFC 7239).
 *
 * In: the two fields' values, the address of who is connected, and the blocks of proxies that are
 * believed. Out: an address. Each proxy appends whom it heard from; so the list is read from its
 * end, and the first address that is no believed proxy's is the client: what stands before it was
 * written by somebody who is not believed. An entry that is no address ends the reading.
 */

import { type Cidr, cidrContains, UNIX_PEER } from "./cidr.ts";
import { formatIpAddress, parseIpAddress } from "./ip_address.ts";

/** What a request says of the proxies it came through. */
export interface ForwardedFields {
  /** X-Forwarded-For, lines joined by commas. */
  readonly xForwardedFor: string | undefined;
  /** Forwarded, lines joined by commas; read where there is no X-Forwarded-For. */
  readonly forwarded: string | undefined;
}

const NO_BYTES = new Uint8Array(0);

/** Whether the address is that of a believed proxy. */
export function isTrusted(address: string, trusted: readonly Cidr[]): boolean {
  const bytes = address === UNIX_PEER ? NO_BYTES : parseIpAddress(address);
  return bytes !== null && trusted.some((block) => cidrContains(block, bytes));
}

/** The client's address; `peer` itself where it is not believed, or says nothing. */
export function clientAddress(
  peer: string,
  fields: ForwardedFields,
  trusted: readonly Cidr[],
): string {
  const { xForwardedFor, forwarded } = fields;
  const entries = xForwardedFor !== undefined
    ? xForwardedFor.split(",")
    : (forwarded ?? "").split(",").map(forOf);
  let client = peer;
  for (let i = entries.length - 1; i >= 0 && isTrusted(client, trusted); i--) {
    const address = addressOf(entries[i] ?? "");
    if (address === null) break;
    client = address;
  }
  return client;
}

/** RFC 7239 section 4: the `for` of one element, without its quotes. */
function forOf(element: string): string {
  return /(?:^|;)\s*for=("?)([^";]*)\1\s*(?:;|$)/i.exec(element)?.[2] ?? "";
}

/** RFC 7239 section 6: an address, that of IPv6 in brackets, perhaps with a port. */
function addressOf(entry: string): string | null {
  const text = entry.trim();
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  const bytes = parseIpAddress(bracketed ?? text.replace(/^([\d.]+):\d{1,5}$/, "$1"));
  return bytes === null ? null : formatIpAddress(bytes);
}
