import { assertEquals } from "@std/assert";
import forwardedRows from "../../../fixtures/address/forwarded.json" with { type: "json" };
import {
  cidrContains,
  clientAddress,
  clientScheme,
  formatIpAddress,
  parseCidr,
  parseIpAddress,
} from "../../../protocol/address/mod.ts";

Deno.test("ip address: texts and their canonical form, both ways", () => {
  const rows: [text: string, canonical: string][] = [
    ["0.0.0.0", "0.0.0.0"],
    ["192.0.2.255", "192.0.2.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ];
  for (const [text, canonical] of rows) {
    const bytes = parseIpAddress(text);
    assertEquals(bytes && formatIpAddress(bytes), canonical, text);
    assertEquals(
      bytes,
      parseIpAddress(canonical.includes(".") && text.includes(":") ? text : canonical),
    );
  }
});

Deno.test("ip address: invalid texts are refused", () => {
  const wrong = ["", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", "0x1.2.3.4"];
  const wrong6 = [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::"];
  const more = ["::1%eth0", "[::1]", "1:2:3:4:5:6:7:8::", "1.2.3.4::", "::1.2.3", "1:", ":1"];
  for (const text of [...wrong, ...wrong6, ...more]) assertEquals(parseIpAddress(text), null, text);
});

Deno.test("cidr: which addresses a block contains", () => {
  const rows: [block: string, address: string, contains: boolean][] = [
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "::ffff:10.0.0.1", true],
    ["192.168.4.0/22", "192.168.7.255", true],
    ["192.168.4.0/22", "192.168.8.0", false],
    ["0.0.0.0/0", "1.2.3.4", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "::1", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::ffff:10.0.0.0/104", "10.9.9.9", true],
  ];
  for (const [block, address, contains] of rows) {
    const found = cidrContains(parseCidr(block)!, parseIpAddress(address)!);
    assertEquals(found, contains, `${address} in ${block}`);
  }
});

Deno.test("cidr: invalid blocks are refused", () => {
  for (
    const text of ["", "/8", "10.0.0.0/33", "::/129", "10.1.0.0/8", "10.0.0.0/", "a/8", "::1/8/8"]
  ) {
    assertEquals(parseCidr(text), null, text);
  }
});

interface ForwardedRow {
  readonly name: string;
  readonly spec: string;
  readonly input: {
    readonly peer: string;
    readonly xForwardedFor?: string;
    readonly xForwardedProto?: string;
    readonly forwarded?: string;
  };
  readonly expect: { readonly address: string; readonly scheme?: string | null };
}

for (const { name, spec, input, expect } of forwardedRows as readonly ForwardedRow[]) {
  Deno.test(`forwarded: ${name} (${spec})`, () => {
    const trusted = ["10.0.0.0/8", "::1"].map((text) => parseCidr(text)!);
    const { peer, xForwardedFor, xForwardedProto, forwarded } = input;
    assertEquals(clientAddress(peer, { xForwardedFor, forwarded }, trusted), expect.address);
    const scheme = clientScheme(peer, { xForwardedProto, forwarded }, trusted);
    assertEquals(scheme ?? null, expect.scheme ?? null);
  });
}

Deno.test("forwarded: very long fields take linear time", () => {
  const trusted = [parseCidr("10.0.0.0/8")!];
  const size = 32 * 1024;
  const parts = [
    ",",
    " ,",
    ";",
    " ;",
    '"',
    '\\"',
    "\\",
    " ",
    "\t",
    ":",
    "1.",
    "for=",
    "for=10.0.0.2,",
  ];
  for (const part of parts) {
    const long = part.repeat(size / part.length);
    for (const text of [long, `for="${long}`, `for="${long}"`, `${long}x`, `a${long}"`]) {
      // In quadratic time, all of them would take minutes.
      const fields = { xForwardedFor: text, xForwardedProto: text, forwarded: text };
      clientAddress("10.0.0.1", fields, trusted);
      clientScheme("10.0.0.1", fields, trusted);
    }
  }
});

Deno.test("forwarded: a peer on a Unix socket can be trusted", () => {
  const trusted = ["unix", "10.0.0.0/8"].map((text) => parseCidr(text)!);
  const clientOf = (peer: string, xForwardedFor: string) => {
    return clientAddress(peer, { xForwardedFor, forwarded: undefined }, trusted);
  };
  assertEquals(clientOf("unix", "192.0.2.1, 10.0.0.2"), "192.0.2.1");
  assertEquals(clientOf("unix", "1.1.1.1, unix, 10.0.0.2"), "10.0.0.2");
  assertEquals(clientOf("192.0.2.9", "192.0.2.1"), "192.0.2.9");
  assertEquals(clientOf("", "192.0.2.1"), "");
});
