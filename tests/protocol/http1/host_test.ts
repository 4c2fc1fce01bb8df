/** The host check, compared with the address parser for IPv6 literals. */

import { assert, assertEquals } from "@std/assert";
import { parseIpAddress } from "../../../protocol/address/mod.ts";
import { isHost } from "../../../protocol/http1/mod.ts";
import { Random } from "../../support/random.ts";
import { bytesOf } from "../../support/protocol_cases.ts";

function isHostText(text: string): boolean {
  const bytes = bytesOf(`x${text}x`);
  return isHost(bytes, 1, bytes.length - 1);
}

Deno.test("host: brackets accept exactly what the address parser accepts as IPv6", () => {
  const random = new Random(5);
  const parts = [
    "1",
    "ab",
    "::",
    ":",
    ":",
    ":",
    "1.2.3.4",
    ".",
    "0",
    "ffff",
    "12345",
    "g",
    "256",
    "%",
  ];
  let accepted = 0;
  for (let i = 0; i < 200_000; i++) {
    const count = random.below(17);
    const text = Array.from({ length: count }, () => parts[random.below(parts.length)]).join("");
    const expected = text.includes(":") && parseIpAddress(text) !== null;
    if (expected) accepted++;
    // assertEquals takes longer than all the rest.
    assert(isHostText(`[${text}]`) === expected, text);
    assert(isHostText(`[${text}]:80`) === expected, text);
  }
  assert(accepted > 1_000, `${accepted} addresses are too few`);
});

Deno.test("host: every byte, alone, before a port and encoded", () => {
  const names = /^[\w.~!$&'()*+;=-]$/;
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    assertEquals(isHostText(char), names.test(char), `0x${code.toString(16)}`);
    assertEquals(isHostText(`a${char}:80`), char === ":" ? false : names.test(char), char);
    assertEquals(isHostText(`a:8${char}`), /\d/.test(char), char);
    assertEquals(isHostText(`%4${char}`), /[\da-f]/i.test(char), char);
    assertEquals(isHostText(`%${char}4`), /[\da-f]/i.test(char), char);
  }
});

Deno.test("host: an empty range is not a host, and bytes outside the range are ignored", () => {
  const bytes = bytesOf("[::1]:80");
  assertEquals(isHost(bytes, 3, 3), false);
  assertEquals(isHost(bytes, 0, 5), true);
  assertEquals(isHost(bytes, 0, 4), false, "its bracket is after the end");
  assertEquals(isHost(bytesOf("%41"), 0, 2), false, "its digit is after the end");
});
