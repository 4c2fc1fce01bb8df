/**
 * A block of IP addresses, `10.0.0.0/8` or `2001:db8::/32` (RFC 4632 section 3.1, RFC 4291 section 2.3).
 *
 * In: its text; one address alone is a block of one. Out: whether an address lies in it. An IPv4
 * address that is mapped into IPv6 is the IPv4 address, in blocks and in what is asked. Whoever is on the
 * other end of a Unix socket has no address: all of them are one block, `unix`.
 */

import { parseIpAddress, unmapIPv4 } from "./ip_address.ts";

/** What stands for the address of a peer on a Unix socket, and for the block of all such. */
export const UNIX_PEER = "unix";

/** A block of addresses; plain data. */
export interface Cidr {
  /** 4 or 16 bytes; none: peers on Unix sockets. */
  readonly address: readonly number[];
  /** How many bits of it count. */
  readonly prefix: number;
}

/** The block that the text names; null if it names none, or has bits behind its prefix set. */
export function parseCidr(text: string): Cidr | null {
  if (text === UNIX_PEER) return { address: [], prefix: 0 };
  const [before = "", after, ...rest] = text.split("/");
  const parsed = parseIpAddress(before);
  if (parsed === null || rest.length > 0) return null;
  const address = unmapIPv4(parsed);
  const bits = address.length * 8;
  if (after !== undefined && !/^\d{1,3}$/.test(after)) return null;
  const prefix = after === undefined ? bits : Number(after) - (parsed.length - address.length) * 8;
  if (prefix < 0 || prefix > bits) return null;
  const block = { address: [...address], prefix };
  // 10.1.0.0/8 is most often a slip of the pen, and what was meant cannot be known.
  const isZeroBehind = block.address.every((byte, i) => (byte & ~maskOf(prefix, i) & 0xff) === 0);
  return isZeroBehind ? block : null;
}

/** Whether the block has this address of 4 or 16 bytes, or of none. */
export function cidrContains(block: Cidr, address: Uint8Array): boolean {
  const bytes = unmapIPv4(address);
  if (bytes.length !== block.address.length) return false;
  return block.address.every((byte, i) => ((byte ^ bytes[i]!) & maskOf(block.prefix, i)) === 0);
}

/** The bits of byte `index` that a prefix of so many bits counts. */
function maskOf(prefix: number, index: number): number {
  const bits = Math.min(Math.max(prefix - index * 8, 0), 8);
  return (0xff << (8 - bits)) & 0xff;
}
