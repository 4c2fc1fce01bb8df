/**
 * Parses and formats IP addresses.
 *
 * In: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`, without brackets, port or zone. Out: 4 or 16
 * bytes, or null if the text is not an address. IPv4 follows RFC 3986 section 3.2.2: four decimal numbers
 * without leading zeros, which other parsers read as octal to bypass filters. IPv6: RFC 4291 section 2.2.
 */

const OCTET = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const GROUP = /^[\da-f]{1,4}$/i;
const GROUPS = 8;

/** The bytes of an address in network order; null if the text is not an address. */
export function parseIpAddress(text: string): Uint8Array<ArrayBuffer> | null {
  return text.includes(":") ? parseIPv6(text) : parseIPv4(text);
}

/** The address as text: IPv4 and IPv4-mapped addresses in dotted decimal, IPv6 as in RFC 5952. */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const mapped = unmapIPv4(bytes);
  if (mapped !== bytes) return mapped.join(".");
  const groups = Array.from(
    { length: GROUPS },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  );
  const [from, to] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (to - from < 2) return hex.join(":");
  return `${hex.slice(0, from).join(":")}::${hex.slice(to).join(":")}`;
}

/** The four bytes of an IPv4-mapped address (RFC 4291 section 2.5.5.2); any other address unchanged. */
export function unmapIPv4(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return bytes;
  return bytes.subarray(0, 10).some((byte) => byte !== 0) ? bytes : bytes.subarray(12);
}

function parseIPv4(text: string): Uint8Array<ArrayBuffer> | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part))) return null;
  return Uint8Array.from(parts, Number);
}

function parseIPv6(text: string): Uint8Array<ArrayBuffer> | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? "", true);
  if (head === null || tail === null) return null;
  const missing = GROUPS - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups of one side of "::"; the last two may be written as IPv4 if `last` is true. */
function groupsOf(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      const octets = last && i === parts.length - 1 ? parseIPv4(part) : null;
      if (octets === null) return null;
      groups.push((octets[0]! << 8) | octets[1]!, (octets[2]! << 8) | octets[3]!); // four of them
    }
  }
  return groups;
}

/** The longest run of zero groups; the first one if several are equally long. */
function longestZeros(groups: readonly number[]): [from: number, to: number] {
  let best: [number, number] = [0, 0];
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (to < groups.length && groups[to] === 0) to++;
    if (to - from > best[1] - best[0]) best = [from, to];
  }
  return best;
}
