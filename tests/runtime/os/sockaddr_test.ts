import { assertEquals } from "@std/assert";
import { copySockaddrAddress, SOCKADDR_BYTES, sockaddrPort } from "../../../runtime/os/mod.ts";
import {
  canonicalHostname,
  sockaddrAddress,
  sockaddrFamily,
  sockaddrHostname,
} from "../../../runtime/os/sockaddr.ts";

function sockaddr(family: number, port: number, at: number, address: readonly number[]) {
  const bytes = new Uint8Array(SOCKADDR_BYTES).fill(0xee); // bytes after the address are ignored
  bytes.set([family, 0, port >> 8, port & 0xff]);
  bytes.set(address, at);
  return bytes;
}

/** The 16 bytes of an IPv6 address given as eight groups. */
function groups(...words: number[]): number[] {
  return words.flatMap((word) => [word >> 8, word & 0xff]);
}

Deno.test("sockaddr: IPv4 family, port in network order, address", () => {
  const bytes = sockaddr(2, 0x1f90, 4, [192, 0, 2, 1]);
  assertEquals([sockaddrFamily(bytes), sockaddrPort(bytes)], [2, 8080]);
  assertEquals([...sockaddrAddress(bytes)], [192, 0, 2, 1]);
  assertEquals(sockaddrHostname(bytes), "192.0.2.1");
});

Deno.test("sockaddr: IPv6 as RFC 5952 writes it", () => {
  // RFC 5952 sections 2 and 4: leading zeros, the longest run, the first of equals, no run of one.
  const cases: [number[], string][] = [
    [groups(0, 0, 0, 0, 0, 0, 0, 0), "::"],
    [groups(0, 0, 0, 0, 0, 0, 0, 1), "::1"],
    [groups(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), "2001:db8::1"],
    [groups(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), "2001:db8:0:1:1:1:1:1"],
    [groups(0x2001, 0, 0, 1, 0, 0, 0, 1), "2001:0:0:1::1"],
    [groups(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), "2001:db8::1:0:0:1"],
    [groups(0xfe80, 0, 0, 0, 0xabcd, 0xef01, 0x2345, 0x6789), "fe80::abcd:ef01:2345:6789"],
  ];
  for (const [address, text] of cases) {
    const bytes = sockaddr(10, 443, 8, address);
    assertEquals(sockaddrPort(bytes), 443);
    assertEquals([...sockaddrAddress(bytes)], address);
    assertEquals(sockaddrHostname(bytes), text);
  }
});

Deno.test("sockaddr: another family has no address", () => {
  const unix = sockaddr(1, 0, 2, [0x2f, 0x61]);
  assertEquals(sockaddrAddress(unix).length, 0);
  assertEquals(sockaddrHostname(unix), "");
});

Deno.test("sockaddr: the address is a view, not a copy", () => {
  const bytes = sockaddr(2, 1, 4, [127, 0, 0, 1]);
  assertEquals(sockaddrAddress(bytes).buffer, bytes.buffer);
});

Deno.test("sockaddr: a copied address has nothing of the last one", () => {
  const into = new Uint8Array(16).fill(0xee);
  const six = groups(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1);
  const zeros = (count: number) => new Array(count).fill(0);
  copySockaddrAddress(sockaddr(10, 443, 8, six), into);
  assertEquals([...into], six);
  copySockaddrAddress(sockaddr(2, 80, 4, [192, 0, 2, 1]), into);
  assertEquals([...into], [192, 0, 2, 1, ...zeros(12)]);
  copySockaddrAddress(sockaddr(1, 0, 2, [0x2f, 0x61]), into);
  assertEquals([...into], zeros(16));
});

Deno.test("canonical hostname: different texts of one address become the same", () => {
  assertEquals(canonicalHostname("2001:DB8:0:0::0001"), "2001:db8::1");
  assertEquals(canonicalHostname("0:0:0:0:0:0:0:0"), "::");
  assertEquals(canonicalHostname("127.0.0.1"), "127.0.0.1");
});
