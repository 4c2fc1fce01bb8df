/**
 * struct sockaddr of IPv4 and IPv6, read as an address.
 *
 * In: the bytes that accept4(2) or getsockname(2) filled. Out: family, address words and port, and
 * their text. The family is in host order (little-endian on every architecture that Deno supports), port and
 * address are in network order.
 *
 *   sockaddr_in :  family u16 | port u16 BE | address 4 bytes
 *   sockaddr_in6:  family u16 | port u16 BE | flow info u32 | address 16 bytes | scope id u32
 */

/** Address families, as in address_families(7). */
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Bytes that hold any address the server meets: sizeof(struct sockaddr_storage). */
export const SOCKADDR_BYTES = 128;

const IN_ADDRESS = 4;
const IN6_ADDRESS = 8;

/** The address family of a filled sockaddr. */
export function sockaddrFamily(sockaddr: Uint8Array): number {
  return (sockaddr[0] ?? 0) | ((sockaddr[1] ?? 0) << 8);
}

/** The port of a filled IPv4 or IPv6 sockaddr. */
export function sockaddrPort(sockaddr: Uint8Array): number {
  return ((sockaddr[2] ?? 0) << 8) | (sockaddr[3] ?? 0);
}

/** The address bytes: 4 for IPv4, 16 for IPv6, empty for another family. A view into `sockaddr`. */
export function sockaddrAddress(sockaddr: Uint8Array): Uint8Array {
  switch (sockaddrFamily(sockaddr)) {
    case AF_INET:
      return sockaddr.subarray(IN_ADDRESS, IN_ADDRESS + 4);
    case AF_INET6:
      return sockaddr.subarray(IN6_ADDRESS, IN6_ADDRESS + 16);
    default:
      return sockaddr.subarray(0, 0);
  }
}

/** Copies the address into 16 bytes, of which IPv4 uses the first four; those that are not used become 0. */
export function copySockaddrAddress(sockaddr: Uint8Array, into: Uint8Array): void {
  const family = sockaddrFamily(sockaddr);
  const start = family === AF_INET ? IN_ADDRESS : IN6_ADDRESS;
  const length = family === AF_INET ? 4 : family === AF_INET6 ? 16 : 0;
  for (let i = 0; i < 16; i++) into[i] = i < length ? sockaddr[start + i] ?? 0 : 0;
}

/** The address as text, IPv6 in its canonical form (RFC 5952), or "" for another family. */
export function sockaddrHostname(sockaddr: Uint8Array): string {
  return textOf(sockaddrAddress(sockaddr));
}

/** The text of an address that is stored without its sockaddr: 16 bytes, of which IPv4 uses the first four. */
export function addressText(family: number, address: Uint8Array): string {
  if (family === AF_INET) return textOf(address.subarray(0, 4));
  if (family !== AF_INET6) return "";
  return isMapped(address) ? textOf(address.subarray(12)) : textOf(address);
}

/** RFC 4291 section 2.5.5.2: an IPv4 client of a socket that listens on `::`. */
function isMapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) {
    if (address[i] !== 0) return false;
  }
  return address[10] === 0xff && address[11] === 0xff;
}

function textOf(address: Uint8Array): string {
  if (address.length === 4) return address.join(".");
  if (address.length === 0) return "";
  const groups: string[] = [];
  for (let i = 0; i < address.length; i += 2) {
    groups.push(((address[i]! << 8) | address[i + 1]!).toString(16)); // 16 bytes: i + 1 is in bounds
  }
  return canonicalHostname(groups.join(":"));
}

/** An IP address as the URL standard writes it, without brackets, so that two texts can be compared. */
export function canonicalHostname(hostname: string): string {
  if (!hostname.includes(":")) return hostname;
  return new URL(`http://[${hostname}]`).hostname.slice(1, -1);
}
