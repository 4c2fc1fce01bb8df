/**
 * Puts IPv6 addresses in brackets, so that a port may follow (RFC 3986 section 3.2.2).
 *
 * In: a host name or an IP address. Out: the same for a URL.
 */

/** The host for a URL, or before a port. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
