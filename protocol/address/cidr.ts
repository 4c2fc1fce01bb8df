/**
 * CIDR blocks of IP addresses, `10.0.0.0/8` or `2001:db8::/32` (RFC 4632 section 3.1, RFC 4291 section
 * 2.3).
 *
 * In: a block as text; a single address is a block of one. Out: whether an address is in the block. An
 * IPv4-mapped IPv6 address is treated as the IPv4 address, in blocks and in addresses. Peers on Unix
 * sockets have no address: the block `unix` contains all of them.
 */

import { parseIpAddress, unmapIPv4 } from "./ip_address.ts";

/** Stands for the address of a peer on a Unix socket, and for the block of all such peers. */
export const UNIX_PEER = "unix";

/** A block of addresses; plain data. */
export interface Cidr {
  /** 4 or 16 bytes; empty for peers on Unix sockets. */
  readonly address: readonly number[];
  /** The prefix length in bits. */
  readonly prefix: number;
}

/** Parses a block; null if the text is invalid, or bits after the prefix are set. */
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
  // 10.1.0.0/8 is usually a typing error, and the intended block cannot be known.
  const isZeroBehind = block.address.every((byte, i) => (byte & ~maskOf(prefix, i) & 0xff) === 0);
  return isZeroBehind ? block : null;
}

/** Whether the block contains the address: 4 or 16 bytes, or none for a Unix socket. */
export function cidrContains(block: Cidr, address: Uint8Array): boolean {
  const bytes = unmapIPv4(address);
  if (bytes.length !== block.address.length) return false;
  return block.address.every((byte, i) => ((byte ^ bytes[i]!) & maskOf(block.prefix, i)) === 0);
}

/** The mask of byte `index` for a prefix of `prefix` bits. */
function maskOf(prefix: number, index: number): number {
  const bits = Math.min(Math.max(prefix - index * 8, 0), 8);
  return (0xff << (8 - bits)) & 0xff;
}
